import { describe, expect, test } from 'vitest';

import { frame } from '../../../../src/cli/top/frame.js';
import { ascii, unicode } from '../../../../src/cli/top/graph.js';
import { textOf } from '../../../../src/cli/top/line.js';
import type { View } from '../../../../src/cli/top/view.js';
import { bare, load, MIB, shown, styleOf, viewOf } from './support.js';

const long = '0123456789abcdef0123456789abcdef';

/** Three containers over eight samples. */
const view = viewOf(
  ...[0, 10, 20, 30, 40, 50, 45, 12.34].map((percent) => [
    load('web', { cpu: { percent, limitPercent: 50, throttledPercent: percent } }),
    load(long, {
      cpu: { percent: percent * 4, limitPercent: null, throttledPercent: null },
      memory: { usage: percent * MIB * 100, limit: null, percent: null, oomKills: 2 },
    }),
    bare('rootless'),
  ]),
);

describe('the table', () => {
  test('80 columns', () => {
    expect(shown(view, 80, 8)).toEqual([
      'tsrun top  3 running  12:34:56  every 1s  cpu 61.7%  memory 1.2G',
      'ID            S   CPU%  MAX% CPU        MEM LIMIT  MEM% READ/s WRITE/s      PIDS',
      '0123456789ab~ R   49.4     -  .::=##.  1.2G     -     -     0B    1.5K     3/100',
      'web           R   12.3    50  .::=##.   32M   64M  50.0     0B    1.5K     3/100',
      'rootless      R      -     -              -     -     -      -       -         -',
      '',
      '',
      'q quit  ? help  s sort: cpu v  r reverse  enter detail  p pause',
    ]);
  });

  test('160 columns, in Unicode', () => {
    expect(shown(view, 160, 6, unicode)).toEqual([
      'tsrun top  3 running  12:34:56  every 1s  cpu 61.7%  memory 1.2G  io 0B/s read, 3K/s written',
      'ID                               S   CPU%  MAX%  THR% CPU                    MEM LIMIT  MEM% MEMORY               OOM READ/s WRITE/s      PIDS PSI-C PSI-M PSI-I',
      '0123456789abcdef0123456789abcdef R   49.4     -     -              ▂▃▅▆█▇▂  1.2G     -     -              ▂▃▅▆█▇▂   2     0B    1.5K     3/100   1.0   0.0   0.3',
      'web                              R   12.3    50  12.3              ▂▃▅▆█▇▂   32M   64M  50.0             ▄▄▄▄▄▄▄▄   0     0B    1.5K     3/100   1.0   0.0   0.3',
      'rootless                         R      -     -     -                          -     -     -                        -      -       -         -     -     -     -',
      'q quit  ? help  s sort: cpu ▼  r reverse  enter detail  p pause',
    ]);
  });

  test('40 columns', () => {
    expect(shown(view, 40, 6)).toEqual([
      'tsrun top  3 running  12:34:56  every 1s',
      'ID            S   CPU%   MEM LIMIT  MEM%',
      '0123456789ab~ R   49.4  1.2G     -     -',
      'web           R   12.3   32M   64M  50.0',
      'rootless      R      -     -     -     -',
      'q quit  ? help  s sort: cpu v  r reverse',
    ]);
  });

  test('a few', () => {
    expect(shown(view, 12, 4)).toEqual(['tsrun top', 'ID      CPU%', '0123~   49.4', 'web     12.3']);
    expect(shown(view, 8, 3)).toEqual(['ID', '0123456~', 'web']);
    expect(shown(view, 5, 2)).toEqual(['ID', '0123~']);
    expect(shown(view, 1, 1)).toEqual(['~']);
  });

  test('no container', () => {
    expect(shown(viewOf([]), 80, 5)).toEqual([
      'tsrun top  no running containers  12:34:56  every 1s',
      'ID S   CPU%  MAX%  THR% CPU             MEM LIMIT  MEM% READ/s WRITE/s      PIDS',
      '',
      '',
      'q quit  ? help  s sort: cpu v  r reverse  enter detail  p pause',
    ]);
  });

  test('what is paused says so, and what is sorted how', () => {
    const lines = shown({ ...view, paused: true, sort: 'memory', reverse: true }, 80, 6);
    expect(lines[0]).toBe('tsrun top   PAUSED   3 running  12:34:56  every 1s  cpu 61.7%  memory 1.2G');
    expect(lines[5]).toBe('q quit  ? help  s sort: memory ^  r reverse  enter detail  p go on');
  });

  test('containers are counted by what they do', () => {
    const mixed = viewOf([load('a'), load('b', { status: 'paused' }), load('c', { status: 'stopped' }), load('d')]);
    expect(shown(mixed, 80, 9)[0]).toContain('2 running, 1 paused, 1 stopped');
    expect(
      shown(mixed, 80, 9)
        .slice(2, 6)
        .map((row) => row.slice(0, 4)),
    ).toEqual(['a  R', 'b  P', 'c  S', 'd  R']);
  });

  test('the marked row is always among those that are shown', () => {
    const names = Array.from({ length: 20 }, (_, at) => `c${String(at).padStart(2, '0')}`);
    const many = viewOf(names.map((id) => load(id)));
    const rows = (selected: string) => shown({ ...many, selected }, 40, 8).map((row) => row.slice(0, 3));
    expect(rows('c00')).toEqual(['tsr', 'ID ', 'c00', 'c01', 'c02', 'c03', 'c04', '1/2']);
    expect(rows('c10')).toEqual(['tsr', 'ID ', 'c08', 'c09', 'c10', 'c11', 'c12', '11/']);
    expect(rows('c19')).toEqual(['tsr', 'ID ', 'c15', 'c16', 'c17', 'c18', 'c19', '20/']);
    const lines = frame({ ...many, selected: 'c10' }, 40, 8, ascii);
    expect(lines.filter(({ selected }) => selected).map((row) => textOf(row).slice(0, 3))).toEqual(['c10']);
  });

  test('near its limit it warns, at it it alarms', () => {
    const memory = (percent: number) => ({ memory: { usage: percent * MIB, limit: 100 * MIB, percent, oomKills: 0 } });
    const style = (change: Parameters<typeof load>[1], text: string) => styleOf(frame(viewOf([load('a', change)]), 160, 6, ascii), text);
    expect(style(memory(74.9), '74.9')).toBe('plain');
    expect(style(memory(75), '75.0')).toBe('warning');
    expect(style(memory(90), '90.0')).toBe('alarm');
    expect(style({ pids: { current: 80, limit: 100 } }, '80/100')).toBe('warning');
    expect(style({ pids: { current: 0, limit: 0 } }, '0/0')).toBe('alarm');
    expect(style({ pids: { current: 80, limit: null } }, ' 80')).toBe('plain');
    expect(style({ cpu: { percent: 50, limitPercent: 50, throttledPercent: 0 } }, '  50.0')).toBe('plain');
    expect(style({ cpu: { percent: 51, limitPercent: 50, throttledPercent: 11 } }, '  51.0')).toBe('warning');
    expect(style({ cpu: { percent: 51, limitPercent: 50, throttledPercent: 88 } }, ' 88.0')).toBe('alarm');
    expect(style({ pressure: { cpu: 0, memory: 41, io: 0 } }, ' 41.0')).toBe('alarm');
    expect(style({ memory: { usage: 1, limit: null, percent: null, oomKills: 7 } }, '  7')).toBe('alarm');
  });
});

