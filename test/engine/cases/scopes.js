test('one value escapes a scope, once', () => {
  const [first, second, value] = probe.escape('x');
  assert.deepStrictEqual([first, second, value], [0, 12, { inner: 'x' }]);
});

test('many handles and scopes', () => {
  assert.strictEqual(probe.deep(10000), (10000 * 9999) / 2);
  const values = probe.many(5000);
  assert.ok(values.length === 5000 && values.every(({ at }, index) => at === index));
});
