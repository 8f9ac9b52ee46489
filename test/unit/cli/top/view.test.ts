import { describe, expect, test } from 'vitest';

import { press } from '../../../../src/cli/top/keys.js';
import { sorted, withLoads, type SortKey, type View } from '../../../../src/cli/top/view.js';
import type { Load } from '../../../../src/lifecycle/rates.js';
import { bare, load, MIB, viewOf } from './support.js';

const cpu = (percent: number): Partial<Load> => ({ cpu: { percent, limitPercent: null, throttledPercent: null } });

const three = [
  load('a', { ...cpu(1), pids: { current: 9, limit: null }, io: { read: 5, write: 5 }, pressure: { cpu: 0, memory: 3, io: 0 } }),
  bare('b'),
  load('c', { ...cpu(2), memory: { usage: 64 * MIB, limit: null, percent: null, oomKills: 0 }, io: { read: 0, write: 11 } }),
];

test.each<[SortKey, string]>([
  ['cpu', 'cab'],
  ['memory', 'cab'],
  ['io', 'cab'],
  ['pids', 'acb'],
  ['pressure', 'acb'],
  ['id', 'abc'],
])('by %s', (key, order) => {
  expect(
    sorted(three, key, false)
      .map(({ id }) => id)
      .join(''),
  ).toBe(order);
});

test('in reverse what has no value is last all the same; equals are by name', () => {
  expect(sorted(three, 'cpu', true).map(({ id }) => id)).toEqual(['a', 'c', 'b']);
  expect(sorted(three, 'id', true).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  expect(sorted([load('y'), load('x'), bare('n'), bare('m')], 'cpu', false).map(({ id }) => id)).toEqual(['x', 'y', 'm', 'n']);
});

describe('the mark', () => {
  const typed = (view: View, key: string): View => press(view, key, 10) ?? view;
  const begun = viewOf([load('a', cpu(3)), load('b', cpu(2)), load('c', cpu(1))]);

  test('is on the first row until it is moved', () => {
    expect(withLoads(begun, [load('a', cpu(1)), load('b', cpu(2))], '').selected).toBe('b');
    expect(viewOf([]).selected).toBe(null);
    expect(withLoads(viewOf([]), [load('new')], '').selected).toBe('new');
  });

  test('then keeps to its container', () => {
    const moved = typed(begun, 'j');
    expect(withLoads(moved, [load('a', cpu(1)), load('b', cpu(5)), load('c', cpu(4))], '')).toMatchObject({ selected: 'b' });
  });

  test('and goes to the one in its place when that is gone', () => {
    const moved = typed(begun, 'j');
    expect(withLoads(moved, [load('a', cpu(3)), load('c', cpu(1))], '').selected).toBe('c');
    expect(withLoads(typed(moved, 'j'), [load('a', cpu(3))], '').selected).toBe('a');
    expect(withLoads(moved, [], '').selected).toBe(null);
  });

  test('stays on one whose details are shown', () => {
    const detail = typed(typed(begun, 'j'), 'enter');
    const after = withLoads(detail, [load('a')], '');
    expect(after).toMatchObject({ mode: 'detail', selected: 'b' });
    expect(typed(after, 'escape')).toMatchObject({ mode: 'table', selected: 'a' });
  });
});

test('who is gone is forgotten, but for the one that is looked at', () => {
  const view = viewOf([load('a'), load('b')], [load('a')]);
  expect([...view.histories.keys()]).toEqual(['a']);
  expect(view.histories.get('a')?.cpu).toEqual([12.34, 12.34]);
});
