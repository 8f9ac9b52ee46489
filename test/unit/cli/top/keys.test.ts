import { describe, expect, test } from 'vitest';

import { decode, press } from '../../../../src/cli/top/keys.js';
import type { View } from '../../../../src/cli/top/view.js';
import { load, viewOf } from './support.js';

describe('decode', () => {
  test('characters, and the names of others', () => {
    expect(decode('q?\r\n\x7f\x04', false)).toEqual({ keys: ['q', '?', 'enter', 'enter', 'backspace', 'eof'], rest: '' });
  });

  test('arrows and the like, in each of their spellings', () => {
    expect(decode('\x1b[A\x1bOA\x1b[B\x1b[5~\x1b[6~\x1b[H\x1b[1~\x1bOF', false).keys).toEqual([
      'up',
      'up',
      'down',
      'pageup',
      'pagedown',
      'home',
      'home',
      'end',
    ]);
  });

  test('what comes in two pieces is one key', () => {
    expect(decode('j\x1b[', false)).toEqual({ keys: ['j'], rest: '\x1b[' });
    expect(decode('\x1b[A', false)).toEqual({ keys: ['up'], rest: '' });
  });

  test('an ESC that nothing follows is a key, and one that another follows as well', () => {
    expect(decode('\x1b', false)).toEqual({ keys: [], rest: '\x1b' });
    expect(decode('\x1b', true)).toEqual({ keys: ['escape'], rest: '' });
    expect(decode('\x1b\x1b[A', false)).toEqual({ keys: ['escape', 'up'], rest: '' });
  });

  test('nothing in an unknown sequence is taken for a key of its own', () => {
    expect(decode('\x1b[15;2~\x1b[<0;3;4Mj\x1bq\xc3\xa9\x01', false)).toEqual({ keys: ['j'], rest: '' });
  });
});

/** As `press` for each of them. */
function type(view: View, ...keys: string[]): View {
  let next = view;
  for (const key of keys) {
    const after = press(next, key, 2);
    if (after === null) throw new Error(`${key} ended it`);
    next = after;
  }
  return next;
}

const names = ['a', 'b', 'c', 'd', 'e'];
const five = viewOf(names.map((id, at) => load(id, { cpu: { percent: 50 - at, limitPercent: null, throttledPercent: null } })));

test('q and the end of the input end it, from everywhere', () => {
  expect(press(five, 'q', 2)).toBe(null);
  expect(press(five, 'eof', 2)).toBe(null);
  expect(press(type(five, 'enter'), 'q', 2)).toBe(null);
  expect(press(type(five, '?'), 'q', 2)).toBe(null);
});

test('the mark moves, and stops at the ends', () => {
  const marked = (...keys: string[]) => type(five, ...keys).selected;
  expect(marked()).toBe('a');
  expect(marked('j')).toBe('b');
  expect(marked('down', 'down', 'k')).toBe('b');
  expect(marked('k')).toBe('a');
  expect(marked('pagedown', 'pagedown', 'pageup')).toBe('c');
  expect(marked('G', 'j')).toBe('e');
  expect(marked('end', 'home')).toBe('a');
});

test('s goes round the orders, r turns them', () => {
  expect(type(five, 's').sort).toBe('memory');
  expect(type(five, 's', 's', 's', 's', 's').sort).toBe('id');
  expect(type(five, 's', 's', 's', 's', 's', 's').sort).toBe('cpu');
  expect(type(five, 'r').loads.map(({ id }) => id)).toEqual(['e', 'd', 'c', 'b', 'a']);
  expect(type(five, 'r').selected).toBe('e');
});

test('p pauses and goes on, + and - change the interval', () => {
  expect(type(five, 'p').paused).toBe(true);
  expect(type(five, 'p', 'p').paused).toBe(false);
  expect(type(five, '+').interval).toBe(2000);
  expect(type(five, '-').interval).toBe(500);
  expect(type({ ...five, interval: 100 }, '-').interval).toBe(100);
  expect(type({ ...five, interval: 60_000 }, '+').interval).toBe(60_000);
  expect(type({ ...five, interval: 3_600_000 }, '+').interval).toBe(3_600_000);
  expect(type({ ...five, interval: 1234 }, '+').interval).toBe(2000);
});

test('enter shows one container, and the arrows the next; escape goes back', () => {
  expect(type(five, 'j', 'enter')).toMatchObject({ mode: 'detail', selected: 'b' });
  expect(type(five, 'j', 'enter', 'j')).toMatchObject({ mode: 'detail', selected: 'c' });
  expect(type(five, 'j', 'enter', 'escape')).toMatchObject({ mode: 'table', selected: 'b' });
  expect(type(viewOf([]), 'enter').mode).toBe('table');
});

test('? explains, and any key goes back', () => {
  expect(type(five, '?').mode).toBe('help');
  expect(type(five, '?', 'j')).toMatchObject({ mode: 'table', selected: 'a' });
});

test('other keys do nothing', () => {
  expect(type(five, 'x', 'Z', 'escape', 'left')).toEqual(five);
});
