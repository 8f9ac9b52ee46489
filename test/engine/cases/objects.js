const { getOwnPropertyDescriptor } = Object;

// An exception is pending after it: the status was napi_generic_failure before Node 24.
const threw = ({ status, error }) => (status === 10 || status === 9) && error instanceof RangeError;

test('properties by key', () => {
  const symbol = Symbol('s');
  const object = { a: 1, [symbol]: 2, 7: 3, get angry() { throw new RangeError('no'); }, set angry(_) { throw new RangeError('no'); } }; // prettier-ignore
  assert.deepStrictEqual(probe.get(object, 'a'), { status: 0, value: 1 });
  assert.deepStrictEqual(probe.get(object, symbol), { status: 0, value: 2 });
  assert.deepStrictEqual(probe.get(object, 7), { status: 0, value: 3 });
  assert.strictEqual(probe.get(object, 'none').value, undefined);
  assert.strictEqual(probe.get('text', 'length').value, 4);
  assert.strictEqual(probe.get([1, 2], 1).value, 2);
  assert.ok(threw(probe.get(object, 'angry')) && threw(probe.set(object, 'angry', 1)));
  assert.ok(probe.has(object, 'toString').value && !probe.hasOwn(object, 'toString').value && probe.hasOwn(object, symbol).value);
  assert.ok(probe.has(object, 7).value);
  assert.strictEqual(probe.hasOwn(object, 7).status, 4);
  assert.strictEqual(probe.get(undefined, 'a').status, 2);
  assert.strictEqual(probe.set(null, 'a', 1).status, 2);
  assert.deepStrictEqual(probe.remove(object, 'a'), { status: 0, value: true });
  assert.strictEqual(object.a, undefined);
});

test('what cannot be written is left as it is', () => {
  const frozen = Object.freeze({ a: 1 });
  assert.deepStrictEqual(probe.set(frozen, 'a', 2), { status: 0 });
  assert.deepStrictEqual(probe.set(frozen, 'b', 2), { status: 0 });
  assert.deepStrictEqual(probe.remove(frozen, 'a'), { status: 0, value: false });
  assert.deepStrictEqual(frozen, { a: 1 });
  const half = { get only() { return 1; } }; // prettier-ignore
  assert.deepStrictEqual(probe.set(half, 'only', 2), { status: 0 });
});

test('a proxy is asked, and may throw', () => {
  const seen = [];
  const proxy = new Proxy(
    {},
    { get: (_, key) => seen.push(key), has: (_, key) => seen.push(key) > 0, set: (_, key) => seen.push(key) > 0 },
  );
  probe.get(proxy, 'a');
  probe.has(proxy, 'b');
  probe.set(proxy, 'c', 1);
  assert.deepStrictEqual(seen, ['a', 'b', 'c']);
  const angry = new Proxy({}, { has: () => { throw new RangeError('no'); }, deleteProperty: () => { throw new RangeError('no'); }, ownKeys: () => { throw new RangeError('no'); } }); // prettier-ignore
  assert.ok(threw(probe.has(angry, 'x')) && threw(probe.remove(angry, 'x')));
  assert.ok(probe.names(angry, true, 0, true).error instanceof RangeError);
});

test('elements', () => {
  const list = ['a', 'b'];
  assert.deepStrictEqual(probe.elements(list), [7, true, true, true, 4294967295]);
  assert.strictEqual(0 in list, false);
  const [made, isArray, prototype] = probe.arrays([]);
  assert.ok(made.length === 3 && !(0 in made) && isArray && prototype === Array.prototype);
  assert.strictEqual(probe.arrays(new Proxy([], {}))[1], false);
});

test('names that are no ASCII', () => {
  const object = {};
  assert.deepStrictEqual(probe.named(object), [true, 2]);
  assert.deepStrictEqual(Object.keys(object), ['café', '€', '\ufffd']);
});

test('properties by descriptor', () => {
  const symbol = Symbol('s');
  const object = {};
  assert.deepStrictEqual(probe.define(object, symbol), { status: 0 });
  const flags = (key) => {
    const { writable, enumerable, configurable, get, set } = getOwnPropertyDescriptor(object, key);
    return [writable, enumerable, configurable, typeof get, typeof set];
  };
  assert.deepStrictEqual(flags('value'), [false, false, false, 'undefined', 'undefined']);
  assert.deepStrictEqual(flags('writable'), [true, false, false, 'undefined', 'undefined']);
  assert.deepStrictEqual(flags('enumerable'), [false, true, false, 'undefined', 'undefined']);
  assert.deepStrictEqual(flags('all'), [true, true, true, 'undefined', 'undefined']);
  assert.deepStrictEqual(flags('method'), [true, false, true, 'undefined', 'undefined']);
  assert.deepStrictEqual(flags('getter'), [undefined, true, false, 'function', 'undefined']);
  assert.deepStrictEqual(flags('setter'), [undefined, false, true, 'undefined', 'function']);
  assert.deepStrictEqual(flags('both'), [undefined, false, false, 'function', 'function']);
  assert.deepStrictEqual(flags(symbol), [true, true, true, 'undefined', 'undefined']);
  assert.strictEqual(object.method.name, '');
  assert.ok(object.getter.self === object && object.getter.data === 5 && object.method().data === 5);
  object.both = 8;
  assert.strictEqual(object.changed, 8);
  // a second time: what cannot be changed
  assert.strictEqual(probe.defineOne(object, 'value', 9).status, 1);
  assert.strictEqual(probe.defineOne(Object.freeze({}), 'a', 9).status, 1);
  assert.strictEqual(probe.defineOne(object, 5, 9).status, 4);
  assert.strictEqual(probe.defineOne(undefined, 'a', 9).status, 2);
});

test('names of properties', () => {
  const symbol = Symbol('s');
  const parent = { inherited: 1, shadowed: 1, 3: 1 };
  const object = Object.create(parent, {
    b: { value: 1, enumerable: true },
    a: { value: 1, enumerable: true, writable: true },
    hidden: { value: 1, writable: true, configurable: true },
    shadowed: { value: 1 },
    1: { value: 1, enumerable: true, configurable: true },
    [symbol]: { value: 1, enumerable: true },
    accessor: { get: () => 1, enumerable: true },
  });
  const names = (...args) => probe.names(object, ...args).value;
  assert.deepStrictEqual(names(true, 0, true), [1, 'b', 'a', 'hidden', 'shadowed', 'accessor', symbol]);
  assert.deepStrictEqual(names(true, 2, false), ['1', 'b', 'a', 'accessor', symbol]);
  assert.deepStrictEqual(names(true, 4, false), ['1', 'hidden']);
  assert.deepStrictEqual(names(true, 2 | 16, false), ['1', 'b', 'a', 'accessor']);
  assert.deepStrictEqual(names(true, 8, false), [symbol]);
  assert.deepStrictEqual(new Set(probe.simpleNames(object).value), new Set(['1', 'b', 'a', 'accessor', '3', 'inherited']));
  assert.strictEqual(probe.simpleNames(null).status, 2);
});

test('frozen and sealed', () => {
  const object = { a: 1 };
  assert.strictEqual(probe.seal(object).status, 0);
  assert.ok(Object.isSealed(object) && !Object.isFrozen(object));
  assert.strictEqual(probe.freeze(object).status, 0);
  assert.ok(Object.isFrozen(object));
});
