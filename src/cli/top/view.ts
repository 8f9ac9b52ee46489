/** What the live view shows and how: all that its keys change. */
import type { Load } from '../../lifecycle/rates.js';
import type { Sample } from '../../lifecycle/top.js';
import { highestPressure, ioRate, type History } from './history.js';

export const sortKeys = ['cpu', 'memory', 'io', 'pids', 'pressure', 'id'] as const;
export type SortKey = (typeof sortKeys)[number];

/** What is asked for, whatever the face. */
export interface Wanted {
  readonly sort: SortKey;
  readonly reverse: boolean;
  /** Milliseconds. */
  readonly interval: number;
  /** Samples; Infinity: no end. */
  readonly count: number;
  readonly sample: () => Sample;
}

export interface View {
  readonly mode: 'table' | 'detail' | 'help';
  readonly sort: SortKey;
  readonly reverse: boolean;
  readonly paused: boolean;
  /** Milliseconds. */
  readonly interval: number;
  /** Sorted. */
  readonly loads: readonly Load[];
  /** A container's name; null: there is none. */
  readonly selected: string | null;
  /** The mark was moved: it keeps to its container wherever that is sorted to. Until then it is on the first row. */
  readonly held: boolean;
  readonly histories: ReadonlyMap<string, History>;
  /** Of day, `HH:MM:SS`. */
  readonly time: string;
}

export function newView(sort: SortKey, interval: number): View {
  return {
    mode: 'table',
    sort,
    reverse: false,
    paused: false,
    interval,
    loads: [],
    selected: null,
    held: false,
    histories: new Map(),
    time: '',
  };
}

function sortValue(load: Load, by: SortKey): number | null {
  switch (by) {
    case 'cpu':
      return load.cpu?.percent ?? null;
    case 'memory':
      return load.memory?.usage ?? null;
    case 'io':
      return ioRate(load);
    case 'pids':
      return load.pids?.current ?? null;
    case 'pressure':
      return highestPressure(load);
    case 'id':
      return null;
  }
}

function byName(a: Load, b: Load): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The largest first, names from A; what has no value is last either way. */
export function sorted(loads: readonly Load[], by: SortKey, reverse: boolean): Load[] {
  const sign = reverse ? -1 : 1;
  return loads.slice().sort((a, b) => {
    if (by === 'id') return sign * byName(a, b);
    const [left, right] = [sortValue(a, by), sortValue(b, by)];
    if (left === null || right === null) return left === right ? byName(a, b) : left === null ? 1 : -1;
    return sign * (right - left) || byName(a, b);
  });
}

export function selectedIndex({ loads, selected }: View): number {
  return loads.findIndex(({ id }) => id === selected);
}

/** The mark stays with its container; where that is gone the next one gets it, unless one looks at its last values. */
export function withLoads(view: View, loads: readonly Load[], time: string): View {
  const before = selectedIndex(view);
  const next = { ...view, time, loads: sorted(loads, view.sort, view.reverse) };
  if (!view.held) return { ...next, selected: next.loads[0]?.id ?? null };
  if (selectedIndex(next) >= 0 || (view.mode === 'detail' && view.selected !== null)) return next;
  return { ...next, selected: next.loads[Math.min(Math.max(0, before), next.loads.length - 1)]?.id ?? null };
}

/** The same loads in another order. */
export function withSort(view: View, sort: SortKey, reverse: boolean): View {
  const loads = sorted(view.loads, sort, reverse);
  return { ...view, sort, reverse, loads, selected: view.held ? view.selected : (loads[0]?.id ?? null) };
}

/** Moves the mark by so many rows, as far as there are any. */
export function moved(view: View, rows: number): View {
  const at = Math.max(0, selectedIndex(view));
  const to = Math.min(Math.max(0, at + rows), view.loads.length - 1);
  return { ...view, selected: view.loads[to]?.id ?? null, held: true };
}
