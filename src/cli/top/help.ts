import type { Glyphs } from './graph.js';
import { clipped, line, piece, type Line } from './line.js';

const keys: readonly (readonly [string, string])[] = [
  ['up down, k j', 'move the mark; page up and down, home and end too'],
  ['enter', "the marked container's history; escape goes back"],
  ['s', 'sort by the next of cpu, memory, io, pids, pressure, id'],
  ['r', 'reverse the order'],
  ['p', 'pause the display, and go on'],
  ['+ -', 'a longer, a shorter interval'],
  ['q', 'quit'],
];

const words: readonly (readonly [string, string])[] = [
  ['S', 'Running, Paused, Created, Stopped'],
  ['CPU% MAX%', 'of one processor; what the quota allows'],
  ['THR%', 'of the periods in which it ran, those whose quota ran out'],
  ['MEM LIMIT', 'with page cache, as it counts against the limit'],
  ['OOM', 'processes killed for want of memory'],
  ['READ/s WRITE/s', 'bytes from and to block devices'],
  ['PIDS', 'processes and threads, and their limit'],
  ['PSI-C -M -I', 'percent of the last 10 s in which something waited'],
  ['', 'for cpu, memory, io'],
];

function entry([name, meaning]: readonly [string, string]): Line {
  return line(piece(`  ${name.padEnd(16)}`, 'bold'), piece(meaning));
}

/** What the keys do and the columns mean. */
export function help(width: number, glyphs: Glyphs): Line[] {
  const lines = [line(piece('tsrun top', 'bold'), piece('  any key goes back', 'dim')), ...keys.map(entry), line(), ...words.map(entry)];
  return lines.map((each) => clipped(each, width, glyphs.cut));
}
