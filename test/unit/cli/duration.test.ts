import { expect, test } from 'vitest';

import { parseDuration } from '../../../src/cli/duration.js';

test.each([
  ['0', 0],
  ['-0', -0],
  ['5s', 5000],
  ['+5s', 5000],
  ['-5s', -5000],
  ['100ms', 100],
  ['1m30s', 90_000],
  ['1h2m3.5s', 3_723_500],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1000],
  ['1500us', 1.5],
  ['1500µs', 1.5],
  ['1500μs', 1.5],
  ['10ns', 1e-5],
])('%s', (text, milliseconds) => {
  expect(parseDuration(text)).toBeCloseTo(milliseconds, 9);
});

test.each([
  ['', 'time: invalid duration ""'],
  ['-', 'time: invalid duration "-"'],
  ['s', 'time: invalid duration "s"'],
  ['.s', 'time: invalid duration ".s"'],
  ['abc', 'time: invalid duration "abc"'],
  ['5', 'time: missing unit in duration "5"'],
  ['1m5', 'time: missing unit in duration "1m5"'],
  ['5d', 'time: unknown unit "d" in duration "5d"'],
  ['5toString', 'time: unknown unit "toString" in duration "5toString"'],
  ['5 s', 'time: unknown unit " s" in duration "5 s"'],
  ['1e3s', 'time: unknown unit "e" in duration "1e3s"'],
  ['9999999h', 'time: invalid duration "9999999h"'],
])('refuses "%s"', (text, words) => {
  expect(() => parseDuration(text)).toThrow(words);
});
