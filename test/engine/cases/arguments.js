test('a missing argument is an invalid one', () => {
  for (const [name, ...statuses] of probe.nulls({}, () => undefined)) {
    statuses.forEach((status, at) => assert.strictEqual(status, 1, `${name}, ${at}`));
  }
});

const INVALID = [1, 'Invalid argument', true, false];
const EXPECTED = {
  bool: [7, 'A boolean was expected', true, false],
  number: [6, 'A number was expected', true, false],
  bigint: [17, 'A bigint was expected', true, false],
  string: [3, 'A string was expected', true, false],
  array: [8, 'An array was expected', true, false],
  date: [18, 'A date was expected', true, false],
  buffer: [19, 'An arraybuffer was expected', true, false],
  name: [4, 'A string or symbol was expected', true, false],
};
const OK = [0, null, true, false];

// What all values have in common that are none of these.
const others = {
  bool: EXPECTED.bool,
  double: EXPECTED.number,
  int32: EXPECTED.number,
  uint32: EXPECTED.number,
  int64: EXPECTED.number,
  'bigint int64': EXPECTED.bigint,
  'bigint uint64': EXPECTED.bigint,
  'bigint words': EXPECTED.bigint,
  utf8: EXPECTED.string,
  latin1: EXPECTED.string,
  external: INVALID,
  'array length': EXPECTED.array,
  date: EXPECTED.date,
  detach: EXPECTED.buffer,
  'named property': OK,
  'set named property': OK,
  'own property': EXPECTED.name,
  'property names': OK,
  'to object': OK,
  call: INVALID,
  new: INVALID,
  error: EXPECTED.string,
  symbol: EXPECTED.string,
  script: EXPECTED.string,
};

const numbers = { double: OK, int32: OK, uint32: OK, int64: OK };
const thrown = [2, 'An object was expected', true, true];
const without = { 'named property': thrown, 'set named property': thrown, 'own property': thrown, 'property names': thrown, 'to object': thrown }; // prettier-ignore

test('a value of another kind is told so', () => {
  assert.deepStrictEqual(probe.kinds({}), others);
  assert.deepStrictEqual(probe.kinds([]), { ...others, 'array length': OK });
  assert.deepStrictEqual(probe.kinds(5), { ...others, ...numbers });
  assert.deepStrictEqual(probe.kinds(true), { ...others, bool: OK });
  assert.deepStrictEqual(probe.kinds(undefined), { ...others, ...without });
  assert.deepStrictEqual(probe.kinds(null), { ...others, ...without });
  assert.deepStrictEqual(probe.kinds(Symbol('s')), { ...others, 'own property': OK });
  assert.deepStrictEqual(probe.kinds(7n), { ...others, 'bigint int64': OK, 'bigint uint64': OK, 'bigint words': OK });
  assert.deepStrictEqual(probe.kinds(new Date(0)), { ...others, date: OK });
  assert.deepStrictEqual(probe.kinds(new ArrayBuffer(1)), { ...others, detach: OK });
  assert.deepStrictEqual(probe.kinds(new Number(5)), others);
  const text = { utf8: OK, latin1: OK, 'own property': OK, error: OK, symbol: OK, script: OK };
  assert.deepStrictEqual(probe.kinds('1'), { ...others, ...text });
});

test('the last error is that of the last call', () => {
  assert.deepStrictEqual(probe.lastError('x'), [[6, 6, 0], 0, null]);
  assert.deepStrictEqual(probe.lastError(1), [[0, 0, 0], 0, null]);
});
