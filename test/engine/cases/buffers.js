const ARRAYS = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array]; // prettier-ignore

test('buffers', async () => {
  const buffer = probe.buffer(5);
  assert.ok(buffer instanceof ArrayBuffer);
  assert.deepStrictEqual([...new Uint8Array(buffer)], [0, 1, 2, 3, 4]);
  assert.strictEqual(probe.buffer(0).byteLength, 0);
  const before = probe.returned();
  let lent = probe.lent();
  assert.strictEqual(String.fromCharCode(...new Uint8Array(lent)), 'external');
  lent = null;
  await until(() => probe.returned() === before + 1);
});

test('typed arrays of every kind', () => {
  const buffer = probe.buffer(64);
  ARRAYS.forEach((Kind, kind) => {
    const array = probe.typed(kind, 3, buffer, 16);
    assert.ok(array.constructor === Kind && array.buffer === buffer);
    assert.deepStrictEqual([array.length, array.byteOffset], [3, 16]);
    const [type, length, its, offset, consistent] = probe.typedInfo(array);
    assert.ok(its === buffer && consistent);
    assert.deepStrictEqual([type, length, offset], [kind, 3, 16]);
    assert.strictEqual(probe.typedInfo(new Kind(2))[1], 2);
    assert.strictEqual(probe.typed(kind, 0, buffer, 64).length, 0);
  });
});

test('typed arrays that cannot be', () => {
  const buffer = probe.buffer(16);
  ARRAYS.forEach((Kind, kind) => {
    const size = Kind.BYTES_PER_ELEMENT;
    const { status, error } = probe.typed(kind, 16 / size + 1, buffer, 0);
    assert.deepStrictEqual([status, error.code, error.message], [9, 'ERR_NAPI_INVALID_TYPEDARRAY_LENGTH', 'Invalid typed array length']);
    assert.ok(error instanceof RangeError);
    if (size === 1) return;
    const crooked = probe.typed(kind, 1, buffer, 1);
    assert.deepStrictEqual(
      [crooked.status, crooked.error.code, crooked.error.message],
      [9, 'ERR_NAPI_INVALID_TYPEDARRAY_ALIGNMENT', `start offset of ${Kind.name} should be a multiple of ${size}`],
    );
  });
  assert.strictEqual(probe.typed(99, 1, buffer, 0).status, 1);
  assert.strictEqual(probe.typed(1, 1, {}, 0).status, 1);
});

test('views', () => {
  const buffer = probe.buffer(16);
  const view = probe.view(4, buffer, 3);
  assert.ok(view instanceof DataView && view.getUint8(0) === 3 && view.byteLength === 4);
  const [length, its, offset, first] = probe.viewInfo(view);
  assert.ok(its === buffer);
  assert.deepStrictEqual([length, offset, first], [4, 3, 3]);
  const { status, error } = probe.view(14, buffer, 3);
  assert.deepStrictEqual([status, error.code], [10, 'ERR_NAPI_INVALID_DATAVIEW_ARGS']);
});

test('detached', async () => {
  const buffer = probe.buffer(8);
  const array = new Uint8Array(buffer, 2, 4);
  assert.deepStrictEqual(probe.detach(buffer), [true, 0, true]);
  assert.deepStrictEqual([array.length, array.byteOffset], [0, 0]);
  assert.strictEqual(probe.typedInfo(array)[1], 0);
  assert.deepStrictEqual(probe.detach(buffer), [true, 0, true]);
  const before = probe.returned();
  const lent = probe.lent();
  probe.detach(lent);
  await until(() => probe.returned() === before + 1);
  assert.strictEqual(lent.byteLength, 0);
});

test('what something is', () => {
  const detached = probe.buffer(1);
  probe.detach(detached);
  const rejected = Promise.reject(new Error('nobody minds'));
  rejected.catch(() => undefined);
  const is = (value) => probe.is(value).map(Number).join('');
  assert.strictEqual(is(probe.buffer(1)), '10000000');
  assert.strictEqual(is(new Uint8Array(1)), '01000000');
  assert.strictEqual(is(new DataView(probe.buffer(1))), '00100000');
  assert.strictEqual(is(detached), '10010000');
  assert.strictEqual(is(new Date()), '00001000');
  assert.strictEqual(is(rejected), '00000100');
  assert.strictEqual(is([]), '00000010');
  assert.strictEqual(is(new TypeError()), '00000001');
  for (const value of [{}, 5, undefined, { then: () => 1 }, 'x', () => 1]) assert.strictEqual(is(value), '00000000');
});
