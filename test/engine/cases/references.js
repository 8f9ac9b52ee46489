test('a strong reference keeps its value', async () => {
  const at = probe.reference({ kept: 1 }, 1);
  await turn();
  await until(() => true);
  assert.deepStrictEqual(probe.referred(at), { kept: 1 });
  assert.deepStrictEqual(probe.up(at), [0, 2]);
  assert.deepStrictEqual(probe.down(at), [0, 1]);
  assert.deepStrictEqual(probe.down(at), [0, 0]);
  await until(() => probe.referred(at) === 'gone');
  assert.deepStrictEqual(probe.down(at), [9, 99]);
  assert.deepStrictEqual(probe.up(at), [0, 0]);
  probe.drop(at);
});

test('a weak reference does not', async () => {
  let value = { kept: 1 };
  const at = probe.reference(value, 0);
  const also = probe.reference(value, 0);
  assert.strictEqual(probe.referred(at), value);
  await until(() => true);
  assert.strictEqual(probe.referred(at), value);
  value = null;
  await until(() => probe.referred(at) === 'gone' && probe.referred(also) === 'gone');
  probe.drop(at);
  probe.drop(also);
});

test('a weak one becomes strong and weak again', async () => {
  const at = (() => {
    const value = { kept: 1 };
    const made = probe.reference(value, 0);
    assert.deepStrictEqual(probe.up(made), [0, 1]);
    return made;
  })();
  await until(() => true);
  assert.deepStrictEqual(probe.referred(at), { kept: 1 });
  probe.down(at);
  await until(() => probe.referred(at) === 'gone');
  probe.drop(at);
});

test('what can be referred to', () => {
  for (const value of [5, 'x', undefined, null, true, 1n]) assert.deepStrictEqual(probe.reference(value, 1), { status: 1 });
  for (const value of [{}, [], () => 1, Symbol('s'), Symbol.for('s'), Symbol.iterator, new Proxy({}, {}), Object.freeze({})]) {
    const strong = probe.reference(value, 1);
    const weak = probe.reference(value, 0);
    assert.strictEqual(probe.referred(strong), value);
    assert.strictEqual(probe.referred(weak), value);
    probe.drop(strong);
    probe.drop(weak);
  }
});

test('objects that refer to each other go together', async () => {
  const refs = (() => {
    const a = {};
    const b = { a };
    a.b = b;
    return [probe.reference(a, 0), probe.reference(b, 0)];
  })();
  await until(() => refs.every((at) => probe.referred(at) === 'gone'));
  refs.forEach(probe.drop);
});

test('finalizers', async () => {
  probe.finalized();
  let kept = {};
  (() => {
    assert.strictEqual(probe.addFinalizer({}, 1), 0);
    const cycle = {};
    cycle.self = cycle;
    probe.addFinalizer(cycle, 2);
    probe.addFinalizer(cycle, 3);
    probe.addFinalizer(new Proxy({}, {}), 4);
    probe.addFinalizer(Object.freeze({}), 5);
    probe.addFinalizer(() => 1, 6);
    probe.addFinalizer(kept, 7);
  })();
  assert.strictEqual(probe.addFinalizer(5, 1), 1);
  // never before a turn: the function that made the object is still at work
  assert.deepStrictEqual(probe.finalized(), []);
  const seen = [];
  await until(() => seen.push(...probe.finalized()) >= 6);
  assert.deepStrictEqual(seen.sort(), [101, 102, 103, 104, 105, 106]);
  assert.ok(kept);
  kept = null;
  await until(() => probe.finalized().includes(107));
});

test('what is known of a function of the addon', async () => {
  probe.finalized();
  let [made, other] = probe.makeFunction();
  assert.ok(
    probe.addFinalizer(made, 21) === 0 &&
      probe.addFinalizer(made, 22) === 0 &&
      probe.wrap(made, 23, 1) === 0 &&
      probe.tag(made, 1, 2) === 0,
  );
  const at = probe.reference(made, 0);
  assert.strictEqual(probe.referred(at), made);
  assert.deepStrictEqual(probe.unwrap(made), [0, 23]);
  assert.ok(probe.hasTag(made, 1, 2) && !probe.hasTag(other, 1, 2));
  assert.strictEqual(probe.unwrap(other)[0], 1);
  // to itself, by its prototype
  assert.strictEqual(made.prototype.constructor, made);
  made = other = null;
  const seen = [];
  await until(() => seen.push(...probe.finalized()) >= 3);
  assert.deepStrictEqual(seen.sort(), [121, 122, 223]);
  assert.strictEqual(probe.referred(at), 'gone');
  probe.drop(at);
});

