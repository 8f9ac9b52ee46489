import { expect, test } from 'vitest';

import { line, piece } from '../../../../src/cli/top/line.js';
import { paintLine, Screen } from '../../../../src/cli/top/paint.js';

const row = line(piece('web ', 'plain'), piece('99.9', 'alarm'), piece(' 80', 'warning'));

test('colours, and none of them with NO_COLOR', () => {
  expect(paintLine(row, 20, true)).toBe('web \x1b[1;31m99.9\x1b[m\x1b[33m 80\x1b[m');
  expect(paintLine(row, 20, false)).toBe('web \x1b[1m99.9\x1b[m\x1b[1m 80\x1b[m');
});

test('the marked row is reversed to the edge', () => {
  expect(paintLine({ ...row, selected: true }, 13, true)).toBe('\x1b[7mweb \x1b[m\x1b[7;1;31m99.9\x1b[m\x1b[7;33m 80\x1b[m\x1b[7m  \x1b[m');
  expect(paintLine({ ...row, selected: true }, 11, false)).toBe('\x1b[7mweb \x1b[m\x1b[7;1m99.9\x1b[m\x1b[7;1m 80\x1b[m');
});

test('what is on the screen already is not written again', () => {
  const screen = new Screen(true);
  const [a, b] = [line(piece('a')), line(piece('b'))];
  expect(screen.draw([a, b], 10, 3)).toBe('\x1b[m\x1b[2J\x1b[1;1H\x1b[Ka\x1b[2;1H\x1b[Kb');
  expect(screen.draw([a, b], 10, 3)).toBe('');
  expect(screen.draw([a, a], 10, 3)).toBe('\x1b[2;1H\x1b[Ka');
  expect(screen.draw([a], 10, 3)).toBe('\x1b[2;1H\x1b[K');
  screen.forget();
  expect(screen.draw([a], 10, 3)).toBe('\x1b[m\x1b[2J\x1b[1;1H\x1b[Ka');
});

test('another size is another picture', () => {
  const screen = new Screen(false);
  screen.draw([line(piece('a'))], 10, 3);
  expect(screen.draw([line(piece('a'))], 11, 3)).toBe('\x1b[m\x1b[2J\x1b[1;1H\x1b[Ka');
});
