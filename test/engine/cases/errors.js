const KINDS = [Error, TypeError, RangeError, SyntaxError];

test('errors are made', () => {
  KINDS.forEach((Kind, at) => {
    const error = probe.createError(at, 'CODE', 'words');
    assert.ok(error instanceof Kind && error.constructor === Kind);
    assert.deepStrictEqual([error.message, error.code, error.name], ['words', 'CODE', Kind.name]);
    assert.ok(!('code' in probe.createError(at, undefined, 'words')));
    assert.ok(probe.isError(error) && typeof error.stack === 'string');
    assert.strictEqual(probe.createError(at, 5, 'words'), 3);
    assert.strictEqual(probe.createError(at, 'CODE', 5), 3);
  });
  assert.ok(!probe.isError({}) && !probe.isError('Error') && !probe.isError(Object.create(Error.prototype)));
});

test('errors are thrown', () => {
  KINDS.forEach((Kind, at) => {
    assert.throws(() => probe.raise(at, true), { name: Kind.name, message: 'für immer', code: 'CODE' });
    assert.throws(() => probe.raise(at, false), (error) => error instanceof Kind && !('code' in error)); // prettier-ignore
  });
});

test('any value is thrown', () => {
  for (const value of [undefined, null, 0, 'x', Symbol.iterator, {}, 1n]) {
    let caught = 'nothing';
    try {
      probe.throwValue(value);
    } catch (error) {
      caught = error;
    }
    assert.strictEqual(caught, value);
  }
});

test('while an exception is pending, only what cannot throw works', () => {
  const error = new Error('first');
  const told = probe.pending(() => { throw error; }, 5); // prettier-ignore
  assert.deepStrictEqual([told.called, told.message], [10, 'An exception is pending']);
  assert.deepStrictEqual([told.before, told.after, told.cleared], [false, true, false]);
  assert.strictEqual(told.error, error);
  assert.ok('none' in told && told.none === undefined);
  assert.deepStrictEqual(told.statuses, [0, 0, 0, 0, 0, 0, 10, 10, 10, 10, 10, 10, 10, 10]);
});

test('undefined can be what is pending', () => {
  const told = probe.pending(() => { throw undefined; }, 5); // prettier-ignore
  assert.ok(told.after && told.error === undefined && told.called === 10);
});