test('many come and go', async () => {
  const counts = { 461: 0, 262: 0 };
  const count = () => {
    for (const value of probe.finalized()) if (value in counts) counts[value]++;
    return counts[461] + counts[262];
  };
  const make = (at) => {
    const object = { external: probe.external(61) };
    object.self = object;
    probe.wrap(object, 62, 1);
    probe.drop(probe.reference(object, at % 2));
  };
  for (let round = 1; round <= 10; round++) {
    for (let at = 0; at < 500; at++) make(at);
    await until(() => count() > 0);
  }
  await until(() => count() === 10000);
  assert.deepStrictEqual(counts, { 461: 5000, 262: 5000 });
});

test('a finalizer may call JavaScript', async () => {
  let called = 0;
  probe.callsBack({}, () => called++);
  await until(() => called === 1);
});

test('wraps', async () => {
  probe.finalized();
  const object = Object.freeze({});
  assert.deepStrictEqual(probe.unwrap(object)[0], 1);
  assert.strictEqual(probe.wrap(object, 5, 0), 0);
  assert.strictEqual(probe.wrap(object, 6, 0), 1);
  assert.deepStrictEqual(probe.unwrap(object), [0, 5]);
  assert.deepStrictEqual(probe.removeWrap(object), [0, 5]);
  assert.strictEqual(probe.unwrap(object)[0], 1);
  assert.strictEqual(probe.wrap(object, 7, 1), 0);
  assert.deepStrictEqual(probe.unwrap(object), [0, 7]);
  assert.deepStrictEqual(probe.removeWrap(object), [0, 7]);
  assert.strictEqual(probe.wrap(5, 1, 0), 1);
  assert.strictEqual(probe.unwrap(5)[0], 1);
  // what lies behind is not wrapped
  assert.strictEqual(probe.wrap(object, 8, 0), 0);
  assert.strictEqual(probe.unwrap(new Proxy(object, {}))[0], 1);
  assert.strictEqual(probe.unwrap(Object.create(object))[0], 1);
  assert.deepStrictEqual(Reflect.ownKeys(object), []);
  const seen = [];
  (() => {
    probe.wrap({}, 11, 0);
    probe.wrap({}, 12, 1);
    probe.wrap({}, 13, 2);
  })();
  await until(() => seen.push(...probe.finalized()) >= 2);
  assert.deepStrictEqual(seen.sort(), [212, 313]);
});

test('externals', async () => {
  probe.finalized();
  let external = probe.external(9);
  assert.strictEqual(probe.externalValue(external), 9);
  assert.strictEqual(Object.getPrototypeOf(external), null);
  assert.strictEqual(probe.externalValue(probe.external(0)), 0);
  external = null;
  const seen = [];
  await until(() => seen.push(...probe.finalized()) >= 2);
  assert.deepStrictEqual(seen.sort(), [400, 409]);
});

test('type tags', () => {
  for (const object of [{}, Object.freeze({}), new Proxy({}, {}), () => 1, probe.external(1)]) {
    assert.ok(!probe.hasTag(object, 1, 2));
    assert.strictEqual(probe.tag(object, 1, 2), 0);
    assert.ok(probe.hasTag(object, 1, 2) && !probe.hasTag(object, 1, 3) && !probe.hasTag(object, 2, 2));
    assert.strictEqual(probe.tag(object, 1, 2), 1);
    assert.strictEqual(probe.tag(object, 3, 4), 1);
  }
  const zero = {};
  assert.ok(!probe.hasTag(zero, 0, 0) && probe.tag(zero, 0, 0) === 0 && probe.hasTag(zero, 0, 0));
  assert.throws(() => probe.tag(undefined, 1, 1), TypeError);
});

test('what is left for the end', () => {
  assert.strictEqual(probe.atEnd(5), 0);
  assert.strictEqual(probe.atEnd(6), 5);
  globalThis.untilTheEnd = { external: probe.external(77), fn: probe.nothing, never: probe.neverSettled() };
  probe.wrap(globalThis.untilTheEnd, 78, 1);
  // references that nobody deletes
  probe.reference(globalThis.untilTheEnd, 1);
  probe.reference(globalThis.untilTheEnd, 0);
  // the newest finalizer is the first
  probe.endOf(globalThis.untilTheEnd);
});
