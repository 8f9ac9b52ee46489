/** The columns of a container, for the live view and for plain rows. */
import type { Load } from '../../lifecycle/rates.js';
import { bytes, count, percent, percentLimit } from './format.js';
import { ascii, largest, spark, type Glyphs } from './graph.js';
import type { History } from './history.js';
import { piece, type Piece, type Style } from './line.js';

export interface Column {
  readonly title: string;
  /** Characters, without the blank before it. */
  readonly width: number;
  readonly align: 'left' | 'right';
  /** Where room is short, those with a higher one go first. */
  readonly rank: number;
  /** A graph: it takes what room is left, and has no place in plain rows. */
  readonly grows?: boolean;
  readonly cell: (load: Load, width: number, history: History | undefined, glyphs: Glyphs) => Piece;
}

/** Nearly at its limit, or at it. */
function nearness(percentOfLimit: number | null): Style {
  if (percentOfLimit === null || percentOfLimit < 75) return 'plain';
  return percentOfLimit < 90 ? 'warning' : 'alarm';
}

/** Time lost. */
function loss(share: number | null): Style {
  if (share === null || share < 10) return 'plain';
  return share < 40 ? 'warning' : 'alarm';
}

export function memoryStyle({ memory }: Load): Style {
  return nearness(memory?.percent ?? null);
}

/** At its quota a container that is not throttled just uses what it has. */
export function cpuStyle({ cpu }: Load): Style {
  return loss(cpu?.throttledPercent ?? null);
}

export function pressureStyle(share: number | null): Style {
  return loss(share);
}

export function oomStyle({ memory }: Load): Style {
  return (memory?.oomKills ?? 0) > 0 ? 'alarm' : 'plain';
}

export function pidsStyle({ pids }: Load): Style {
  const limit = pids?.limit ?? null;
  return nearness(pids === null || limit === null ? null : limit === 0 ? 100 : (pids.current / limit) * 100);
}

/** What a full graph stands for: the limit, or a whole processor and more if more was used. */
export function cpuScale(load: Load, values: readonly (number | null)[], width: number): number {
  return load.cpu?.limitPercent ?? largest(values, width, 100);
}

/** The limit, or the most there was. */
export function memoryScale(load: Load, values: readonly (number | null)[], width: number): number {
  return load.memory?.limit ?? largest(values, width, 1);
}

const marks: Readonly<Record<string, string>> = { running: 'R', paused: 'P', created: 'C', creating: 'C', stopped: 'S' };

/** Those with the name before them. */
export const columns: readonly Column[] = [
  {
    title: 'S',
    width: 1,
    align: 'left',
    rank: 4,
    cell: ({ status }) => piece(marks[status] ?? '?', status === 'running' ? 'plain' : 'dim'),
  },
  { title: 'CPU%', width: 6, align: 'right', rank: 1, cell: (load) => piece(percent(load.cpu?.percent ?? null), cpuStyle(load)) },
  { title: 'MAX%', width: 5, align: 'right', rank: 10, cell: ({ cpu }) => piece(percentLimit(cpu?.limitPercent ?? null)) },
  { title: 'THR%', width: 5, align: 'right', rank: 11, cell: (load) => piece(percent(load.cpu?.throttledPercent ?? null), cpuStyle(load)) },
  {
    title: 'CPU',
    width: 8,
    align: 'left',
    rank: 9,
    grows: true,
    cell: (load, width, history, glyphs) =>
      piece(spark(history?.cpu ?? [], width, cpuScale(load, history?.cpu ?? [], width), glyphs), 'graph'),
  },
  { title: 'MEM', width: 5, align: 'right', rank: 2, cell: (load) => piece(bytes(load.memory?.usage ?? null)) },
  { title: 'LIMIT', width: 5, align: 'right', rank: 5, cell: (load) => piece(bytes(load.memory?.limit ?? null)) },
  { title: 'MEM%', width: 5, align: 'right', rank: 3, cell: (load) => piece(percent(load.memory?.percent ?? null), memoryStyle(load)) },
  {
    title: 'MEMORY',
    width: 8,
    align: 'left',
    rank: 16,
    grows: true,
    cell: (load, width, history, glyphs) =>
      piece(spark(history?.memory ?? [], width, memoryScale(load, history?.memory ?? [], width), glyphs), 'graph'),
  },
  {
    title: 'OOM',
    width: 3,
    align: 'right',
    rank: 15,
    cell: (load) => piece(load.memory === null ? '-' : String(load.memory.oomKills), oomStyle(load)),
  },
  { title: 'READ/s', width: 6, align: 'right', rank: 7, cell: ({ io }) => piece(bytes(io?.read ?? null)) },
  { title: 'WRITE/s', width: 7, align: 'right', rank: 8, cell: ({ io }) => piece(bytes(io?.write ?? null)) },
  { title: 'PIDS', width: 9, align: 'right', rank: 6, cell: (load) => piece(count(load.pids), pidsStyle(load)) },
  { title: 'PSI-C', width: 5, align: 'right', rank: 12, cell: ({ pressure }) => piece(percent(pressure.cpu), pressureStyle(pressure.cpu)) },
  {
    title: 'PSI-M',
    width: 5,
    align: 'right',
    rank: 13,
    cell: ({ pressure }) => piece(percent(pressure.memory), pressureStyle(pressure.memory)),
  },
  { title: 'PSI-I', width: 5, align: 'right', rank: 14, cell: ({ pressure }) => piece(percent(pressure.io), pressureStyle(pressure.io)) },
];

/** The most a name takes before the graphs get the room, and the least it is cut to. */
const longName = 32;
const shortName = 12;
const shortestName = 4;
/** A row of history longer than that says no more. */
const longGraph = 40;

export interface Layout {
  /** Of the name. */
  readonly name: number;
  readonly columns: readonly Column[];
  /** Of each of them. */
  readonly widths: readonly number[];
}

/** Which columns a width has room for, and how wide they are. `longest` is the longest name's. */
export function layout(width: number, longest: number): Layout {
  // in the smallest of windows the processor time is still there
  let name = Math.min(longest, shortName, Math.max(shortestName, width - 7));
  let left = width - name;
  const kept = new Set<Column>();
  for (const column of columns.slice().sort((a, b) => a.rank - b.rank)) {
    if (column.width + 1 > left) break;
    kept.add(column);
    left -= column.width + 1;
  }
  const grow = (most: number): void => {
    const more = Math.max(0, Math.min(left, Math.min(longest, most) - name));
    name += more;
    left -= more;
  };
  grow(kept.size === 0 ? Infinity : longName);
  const shown = columns.filter((column) => kept.has(column));
  let graphs = shown.filter(({ grows }) => grows === true).length;
  const widths = shown.map(({ width: least, grows }) => {
    if (grows !== true) return least;
    const more = Math.min(longGraph - least, Math.floor(left / graphs));
    graphs--;
    left -= more;
    return least + more;
  });
  grow(Infinity);
  return { name: Math.min(name, width), columns: shown, widths };
}

/** One blank before, and filled up to the width. */
export function padded(text: string, width: number, align: 'left' | 'right'): string {
  return ` ${align === 'left' ? text.padEnd(width) : text.padStart(width)}`;
}

/** All columns that are no graphs. */
export function plainCells(load: Load): string[] {
  return columns.filter(({ grows }) => grows !== true).map(({ cell, width }) => cell(load, width, undefined, ascii).text);
}
