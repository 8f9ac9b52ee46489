import { describe, expect, test } from 'vitest';

import { ascii, glyphsFor, graph, largest, spark, unicode } from '../../../../src/cli/top/graph.js';

describe('one line', () => {
  test('a character a value, the newest on the right', () => {
    expect(spark([0, 12.5, 25, 50, 75, 100], 6, 100, unicode)).toBe(' ▁▂▄▆█');
    expect(spark([0, 25, 50, 75, 100], 5, 100, ascii)).toBe(' .:=#');
  });

  test('no more values than there is room for, and blanks before the first', () => {
    expect(spark([100, 100, 0, 50], 2, 100, unicode)).toBe(' ▄');
    expect(spark([50], 4, 100, unicode)).toBe('   ▄');
    expect(spark([], 3, 100, unicode)).toBe('   ');
  });

  test('what is more than nothing is seen, what is over the top ends there, what is not known is blank', () => {
    expect(spark([0.001, 500, null, -1], 4, 100, unicode)).toBe('▁█  ');
    expect(spark([5], 1, 0, unicode)).toBe(' ');
  });
});

test('several lines are filled from below', () => {
  expect(graph([0, 25, 50, 75, 100], 5, 2, 100, unicode)).toEqual(['   ▄█', ' ▄███']);
  expect(graph([10, 100], 3, 3, 100, ascii)).toEqual(['  #', '  #', ' .#']);
  expect(graph([1], 3, 0, 100, ascii)).toEqual([]);
});

test('the largest of those that are shown', () => {
  expect(largest([900, 3, null, 5], 3, 1)).toBe(5);
  expect(largest([900, 3, null, 5], 3, 100)).toBe(100);
  expect(largest([], 3, 7)).toBe(7);
});

describe('glyphs', () => {
  const of = (variables: Record<string, string>) => (glyphsFor((name) => variables[name]) === unicode ? 'unicode' : 'ascii');

  test('by the first variable of the locale that says something', () => {
    expect(of({ LANG: 'de_DE.UTF-8' })).toBe('unicode');
    expect(of({ LANG: 'C.utf8', LC_CTYPE: '' })).toBe('unicode');
    expect(of({ LANG: 'C.UTF-8', LC_CTYPE: 'C' })).toBe('ascii');
    expect(of({ LANG: 'C', LC_CTYPE: 'C', LC_ALL: 'C.UTF-8' })).toBe('unicode');
    expect(of({ LANG: 'C' })).toBe('ascii');
    expect(of({})).toBe('ascii');
  });

  test('not on the console of the kernel, whose font has not got them', () => {
    expect(of({ LANG: 'C.UTF-8', TERM: 'linux' })).toBe('ascii');
    expect(of({ LANG: 'C.UTF-8', TERM: 'xterm' })).toBe('unicode');
  });
});
