import { describe, expect, test } from 'vitest';

import { parseVariant } from '../../../../src/plan/systemd/variant.js';

const parse = (text: string) => parseVariant(text, 'it');

describe('a value in the text form of GVariant', () => {
  test.each([
    ['true', 'b', true],
    [' false ', 'b', false],
    ['5', 'i', 5],
    ['-5', 'i', -5],
    ['+5', 'i', 5],
    ['0x1F', 'i', 31],
    ['017', 'i', 15],
    ['0', 'i', 0],
    ['1.5', 'd', 1.5],
    ['1e3', 'd', 1000],
    ['-inf', 'd', -Infinity],
    ['byte 255', 'y', 255],
    ['int16 -32768', 'n', -32768],
    ['uint16 65535', 'q', 65535],
    ['int32 7', 'i', 7],
    ['uint32 4294967295', 'u', 4294967295],
    ['int64 -9223372036854775808', 'x', -(2n ** 63n)],
    ['uint64 18446744073709551615', 't', 2n ** 64n - 1n],
    ['double 5', 'd', 5],
    ['boolean true', 'b', true],
    ["'text'", 's', 'text'],
    ['"it\'s"', 's', "it's"],
    ["'it\\'s\\n\\t\\\\ \\u00e9 \\U0001f600 \\q'", 's', "it's\n\t\\ é \u{1f600} q"],
    ["objectpath '/a/b'", 'o', '/a/b'],
    ["signature 'as'", 'g', 'as'],
    ["['a', 'b']", 'as', ['a', 'b']],
    ['[1, 2]', 'ai', [1, 2]],
    ['[1, 2.5]', 'ad', [1, 2.5]],
    ['[1, uint64 2]', 'at', [1n, 2n]],
    ['@as []', 'as', []],
    ['@at [1, 2]', 'at', [1n, 2n]],
    ["('a', 1)", '(si)', ['a', 1]],
    ["('a',)", '(s)', ['a']],
    ["[('/dev/null', 'rw')]", 'a(ss)', [['/dev/null', 'rw']]],
    ["@a(st) [('/dev/sda', 5)]", 'a(st)', [['/dev/sda', 5n]]],
    [
      "{'a': 1, 'b': 2}",
      'a{si}',
      [
        ['a', 1],
        ['b', 2],
      ],
    ],
    ['@a{sv} {}', 'a{sv}', []],
    ['<5>', 'v', { type: 'i', value: 5 }],
    [
      '[<1>, <true>]',
      'av',
      [
        { type: 'i', value: 1 },
        { type: 'b', value: true },
      ],
    ],
    ['[[1], @ai []]', 'aai', [[1], []]],
    ["b'ab'", 'ay', new Uint8Array([97, 98, 0])],
  ])('%s', (text, type, value) => {
    expect(parse(text)).toEqual({ type, value });
  });
});

describe('what is none is refused', () => {
  test.each([
    ['', 'a value is missing'],
    ['nothing', '"nothing" is no value'],
    ["'open", 'a quotation mark is missing'],
    ["'\\u12'", 'needs the digits'],
    ["'a' 'b'", 'unexpected "\'b\'"'],
    ['[1', '"," expected'],
    ['[]', 'it has no type'],
    ['()', 'it has no type'],
    ['{}', 'it has no type'],
    ['[1, "a"]', 'a value of type "i" expected'],
    ['5000000000', 'out of the range of type "i"'],
    ['byte 256', 'out of the range'],
    ['uint32 -1', 'out of the range'],
    ['uint64 18446744073709551616', 'out of the range'],
    ['uint32 1.5', 'is no whole number'],
    ['09', 'is no number'],
    ['1.2.3', 'is no number'],
    ['string 5', 'cannot be of type "s"'],
    ['boolean 1', 'cannot be of type "b"'],
    ['@ []', 'no type of D-Bus'],
    ['@a []', 'no type of D-Bus'],
    ['@(ss) ("a",)', 'a value of type "(ss)" expected'],
    ['just 5', '"just" is no value'],
    ['['.repeat(100), 'nested too deeply'],
  ])('%s', (text, why) => {
    expect(() => parse(text)).toThrow(`it=${text} value parse error: `);
    expect(() => parse(text)).toThrow(why);
  });
});
