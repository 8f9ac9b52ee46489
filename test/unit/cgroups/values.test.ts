/** Values of D-Bus as fields. */
import { describe, expect, test } from 'vitest';

import { decodeValues, encodeValues, Malformed } from '../../../src/cgroups/values.js';
import type { BusValue } from '../../../src/plan/systemd/value.js';

function encoded(signature: string, ...values: BusValue[]): string[] {
  const fields: string[] = [];
  encodeValues(signature, values, fields);
  return fields;
}

describe('values become fields', () => {
  test.each<[string, BusValue[], string[]]>([
    ['', [], []],
    ['bb', [true, false], ['1', '0']],
    [
      'nqiuxty',
      [-1, 2, -3, 4, -(2n ** 63n), 2n ** 64n - 1n, 255],
      ['-1', '2', '-3', '4', '-9223372036854775808', '18446744073709551615', '255'],
    ],
    ['t', [2 ** 53 - 1], ['9007199254740991']],
    // 1.5: sign 0, exponent 1023, fraction one half
    ['dd', [1.5, -0], [String(0x3ff8000000000000n), String(2n ** 63n)]],
    ['sog', ['', '/o', 'a(s)'], ['', '/o', 'a(s)']],
    ['as', [['a', 'b']], ['2', 'a', 'b']],
    ['as', [[]], ['0']],
    ['ay', [new Uint8Array([1, 255])], ['2', '1', '255']],
    ['aau', [[[1], []]], ['2', '1', '1', '0']],
    ['(s(us))', [['x', [1, 'y']]], ['x', '1', 'y']],
    ['a{sv}', [[['k', { type: 'a(ss)', value: [['p', 'q']] }]]], ['1', 'k', 'a(ss)', '1', 'p', 'q']],
    ['vs', [{ type: 'v', value: { type: 'b', value: true } }, 'z'], ['v', 'b', '1', 'z']],
  ])('%s', (signature, values, fields) => {
    expect(encoded(signature, ...values)).toEqual(fields);
  });

  test.each<[string, BusValue[], string]>([
    ['s', [], '"s": a value expected'],
    ['', ['x'], '"": the end expected'],
    ['s', ['a\0b'], '"s": text without NUL expected'],
    ['as', [['a', 'b\0']], '"s": text without NUL expected'],
    ['s', [5], '"s": text without NUL expected'],
    ['b', [1], '"b": a boolean expected'],
    ['u', ['5'], '"u": a whole number expected'],
    ['u', [1.5], '"u": a whole number expected'],
    ['t', [2 ** 53], '"t": a whole number expected'],
    ['d', [5n], '"d": a number expected'],
    ['as', ['a'], '"as": a list expected'],
    ['au', [new Uint8Array(1)], '"au": a list expected'],
    ['(ss)', [['a']], '"s": a value expected'],
    ['(s)', [['a', 'b']], '"": the end expected'],
    ['v', ['x'], '"v": an object with one complete type and value expected'],
    ['v', [{ type: 'ss', value: 'x' }], '"v": an object with one complete type and value expected'],
    ['z', ['x'], '"z": the end expected'],
    ['()', [[]], '"()": the end expected'],
    ['h', [0], '"h": the end expected'],
  ])('not %s: %#', (signature, values, words) => {
    expect(() => encoded(signature, ...values)).toThrow(new TypeError(`D-Bus value of type ${words}`));
  });
});

describe('fields become values', () => {
  test.each<[string, string[], BusValue[]]>([
    ['', [], []],
    ['bs', ['1', 'x'], [true, 'x']],
    ['xtd', ['-1', '2', String(0x3ff8000000000000n)], [-1n, 2n, 1.5]],
    ['v', ['s', 'active'], ['active']],
    ['a(so)as', ['1', 'a', '/', '0'], [[['a', '/']], []]],
  ])('%s', (signature, fields, values) => {
    expect(decodeValues(signature, fields)).toEqual(values);
  });

  test.each<[string, string[]]>([
    ['s', []],
    ['s', ['a', 'b']],
    ['u', ['']],
    ['u', ['1e5']],
    ['u', [' 1']],
    ['t', ['x']],
    ['b', ['true']],
    ['as', ['2', 'a']],
    ['as', ['-1']],
    ['as', ['99999999999999999999']],
    ['v', ['', 'x']],
    ['v', ['ss', 'x', 'y']],
    ['v', Array.from({ length: 5000 }, () => 'v')],
    ['(s', ['a']],
    ['h', ['1']],
  ])('not %s of %j', (signature, fields) => {
    expect(() => decodeValues(signature, fields)).toThrow(Malformed);
  });
});
