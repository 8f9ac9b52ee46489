import { expect, test } from 'vitest';

import { inTypeScript } from '../../../src/cli/stack.js';
import { linesOf } from '../../../scripts/lib/lines.mjs';

// of the script's lines 2 and 3 are lines 5 and 6 of a.ts, 4 is line 1 of b.ts, 5 its line 3, 7 line 9 of a.ts; 6 is of nobody's
const map = { sources: ['../src/a.ts', '../src/b.ts', '../made.ts'], mappings: ';AAIA;AACA,EAAE;ACLF;AAEA;ACFA;AFQA' };
const table = linesOf(map, (path) => (path.startsWith('../src/') ? path.slice(3) : undefined));

test('the build writes down runs of lines in few bytes', () => {
  expect(table).toBe('src/a.ts\tsrc/b.ts\t\n0:1,4,2 1:0,0,1 0,1,1 0:1,8,1');
});

test.each([
  [1, undefined],
  [2, 'src/a.ts:5'],
  [3, 'src/a.ts:6'],
  [4, 'src/b.ts:1'],
  [5, 'src/b.ts:3'],
  [6, undefined],
  [7, 'src/a.ts:9'],
  [8, undefined],
])('line %d is %s', (line, place) => {
  const frame = `    at open (create:${line}:14)`;
  expect(inTypeScript(frame, () => table)).toBe(place === undefined ? frame : `    at open (${place})`);
});

test('frames stay as they are where there is no place, and each table is asked for once', () => {
  const asked: string[] = [];
  const frames = ['    at open (create:3:14)', '    at <anonymous> (other/x:3:1)', '    at native (native)', '    at create:5:2', ''];
  const tableOf = (script: string): string => (asked.push(script), script === 'create' ? table : '');
  expect(inTypeScript(frames.join('\n'), tableOf).split('\n')).toEqual([
    '    at open (src/a.ts:6)',
    '    at <anonymous> (other/x:3:1)',
    '    at native (native)',
    '    at (src/b.ts:3)',
    '',
  ]);
  expect(asked).toEqual(['create', 'other/x']);
});
