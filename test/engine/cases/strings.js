const encode = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0));
const AA = 0xaa;

// The buffer that `reader` fills, of `size` and two bytes more.
const filled = (bytes, size) => {
  const buffer = [...bytes, 0];
  while (buffer.length < size + 2) buffer.push(AA);
  return buffer;
};

test('text in UTF-8 comes whole, with its zero and nothing behind', () => {
  for (const text of ['', 'abc', 'a\0b', 'zürich', '€uro', '💩', 'a💩b', 'x'.repeat(5000), 'ü'.repeat(300), '\u{10ffff}']) {
    const bytes = encode(text);
    const size = bytes.length + 1;
    const { length, measure, status, copied, nothing, units } = probe.readUtf8(text, size);
    assert.deepStrictEqual([length, measure, status, copied, nothing], [bytes.length, 0, 0, bytes.length, 1]);
    assert.deepStrictEqual(units, filled(bytes, size));
  }
});

test('a string put together and a part of one are strings', () => {
  let text = '';
  for (let at = 0; at < 500; at++) text += `${at}ü,`;
  assert.strictEqual(probe.readUtf8(text, 10000).copied, encode(text).length);
  assert.deepStrictEqual(
    probe.readUtf16(text.slice(3, 60)),
    [...text.slice(3, 60)].map((c) => c.charCodeAt(0)),
  );
});

test('UTF-8 is cut between characters', () => {
  const cut = (text, size) => {
    const { copied, units } = probe.readUtf8(text, size);
    return [copied, units.slice(0, size)];
  };
  assert.deepStrictEqual(cut('abc', 3), [2, [97, 98, 0]]);
  assert.deepStrictEqual(cut('abc', 1), [0, [0]]);
  assert.deepStrictEqual(cut('abc', 0), [0, []]);
  assert.deepStrictEqual(cut('', 1), [0, [0]]);
  assert.deepStrictEqual(cut('aü', 3), [1, [97, 0, AA]]);
  assert.deepStrictEqual(cut('aü', 4), [3, [97, 0xc3, 0xbc, 0]]);
  assert.deepStrictEqual(cut('€€', 3), [0, [0, AA, AA]]);
  assert.deepStrictEqual(cut('€€', 6), [3, [0xe2, 0x82, 0xac, 0, AA, AA]]);
  assert.deepStrictEqual(cut('ab€', 4), [2, [97, 98, 0, AA]]);
  assert.deepStrictEqual(cut('a💩', 3), [1, [97, 0, AA]]);
  assert.deepStrictEqual(cut('a💩', 6), [5, [97, 0xf0, 0x9f, 0x92, 0xa9, 0]]);
  assert.deepStrictEqual(cut('💩b', 4), [0, [0, AA, AA, AA]]);
  assert.deepStrictEqual(cut('a💩b', 5), [1, [97, 0, AA, AA, AA]]);
});

test('a lone surrogate is U+FFFD in UTF-8 and itself in UTF-16', () => {
  const bytes = (text) => probe.readUtf8(text, 20).units.slice(0, probe.readUtf8(text, 20).copied);
  const no = [0xef, 0xbf, 0xbd];
  assert.deepStrictEqual(bytes('\ud83d'), no);
  assert.deepStrictEqual(bytes('\udca9'), no);
  assert.deepStrictEqual(bytes('a\ud83db'), [97, ...no, 98]);
  assert.deepStrictEqual(bytes('\udca9\ud83d'), [...no, ...no]);
  assert.deepStrictEqual(bytes('\ud83d\ud83d\udca9'), [...no, 0xf0, 0x9f, 0x92, 0xa9]);
  assert.deepStrictEqual(bytes('퟿'), [0xed, 0x9f, 0xbf]);
  assert.strictEqual(probe.readUtf8('\ud83d', 3).copied, 0);
  assert.strictEqual(probe.readUtf8('\ud83dx', 20).length, 4);
  assert.deepStrictEqual(probe.readUtf16('a\ud83d\0\udca9'), [97, 0xd83d, 0, 0xdca9]);
});

