/** What a terminal sends for a key, and what a key does. */
import { moved, sortKeys, withSort, type View } from './view.js';

/** A printable character, or one of these. */
export type Key = string;

/** What follows ESC: of a terminal in its usual mode, in application mode, and of the older ones (man 5 terminfo). */
const sequences: Readonly<Record<string, Key>> = {
  '[A': 'up',
  OA: 'up',
  '[B': 'down',
  OB: 'down',
  '[C': 'right',
  OC: 'right',
  '[D': 'left',
  OD: 'left',
  '[H': 'home',
  OH: 'home',
  '[1~': 'home',
  '[7~': 'home',
  '[F': 'end',
  OF: 'end',
  '[4~': 'end',
  '[8~': 'end',
  '[5~': 'pageup',
  '[6~': 'pagedown',
};

const controls: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x04': 'eof',
  '\f': 'redraw',
};

const shortest = /^(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|[^[O])/;

/**
 * The keys in what was typed, and what is left of one that is not complete. `final`: nothing followed for a while, so an
 * ESC is the key of that name and whatever else has begun is dropped.
 */
export function decode(typed: string, final: boolean): { readonly keys: readonly Key[]; readonly rest: string } {
  const keys: Key[] = [];
  let at = 0;
  while (at < typed.length) {
    const first = typed.charAt(at);
    if (first !== '\x1b') {
      const key = controls[first] ?? (first >= ' ' && first <= '~' ? first : undefined);
      if (key !== undefined) keys.push(key);
      at++;
      continue;
    }
    const after = typed.slice(at + 1);
    const sequence = after.startsWith('\x1b') ? '' : shortest.exec(after)?.[0];
    if (sequence === undefined) {
      if (!final) return { keys, rest: typed.slice(at) };
      keys.push('escape');
      // a sequence that was cut off types nothing
      break;
    }
    // ESC before another key is either Alt, or ESC itself typed in haste: only known sequences and ESC mean something
    const key = sequences[sequence];
    if (key !== undefined) keys.push(key);
    else if (sequence === '') keys.push('escape');
    at += 1 + sequence.length;
  }
  return { keys, rest: '' };
}

/** Shortest and longest interval that `+` and `-` reach, milliseconds. */
const fastest = 100;
const slowest = 60_000;

/** The next of 100 ms, 200 ms, 500 ms, 1 s, 2 s, ... */
function stepped(interval: number, direction: 1 | -1): number {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];
  const next = direction > 0 ? steps.find((step) => step > interval) : steps.findLast((step) => step < interval);
  return next ?? (direction > 0 ? Math.max(interval, slowest) : Math.min(interval, fastest));
}

/** The view after a key; null when the key ends it. `page` is how many rows there are. */
export function press(view: View, key: Key, page: number): View | null {
  if (key === 'q' || key === 'eof') return null;
  if (view.mode === 'help') return { ...view, mode: 'table' };
  switch (key) {
    case '?':
    case 'h':
      return { ...view, mode: 'help' };
    case 'p':
      return { ...view, paused: !view.paused };
    case '+':
      return { ...view, interval: stepped(view.interval, 1) };
    case '-':
      return { ...view, interval: stepped(view.interval, -1) };
    case 'up':
    case 'k':
      return moved(view, -1);
    case 'down':
    case 'j':
      return moved(view, 1);
    default:
      return view.mode === 'detail' ? inDetail(view, key) : inTable(view, key, page);
  }
}

function inDetail(view: View, key: Key): View {
  switch (key) {
    case 'enter':
    case 'escape':
    case 'backspace':
    case 'left':
      return gone(view) ? moved({ ...view, mode: 'table', selected: null }, 0) : { ...view, mode: 'table' };
    default:
      return view;
  }
}

/** Whether the container that one looks at has ended. */
function gone({ loads, selected }: View): boolean {
  return !loads.some(({ id }) => id === selected);
}

function inTable(view: View, key: Key, page: number): View {
  switch (key) {
    case 'pageup':
      return moved(view, -page);
    case 'pagedown':
      return moved(view, page);
    case 'home':
    case 'g':
      return moved(view, -view.loads.length);
    case 'end':
    case 'G':
      return moved(view, view.loads.length);
    case 's':
      return withSort(view, sortKeys[(sortKeys.indexOf(view.sort) + 1) % sortKeys.length] ?? 'cpu', view.reverse);
    case 'r':
      return withSort(view, view.sort, !view.reverse);
    case 'enter':
    case 'right':
      return view.selected === null ? view : { ...view, mode: 'detail', held: true };
    default:
      return view;
  }
}