describe('the details', () => {
  const detail: View = { ...view, mode: 'detail', selected: 'web', held: true };

  test('80 columns: graphs below each other', () => {
    expect(shown(detail, 80, 21, unicode)).toEqual([
      'web  running  pid 42  pids 3/100  12:34:56  every 1s  escape goes back',
      'CPU  12.3%  of 50%  throttled 12.3%                                          50%',
      '                                                                            ▃█▆',
      '                                                                          ▂▆███',
      '                                                                         ▅█████▆',
      '─'.repeat(80),
      'MEMORY  32M  of 64M  50.0%  oom kills 0                                      64M',
      '',
      '                                                                        ▄▄▄▄▄▄▄▄',
      '                                                                        ████████',
      '─'.repeat(80),
      'IO  read 0B/s  write 1.5K/s                                               1.5K/s',
      '                                                                        ████████',
      '                                                                        ████████',
      '                                                                        ████████',
      '─'.repeat(80),
      'PRESSURE  cpu 1.0%  memory 0.0%  io 0.3%                                     10%',
      '',
      '',
      '                                                                        ▂▂▂▂▂▂▂▂',
      '─'.repeat(80),
    ]);
  });

  test('120 columns: two beside each other', () => {
    const side = '-'.repeat(58);
    expect(shown(detail, 120, 9)).toEqual([
      'web  running  pid 42  pids 3/100  12:34:56  every 1s  escape goes back',
      'CPU  12.3%  of 50%  throttled 12.3%                    50%   MEMORY  32M  of 64M  50.0%  oom kills 0                64M',
      '                                                     .:#=',
      '                                                   :=####:                                                     ########',
      `${side}   ${side}`,
      'IO  read 0B/s  write 1.5K/s                         1.5K/s   PRESSURE  cpu 1.0%  memory 0.0%  io 0.3%               10%',
      '                                                  ########',
      '                                                  ########                                                     ........',
      `${side}   ${side}`,
    ]);
  });

  test('in a small window only the values', () => {
    expect(shown(detail, 30, 5)).toEqual([
      'web  running  pid 42',
      'CPU  12.3%  of 50%',
      'MEMORY  32M  of 64M  50.0%',
      'IO  read 0B/s  write 1.5K/s',
      'PRESSURE  cpu 1.0%',
    ]);
    expect(shown(detail, 3, 2)).toEqual(['web', 'CPU']);
  });

  test('of one of which nothing is known', () => {
    expect(shown({ ...detail, selected: 'rootless' }, 60, 5)).toEqual([
      'rootless  running  pid 42  pids -  12:34:56  every 1s',
      'CPU  -',
      'MEMORY  -',
      'IO  read -  write -',
      'PRESSURE  cpu -  memory -  io -',
    ]);
  });

  test('of one that has ended: its last values', () => {
    const after = { ...detail, loads: detail.loads.filter(({ id }) => id !== 'web') };
    const lines = shown(after, 60, 5);
    expect(lines[0]).toBe('web  has ended  pids 3/100  12:34:56  every 1s');
    expect(lines[1]).toBe('CPU  12.3%  of 50%  throttled 12.3%');
  });
});

test('the help', () => {
  const lines = shown({ ...view, mode: 'help' }, 80, 24);
  expect(lines[0]).toBe('tsrun top  any key goes back');
  expect(lines).toContain('  q               quit');
  expect(lines).toContain('  THR%            of the periods in which it ran, those whose quota ran out');
  expect(lines.length).toBeLessThanOrEqual(24);
});

test('no picture is ever larger than the window', () => {
  const modes: View[] = [view, { ...view, mode: 'detail', selected: long }, { ...view, mode: 'help' }, viewOf([])];
  for (const each of modes) {
    for (let width = 1; width <= 180; width += width < 30 ? 1 : 13) {
      for (const height of [1, 2, 3, 4, 5, 6, 9, 24]) {
        const lines = frame(each, width, height, unicode);
        expect(lines.length).toBeLessThanOrEqual(height);
        const widest = Math.max(0, ...lines.map((line) => textOf(line).length));
        if (widest > width) expect.fail(`${each.mode} ${width}x${height}: a line of ${widest}`);
      }
    }
  }
});