test('Latin-1 has the low byte of every unit', () => {
  const { copied, units, length } = probe.readLatin1('aü€\0x', 10);
  assert.deepStrictEqual([length, copied, units], [5, 5, [97, 0xfc, 0xac, 0, 120, 0, AA, AA, AA, AA, AA, AA]]);
  assert.deepStrictEqual(probe.readLatin1('abc', 2).units, [97, 0, AA, AA]);
  assert.deepStrictEqual(probe.readUtf16('abc', 2), [97]);
});

test('UTF-8 becomes text, a replacement for each longest piece that is none', () => {
  const made = (...bytes) => probe.makeUtf8(Uint8Array.from(bytes));
  const pieces = [
    [[], ''],
    [[97, 0, 98], 'a\0b'],
    [[0xc3, 0xbc], 'ü'],
    [[0xe2, 0x82, 0xac, 97], '€a'],
    [[0xf0, 0x9f, 0x92, 0xa9], '💩'],
    [[0xff], '\ufffd'],
    [[0x80, 0x80], '\ufffd\ufffd'],
    [[0xc3], '\ufffd'],
    [[0xc3, 97], '\ufffda'],
    [[0xc0, 0x80], '\ufffd\ufffd'],
    [[0xe2, 0x82], '\ufffd'],
    [[0xe2, 0x82, 97], '\ufffda'],
    [[0xe0, 0x80, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xed, 0x9f, 0xbf], '\ud7ff'],
    [[0xf0, 0x9f, 0x92], '\ufffd'],
    [[0xf0, 0x9f, 97], '\ufffda'],
    [[0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
    [[0xf4, 0x8f, 0xbf, 0xbf], '\u{10ffff}'],
    [[0xf8, 0x88, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xef, 0xbb, 0xbf, 97], '\ufeffa'],
  ];
  for (const [bytes, text] of pieces) assert.strictEqual(made(...bytes), text, bytes.join());
});

test('Latin-1 and UTF-16 become text', () => {
  assert.strictEqual(probe.makeLatin1(Uint8Array.from([97, 0, 0xfc, 0xff])), 'a\0üÿ');
  assert.strictEqual(probe.makeUtf16(Uint16Array.from([97, 0, 0xd83d, 0xdca9, 0xdc00])), 'a\0💩\udc00');
  assert.strictEqual(probe.makeUtf16(Uint16Array.from([])), '');
  assert.deepStrictEqual(probe.makeAuto(), ['zü', 'zü', 'zü']);
});

test('text is a key whichever way it came', () => {
  const object = { zürich: 1, abc: 2, '€': 3 };
  assert.strictEqual(object[probe.makeUtf16(Uint16Array.from('zürich', (c) => c.charCodeAt(0)))], 1);
  assert.strictEqual(object[probe.makeUtf16(Uint16Array.from('abc', (c) => c.charCodeAt(0)))], 2);
  assert.strictEqual(object[probe.makeLatin1(Uint8Array.from('zürich', (c) => c.charCodeAt(0)))], 1);
  assert.strictEqual(object[probe.makeUtf8(encode('€'))], 3);
  assert.strictEqual(new Map([['zürich', 4]]).get(probe.makeUtf8(encode('zürich'))), 4);
  assert.strictEqual(probe.makeUtf16(Uint16Array.from([0xe4])), probe.makeLatin1(Uint8Array.from([0xe4])));
});

test('symbols', () => {
  assert.strictEqual(probe.symbol('a\0ü').description, 'a\0ü');
  assert.strictEqual(probe.symbol().description, undefined);
  assert.strictEqual(probe.symbol('').description, '');
  assert.notStrictEqual(probe.symbol('x'), probe.symbol('x'));
  assert.strictEqual(probe.symbolFor(encode('für')), Symbol.for('für'));
});
