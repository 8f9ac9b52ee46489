import { expect, test } from 'vitest';

import { parseInteger, parseSize } from '../../../src/cli/sizes.js';

test.each([
  ['-1', -1],
  ['0', 0],
  ['1048576', 1048576],
  ['64m', 67108864],
  ['64M', 67108864],
  ['64mb', 67108864],
  ['64MiB', 67108864],
  ['64 m', 67108864],
  ['1.5g', 1610612736],
  ['.5k', 512],
  ['1.k', 1024],
  ['5b', 5],
  ['0.3', 0],
  ['2t', 2199023255552],
  ['8p', 9007199254740992n],
  ['9007199254740993', 9007199254740993n],
])('size %s', (text, bytes) => {
  expect(parseSize(text, 'memory')).toBe(bytes);
});

test.each(['', 'm', '-2', '-1m', '1x', '1mm', '1bb', '1 MiBs', '0x10', '1e3', '1,5g', '∞'])('no size: %j', (text) => {
  expect(() => parseSize(text, 'memory')).toThrow(`invalid value for memory: invalid size: '${text}'`);
});

test.each([
  ['5', false, 5],
  ['18446744073709551615', false, 18446744073709551615n],
  ['-5', true, -5],
  ['+5', true, 5],
])('number %s', (text, signed, value) => {
  expect(parseInteger(text, 'cpu-quota', signed)).toBe(value);
});

test.each([
  ['-5', false],
  ['5.0', true],
  ['', true],
  ['5k', false],
])('no number: %j', (text, signed) => {
  expect(() => parseInteger(text, 'cpu-quota', signed)).toThrow('invalid value for cpu-quota: must be a');
});
