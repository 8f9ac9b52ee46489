// What commander uses of node:events.
'use strict';

class EventEmitter {
  #listeners = new Map();

  on(name, listener) {
    const list = this.#listeners.get(name);
    if (list === undefined) this.#listeners.set(name, [listener]);
    else list.push(listener);
    return this;
  }

  addListener(name, listener) {
    return this.on(name, listener);
  }

  emit(name, ...args) {
    const list = this.#listeners.get(name);
    if (list === undefined) return false;
    for (const listener of [...list]) listener.apply(this, args);
    return true;
  }

  listenerCount(name) {
    return this.#listeners.get(name)?.length ?? 0;
  }

  listeners(name) {
    return [...(this.#listeners.get(name) ?? [])];
  }
}

module.exports = { EventEmitter };
