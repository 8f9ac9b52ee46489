test('numbers as integers', () => {
  const cases = [
    [0, [0, 0, 0, 0n]],
    [-0, [-0, 0, 0, 0n]],
    [-1.9, [-1.9, -1, 4294967295, -1n]],
    [2147483648, [2147483648, -2147483648, 2147483648, 2147483648n]],
    [4294967297, [4294967297, 1, 1, 4294967297n]],
    [NaN, [NaN, 0, 0, 0n]],
    [Infinity, [Infinity, 0, 0, 0n]],
    [-Infinity, [-Infinity, 0, 0, 0n]],
    [2 ** 53, [2 ** 53, 0, 0, 9007199254740992n]],
    [2 ** 63, [2 ** 63, 0, 0, 9223372036854775807n]],
    [-(2 ** 63), [-(2 ** 63), 0, 0, -9223372036854775808n]],
    [1e300, [1e300, 0, 0, 9223372036854775807n]],
    [-1e300, [-1e300, 0, 0, -9223372036854775808n]],
  ];
  for (const [number, expected] of cases) assert.deepStrictEqual(probe.integers(number), expected, String(number));
});

test('integers as numbers', () => {
  assert.deepStrictEqual(probe.made(), [-2147483648, 4294967295, 2 ** 63, -(2n ** 63n), 2n ** 64n - 1n, -0, 1e300]);
});

test('64 bits of a BigInt', () => {
  assert.deepStrictEqual(probe.big64(0n), [0n, true, 0n, true]);
  assert.deepStrictEqual(probe.big64(-1n), [-1n, true, 2n ** 64n - 1n, false]);
  assert.deepStrictEqual(probe.big64(2n ** 63n), [-(2n ** 63n), false, 2n ** 63n, true]);
  assert.deepStrictEqual(probe.big64(2n ** 64n), [0n, false, 0n, false]);
  assert.deepStrictEqual(probe.big64(-(2n ** 63n)), [-(2n ** 63n), true, 2n ** 63n, false]);
  assert.deepStrictEqual(probe.big64(-(2n ** 100n) + 5n), [5n, false, 5n, false]);
});

const AA = 0xaaaaaaaaaaaaaaaan;

test('a BigInt by its words', () => {
  assert.deepStrictEqual(probe.words(0n, 2), [0, 0, 0, [AA, AA, AA]]);
  assert.deepStrictEqual(probe.words(5n, 2), [1, 0, 1, [5n, AA, AA]]);
  assert.deepStrictEqual(probe.words(-5n, 1), [1, 1, 1, [5n, AA]]);
  assert.deepStrictEqual(probe.words(2n ** 64n, 2), [2, 0, 2, [0n, 1n, AA]]);
  assert.deepStrictEqual(probe.words(-(2n ** 64n) - 3n, 1), [2, 1, 2, [3n, AA]]);
  assert.deepStrictEqual(probe.words(2n ** 200n + 2n ** 64n, 8), [4, 0, 4, [0n, 1n, 0n, 256n, AA, AA, AA, AA, AA]]);
  assert.deepStrictEqual(probe.words(2n ** 200n, 0), [4, 0, 4, [AA]]);
});

test('a BigInt of words', () => {
  const made = (sign, ...words) => probe.fromWords(sign, BigUint64Array.from(words));
  assert.strictEqual(made(0), 0n);
  assert.strictEqual(made(1), 0n);
  assert.strictEqual(made(1, 0n, 0n), 0n);
  assert.strictEqual(made(0, 7n), 7n);
  assert.strictEqual(made(1, 7n), -7n);
  assert.strictEqual(made(0, 1n, 2n, 0n), 2n ** 65n + 1n);
  assert.strictEqual(made(3, 1n, 2n ** 63n), -(2n ** 127n) - 1n);
  const long = Array.from({ length: 40 }, (_, at) => BigInt(at) * 0x123456789abcdefn);
  const value = long.reduceRight((sum, word) => sum * 2n ** 64n + word, 0n);
  assert.strictEqual(made(0, ...long), value);
  assert.deepStrictEqual(probe.words(-value, 40)[3].slice(0, 40), long);
});

test('a BigInt of too many words', () => {
  const [beyond, much, error] = probe.tooManyWords();
  assert.strictEqual(beyond, 1);
  assert.strictEqual(much, 10);
  assert.ok(error instanceof RangeError);
  assert.strictEqual(error.message, 'Maximum BigInt size exceeded');
});

test('conversions', () => {
  const values = (value) => probe.coerce(value).map(([status, pending, result]) => (status === 0 && !pending ? result : [status, pending, String(result).split(':')[0]])); // prettier-ignore
  assert.deepStrictEqual(values('12').slice(0, 3), [true, 12, '12']);
  assert.deepStrictEqual(values('')[0], false);
  assert.deepStrictEqual(values(NaN).slice(0, 3), [false, NaN, 'NaN']);
  assert.deepStrictEqual(values(0n).slice(0, 3), [false, [6, true, 'TypeError'], '0']);
  assert.deepStrictEqual(values(Symbol.iterator).slice(0, 3), [true, [6, true, 'TypeError'], [3, true, 'TypeError']]);
  assert.deepStrictEqual(values(undefined), [false, NaN, 'undefined', [2, true, 'TypeError']]);
  assert.deepStrictEqual(values(null).slice(1), [0, 'null', [2, true, 'TypeError']]);
  const object = { valueOf: () => 3, toString: () => 'three' };
  assert.deepStrictEqual(values(object).slice(0, 3), [true, 3, 'three']);
  assert.strictEqual(values(object)[3], object);
  assert.strictEqual(typeof values(5)[3], 'object');
  const angry = { [Symbol.toPrimitive]: () => { throw new RangeError('no'); } }; // prettier-ignore
  assert.deepStrictEqual(values(angry).slice(1, 3), [[6, true, 'RangeError'], [3, true, 'RangeError']]); // prettier-ignore
});

test('kinds of values', () => {
  const kinds = [undefined, null, true, 1, 'x', Symbol(), {}, () => 1, probe.external(1), 1n];
  kinds.forEach((value, kind) => assert.strictEqual(probe.typeOf(value), kind));
  assert.strictEqual(probe.typeOf(class {}), 7);
  assert.strictEqual(probe.typeOf(probe.typeOf), 7);
  assert.strictEqual(probe.typeOf(new Proxy(() => 1, {})), 7);
  assert.strictEqual(probe.typeOf(new Proxy({}, {})), 6);
});

test('strict equality', () => {
  const object = {};
  assert.ok(
    probe.equals(object, object) && probe.equals('ab', 'a'.concat('b')) && probe.equals(0, -0) && probe.equals(2n ** 70n, 2n ** 70n),
  );
  assert.ok(
    !probe.equals({}, {}) && !probe.equals(NaN, NaN) && !probe.equals(1, '1') && !probe.equals(1, 1n) && !probe.equals(null, undefined),
  );
});

test('dates', () => {
  const date = new Date(1234);
  date.valueOf = () => 5;
  assert.strictEqual(probe.date(date).getTime(), 1235);
  assert.ok(probe.date(date) instanceof Date);
  assert.ok(Number.isNaN(probe.date(new Date(NaN)).getTime()));
});

test('promises', async () => {
  assert.strictEqual(await probe.settle(5, true), 5);
  assert.strictEqual(await probe.settle(Promise.resolve(6), true), 6);
  let reason;
  await probe.settle('no', false).catch((error) => (reason = error));
  assert.strictEqual(reason, 'no');
  assert.ok(probe.settle(1, true) instanceof Promise && probe.neverSettled() instanceof Promise);
});
