import { expect, test } from 'vitest';

import { absolute } from '../../../src/cli/paths.js';

test.each([
  ['/a/b', '/cwd', '/a/b'],
  ['b', '/cwd', '/cwd/b'],
  ['.', '/cwd', '/cwd'],
  ['', '/cwd', '/cwd'],
  ['./b//c/', '/cwd', '/cwd/b/c'],
  ['../b', '/cwd', '/cwd/../b'],
  ['b', '/', '/b'],
])('%s from %s is %s', (path, cwd, result) => {
  expect(absolute(path, cwd)).toBe(result);
});

test('without a working directory only absolute paths are known', () => {
  expect(absolute('/a', null)).toBe('/a');
  expect(() => absolute('a', null)).toThrow('working directory');
});
