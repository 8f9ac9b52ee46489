import { expect, test } from 'vitest';

import { jsonLine, plainTable } from '../../../../src/cli/top/plain.js';
import { bare, load } from './support.js';

test('rows are as wide as what is in them, and no name is cut', () => {
  const long = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
  expect(plainTable([load('web'), bare(long)]).split('\n')).toEqual([
    'ID                                                                S  CPU%  MAX%  THR%  MEM  LIMIT  MEM%  OOM  READ/s  WRITE/s   PIDS  PSI-C  PSI-M  PSI-I',
    'web                                                               R  12.3    50   0.0  32M    64M  50.0    0      0B     1.5K  3/100    1.0    0.0    0.3',
    '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  R     -     -     -    -      -     -    -       -        -      -      -      -      -',
    '',
  ]);
});

test('without a container only the heads', () => {
  expect(plainTable([])).toBe('ID  S  CPU%  MAX%  THR%  MEM  LIMIT  MEM%  OOM  READ/s  WRITE/s  PIDS  PSI-C  PSI-M  PSI-I\n');
});

test('JSON is one line with everything', () => {
  const text = jsonLine(
    [load('web', { cpu: { percent: 12.345678, limitPercent: 50, throttledPercent: null } })],
    '2026-01-02T03:04:05Z',
    1001.5,
  );
  expect(text.indexOf('\n')).toBe(text.length - 1);
  expect(JSON.parse(text)).toEqual({
    time: '2026-01-02T03:04:05Z',
    seconds: 1.002,
    containers: [
      {
        id: 'web',
        status: 'running',
        pid: 42,
        cpu: { percent: 12.346, limitPercent: 50, throttledPercent: null },
        memory: { usage: 33554432, limit: 67108864, percent: 50, oomKills: 0 },
        pids: { current: 3, limit: 100 },
        io: { read: 0, write: 1536 },
        pressure: { cpu: 1, memory: 0, io: 0.25 },
      },
    ],
  });
  expect(jsonLine([], 'T', null)).toBe('{"time":"T","seconds":null,"containers":[]}\n');
});
