import { expect, test } from 'vitest';

import { bytes, clip, count, percent, percentLimit, span } from '../../../../src/cli/top/format.js';

test.each([
  [0, '0B'],
  [1023, '1023B'],
  [1024, '1K'],
  [1536, '1.5K'],
  [99.9 * 1024, '99.9K'],
  [99.96 * 1024, '100K'],
  [1023.4 * 1024, '1023K'],
  [1023.6 * 1024, '1M'],
  [64 << 20, '64M'],
  [2.25 * 2 ** 30, '2.3G'],
  [3 * 2 ** 40, '3T'],
  [2 ** 63, '8E'],
  [null, '-'],
])('%s bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

test('percent', () => {
  expect([0, 0.04, 12.34, 999.94, 999.95, 12345, null].map(percent)).toEqual(['0.0', '0.0', '12.3', '999.9', '1000', '12345', '-']);
  expect([50, 12.5, 400, null].map(percentLimit)).toEqual(['50', '12.5', '400', '-']);
});

test('a count and its limit', () => {
  expect(count({ current: 3, limit: null })).toBe('3');
  expect(count({ current: 3, limit: 100 })).toBe('3/100');
  expect(count(null)).toBe('-');
});

test.each([
  [100, '100ms'],
  [1000, '1s'],
  [1500, '1.5s'],
  [60_000, '1m'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
  [86_400_000, '24h'],
])('%s ms are %s', (value, text) => {
  expect(span(value)).toBe(text);
});

test('what is cut shows it', () => {
  expect(clip('abcdef', 6, '~')).toBe('abcdef');
  expect(clip('abcdef', 4, '~')).toBe('abc~');
  expect(clip('abcdef', 0, '~')).toBe('');
});
