test('what a call tells', () => {
  const self = {};
  const told = probe.reflect.call(self, 1, 'b');
  assert.strictEqual(told.self, self);
  assert.strictEqual(told.target, undefined);
  assert.deepStrictEqual([told.count, told.arguments, told.first], [2, [1, 'b'], [1, 'b', undefined, undefined]]);
  assert.deepStrictEqual(probe.reflect(1, 2, 3, 4, 5, 6).arguments, [1, 2, 3, 4, 5, 6]);
  assert.strictEqual(probe.reflect().self, probe);
});

test('this is never a primitive', () => {
  const { reflect } = probe;
  assert.strictEqual(reflect().self, globalThis);
  assert.strictEqual(reflect.call(null).self, globalThis);
  assert.strictEqual(typeof reflect.call(5).self, 'object');
  assert.strictEqual(reflect.call('x').self.valueOf(), 'x');
});

test('a function is one', () => {
  const { reflect } = probe;
  assert.ok(reflect instanceof Function && typeof reflect === 'function');
  assert.deepStrictEqual([reflect.name, reflect.length], ['reflect', 0]);
  assert.ok(/native code/.test(Function.prototype.toString.call(reflect)));
  assert.strictEqual(reflect.bind(null, 1)(2).count, 2);
  assert.deepStrictEqual(reflect.apply({}, [1, 2]).arguments, [1, 2]);
  assert.deepStrictEqual(
    probe.makeFunction().map((made) => made.name),
    ['hälfte', ''],
  );
  const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(reflect, 'name');
  assert.deepStrictEqual([writable, enumerable, configurable], [false, false, true]);
  reflect.extra = 1;
  assert.ok(reflect.extra === 1 && delete reflect.extra);
});

test('every function can be constructed', () => {
  const { keepSelf, reflect } = probe;
  assert.strictEqual(keepSelf.prototype.constructor, keepSelf);
  assert.strictEqual(keepSelf.prototype, keepSelf.prototype);
  const made = new keepSelf();
  assert.ok(made.constructed && made instanceof keepSelf && Object.getPrototypeOf(made) === keepSelf.prototype);
  assert.ok(new keepSelf(5) instanceof keepSelf);
  const other = {};
  assert.strictEqual(new keepSelf(other), other);
  const told = new reflect(1);
  assert.strictEqual(told.target, reflect);
  class Derived extends keepSelf {
    own() {
      return 1;
    }
  }
  const derived = new Derived();
  assert.ok(derived.own() === 1 && derived instanceof Derived && derived instanceof keepSelf && derived.constructed);
  class Told extends reflect {}
  assert.strictEqual(new Told().target, Told);
  assert.strictEqual(Reflect.construct(keepSelf, [], Array).constructor, Array);
});

test('calls into JavaScript', () => {
  const { apply } = probe;
  assert.deepStrictEqual(apply({ a: 1 }, function (x, y) { return [this.a, x, y, arguments.length]; }, [2]), { status: 0, value: [1, 2, undefined, 1] }); // prettier-ignore
  assert.strictEqual(apply(null, (...all) => all.length, Array(20).fill(0)).value, 20);
  const { status, error } = apply(null, () => { throw 'text'; }, []); // prettier-ignore
  assert.deepStrictEqual([status, error], [10, 'text']);
  assert.strictEqual(apply(null, () => { throw undefined; }, []).status, 10); // prettier-ignore
  assert.strictEqual(apply(null, {}, []).status, 1);
  assert.strictEqual(apply(null, probe.reflect, [1]).value.count, 1);
  // and back, and again
  const depth = (left) => (left === 0 ? 0 : 1 + apply(null, depth, [left - 1]).value);
  assert.strictEqual(depth(50), 50);
});

test('too deep is an error', () => {
  const down = () => {
    const { error, value } = probe.apply(null, down, []);
    if (error) throw error;
    return value;
  };
  let caught;
  try {
    down();
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof RangeError, String(caught));
  assert.strictEqual(probe.reflect(1).count, 1);
});

test('constructions from there', () => {
  class Made {
    constructor(x) {
      this.x = x;
    }
  }
  const { status, value } = probe.construct(Made, 5);
  assert.ok(status === 0 && value instanceof Made && value.x === 5);
  assert.strictEqual(probe.construct({}, 5).status, 1);
  assert.ok(probe.construct(() => 1, 5).error instanceof TypeError);
  const angry = class {
    constructor() {
      throw new RangeError('no');
    }
  };
  assert.deepStrictEqual([probe.construct(angry, 1).status, probe.construct(angry, 1).error.message], [10, 'no']);
});

test('instances', () => {
  class A {}
  assert.ok(probe.instanceOf(new A(), A).value && !probe.instanceOf({}, A).value && !probe.instanceOf(5, A).value);
  const odd = { [Symbol.hasInstance]: () => true };
  const { status, error } = probe.instanceOf({}, odd);
  assert.ok(status === 5 && error instanceof TypeError && error.code === 'ERR_NAPI_CONS_FUNCTION');
  assert.strictEqual(error.message, 'Constructor must be a function');
  class Odd {
    static [Symbol.hasInstance](value) {
      if (value === 1) throw new RangeError('no');
      return value === 2;
    }
  }
  assert.ok(probe.instanceOf(2, Odd).value && !probe.instanceOf(3, Odd).value);
  assert.strictEqual(probe.instanceOf(1, Odd).status, 9);
  assert.strictEqual(probe.instanceOf({}, undefined).status, 2);
});

test('a class', () => {
  const symbol = Symbol('s');
  const Probe = probe.makeClass(null, symbol);
  const one = new Probe(5);
  assert.strictEqual(Probe.name, 'Probe');
  assert.ok(one instanceof Probe && Object.getPrototypeOf(one) === Probe.prototype && one.constructor === Probe);
  assert.deepStrictEqual([one.get(), one.accessor, one.readonly, one.constant, one[symbol]()], [5, 5, 5, 42, 5]);
  one.accessor = 6;
  assert.strictEqual(one.it, 6);
  assert.throws(() => (one.readonly = 1), TypeError);
  assert.throws(() => (one.constant = 1), TypeError);
  assert.deepStrictEqual(Object.keys(one), ['it']);
  assert.ok(Object.prototype.propertyIsEnumerable.call(Probe.prototype, 'accessor'));
  assert.ok(!Object.prototype.propertyIsEnumerable.call(Probe.prototype, 'get'));
  assert.deepStrictEqual(Object.keys(Probe), ['make', 'limit']);
  assert.strictEqual(Probe.make(1).self, Probe);
  assert.strictEqual(Probe.prototype.get.name, 'get');
  assert.strictEqual(Object.prototype.toString.call(one), '[object Object]');
  assert.strictEqual(JSON.stringify(one), '{"it":6}');
});

test('methods are for instances of their class', () => {
  const Probe = probe.makeClass(null, Symbol());
  const Other = probe.makeClass(null, Symbol());
  const { get } = Probe.prototype;
  for (const self of [{}, undefined, 5, new Other(1), Object.create(Probe.prototype)]) {
    assert.throws(() => get.call(self), { name: 'TypeError', message: 'Illegal invocation' });
  }
  assert.strictEqual(get.call(new Probe(7)), 7);
  class Derived extends Probe {}
  assert.strictEqual(new Derived(8).get(), 8);
  assert.ok(new Derived(8) instanceof Derived);
});
