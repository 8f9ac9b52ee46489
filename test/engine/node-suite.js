// Runs one test of Node's test/js-native-api in test/engine/host.cc: HOST node-suite.js node-suite.js ASSERT TEST ADDONS [WORD...], where ASSERT is assert.js, TEST the
// path of the test and ADDONS the directory of what its require() of ./build finds. What a test asks for that is Node's and not Node-API's
// ends it with words that begin with "not applicable".
(() => {
  'use strict';

  const [suiteFile, assertFile, testFile, addons, ...words] = host.words;
  const plain = host.run(host.read(assertFile), assertFile);
  const notApplicable = (why) => {
    throw new Error(`not applicable: ${why}`);
  };

  // What V8 says of an error of the language, and what this engine does: the tests quote V8.
  const sayings = [
    [/has only a getter/, /no setter for property/],
    [/Cannot assign to read only property/, /is read-only/],
    [/Cannot add property/, /object is not extensible/],
    [/Cannot delete property/, /could not delete property/],
  ];
  const saidHere = (expected) => {
    if (!(expected instanceof RegExp)) return expected;
    return sayings.find(([v8]) => v8.test(expected.source))?.[1] ?? expected;
  };
  const assert = Object.assign(plain.bind(undefined), plain, {
    throws: (call, expected, message) => plain.throws(call, saidHere(expected), message),
  });

  // Lines that ask for what only V8 can: it takes an addon's memory for a string's, where others copy, which Node-API allows.
  const beyond = /test_string\.TestLatin1External(AutoLength)?\(/;

  const atExit = [];
  const listeners = { uncaughtException: [], exit: atExit };
  const immediates = [];

  host.uncaught = (error) => {
    const { uncaughtException } = listeners;
    for (const [listener, once] of uncaughtException.splice(0)) {
      if (!once) uncaughtException.push([listener, once]);
      listener(error);
      return true;
    }
    return false;
  };

  let ended = false;
  host.turn = () => {
    const now = immediates.splice(0);
    for (const call of now) call();
    if (now.length > 0) return true;
    if (ended) return false;
    ended = true;
    for (const [listener] of atExit) listener(0);
    return true;
  };

  globalThis.global = globalThis;
  globalThis.gc = () => host.collect();
  globalThis.setImmediate = (call, ...args) => void immediates.push(() => call(...args));
  globalThis.console = { log: (...words) => host.print(words.join(' ')), error: (...words) => host.print(words.join(' ')) };
  const on = (name, listener, once) => {
    if (!(name in listeners)) notApplicable(`process.on('${name}')`);
    listeners[name].push([listener, once]);
    return process;
  };
  globalThis.process = {
    on: (name, listener) => on(name, listener, false),
    once: (name, listener) => on(name, listener, true),
    argv: ['host', testFile, ...words],
    execPath: 'host',
    emitWarning: (text) => host.print(text),
  };

  // Another host with the same test; of Node's own flags none is needed.
  function spawnSync(program, args) {
    assert.strictEqual(program, 'host');
    const [file, ...rest] = args.filter((word) => !word.startsWith('--'));
    return host.spawn([suiteFile, suiteFile, assertFile, file, addons, ...rest]);
  }

  // A function that must be called so often before the end.
  function mustCall(call = () => undefined, times = 1) {
    if (typeof call === 'number') [call, times] = [() => undefined, call];
    let count = 0;
    atExit.push([() => assert.strictEqual(count, times, 'calls')]);
    return function (...args) {
      count++;
      return call.apply(this, args);
    };
  }

  function mustCallAtLeast(call, least) {
    let count = 0;
    atExit.push([() => assert.ok(count >= least, `${count} calls`)]);
    return function (...args) {
      count++;
      return call.apply(this, args);
    };
  }

  const common = {
    mustCallAtLeast,
    buildType: 'Release',
    isWindows: false,
    mustCall,
    // no finalizer runs inside this collector: there is nothing to end a program for
    get nodeProcessAborted() {
      return notApplicable('finalizers in the collector, which ends the program when they call what they may not');
    },
    mustNotCall: (message) => () => assert.ok(false, message ?? 'must not be called'),
  };

  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const collection = {
    gcUntil: async (name, condition) => {
      for (let at = 0; at < 10; at++) {
        await turn();
        host.collect();
        if (condition()) return;
      }
      throw new Error(`${name}: never`);
    },
    onGC: () => notApplicable('common/gc.onGC'),
  };

  const known = {
    assert,
    'node:assert': assert,
    child_process: { spawnSync },
    path: { resolve: (...parts) => parts.join('/'), join: (...parts) => parts.join('/') },
    fs: {
      existsSync: () => false,
      readFileSync: (path) => {
        throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
      },
    },
    '../../common': common,
    '../../common/gc': collection,
    '../../common/require-as': (file) => spawnSync('host', [file, 'required']),
  };
  const loaded = new Map();
  globalThis.require = (name) => {
    if (name in known) return known[name];
    const addon = /^\.\/build\/Release\/(\w+)$/.exec(name)?.[1] ?? notApplicable(`require('${name}')`);
    if (!loaded.has(addon)) loaded.set(addon, host.load(`${addons}/${addon}.node`));
    return loaded.get(addon);
  };
  globalThis.module = { exports: {} };
  // a test that is required by another is not the main one
  require.main = words.includes('required') ? {} : module;

  const lines = host.read(testFile).split('\n');
  const text = lines.map((line) => (beyond.test(line) ? '' : line)).join('\n');
  for (const line of lines.filter((line) => beyond.test(line))) host.print(`left out: ${line.trim()}`);
  const test = host.run(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, testFile);
  test(module.exports, require, module, testFile, testFile.replace(/\/[^/]*$/, ''));
})();
