// Assertions for scripts that run where there is no `assert`: evaluates to an object of them, with Node's names and meanings.
(() => {
  'use strict';

  const shown = (value) => {
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'function') return `function ${value.name}`;
    if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? `${value}n` : String(value);
    try {
      return value instanceof Error ? String(value) : JSON.stringify(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  };

  class AssertionError extends Error {
    get name() {
      return 'AssertionError';
    }
  }

  const fail = (message, words) => {
    throw message instanceof Error ? message : new AssertionError(message ? `${message} (${words})` : words);
  };

  const ok = (value, message) => value || fail(message, `${shown(value)} is not true`);

  const isView = ArrayBuffer.isView;

  // The same kind of object, with the same properties and contents.
  function same(a, b) {
    if (Object.is(a, b)) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (a instanceof Date) return Object.is(a.getTime(), b.getTime());
    if (a instanceof ArrayBuffer) return same(new Uint8Array(a), new Uint8Array(b));
    if (a instanceof Error && (a.message !== b.message || a.name !== b.name)) return false;
    if (isView(a) && a.byteLength !== b.byteLength) return false;
    if (Array.isArray(a) !== Array.isArray(b) || (Array.isArray(a) && a.length !== b.length)) return false;
    const keys = (object) => Reflect.ownKeys(object).filter((key) => Object.prototype.propertyIsEnumerable.call(object, key));
    const [left, right] = [keys(a), keys(b)];
    return left.length === right.length && left.every((key) => right.includes(key) && same(a[key], b[key]));
  }

  // What was thrown, as `throws` takes it: a pattern, a class, a function that judges, or an object of properties.
  function check(error, expected, message) {
    if (expected === undefined || typeof expected === 'string') return;
    if (expected instanceof RegExp) {
      ok(expected.test(String(error)), message ?? `${shown(error)} does not match ${expected}`);
    } else if (typeof expected === 'function') {
      if (expected.prototype !== undefined && error instanceof expected) return;
      if (Error.isPrototypeOf(expected)) fail(message, `${shown(error)} is no ${expected.name}`);
      ok(expected.call({}, error) === true, message ?? `${shown(error)} was judged to be wrong`);
    } else {
      for (const [key, value] of Object.entries(expected)) {
        const fits = value instanceof RegExp && typeof error[key] === 'string' ? value.test(error[key]) : same(error[key], value);
        if (!fits) fail(message, `${key} is ${shown(error[key])} and not ${shown(value)}`);
      }
    }
  }

  return Object.assign(ok.bind(undefined), {
    ok,
    AssertionError,
    strictEqual: (a, b, message) => Object.is(a, b) || fail(message, `${shown(a)} is not ${shown(b)}`),
    notStrictEqual: (a, b, message) => !Object.is(a, b) || fail(message, `${shown(a)} twice`),
    deepStrictEqual: (a, b, message) => same(a, b) || fail(message, `${shown(a)} is not equal to ${shown(b)}`),
    match: (text, pattern, message) => pattern.test(text) || fail(message, `${shown(text)} does not match ${pattern}`),
    throws(call, expected, message) {
      try {
        call();
      } catch (error) {
        check(error, expected, message);
        return;
      }
      fail(message, 'nothing was thrown');
    },
  });
})();
