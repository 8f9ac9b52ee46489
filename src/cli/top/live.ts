/** The live view: the terminal, the clock and the keys brought together. */
import { loadsOf } from '../../lifecycle/top.js';
import { native } from '../../native.js';
import type { Call } from '../call.js';
import { print } from '../output.js';
import { frame, rowCount } from './frame.js';
import { glyphsFor } from './graph.js';
import { remember, type History } from './history.js';
import { decode, press } from './keys.js';
import { ENTER, LEAVE, Screen } from './paint.js';
import { newView, withLoads, withSort, type View, type Wanted } from './view.js';

/** signal(7) */
const SIGPIPE = 13;
const SIGCHLD = 17;
const SIGCONT = 18;
const SIGTSTP = 20;
const SIGWINCH = 28;

/** Milliseconds that the rest of a key's sequence gets to come. */
const SEQUENCE = 50;
/** The first rates come sooner than an interval. */
const SOON = 250;

function size(): { width: number; height: number } {
  const { columns, rows } = native().windowSize(1) ?? { columns: 0, rows: 0 };
  // a terminal that does not know, as on a serial line
  return columns === 0 || rows === 0 ? { width: 80, height: 24 } : { width: columns, height: rows };
}

function clock(): string {
  const now = new Date();
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Until it is told to end. Returns 0, or 128 + the signal. */
export function live(wanted: Wanted, call: Call): number {
  native().openScreen();
  try {
    print(ENTER);
    return watch(wanted, call);
  } finally {
    try {
      print(LEAVE);
    } catch {
      // the terminal is gone: there is nothing to put back
    }
    native().closeScreen();
  }
}

function watch(wanted: Wanted, call: Call): number {
  const glyphs = glyphsFor((name) => call.variable(name));
  const screen = new Screen((call.variable('NO_COLOR') ?? '') === '');
  const histories = new Map<string, History>();
  let view: View = { ...withSort(newView(wanted.sort, wanted.interval), wanted.sort, wanted.reverse), histories };
  let before = wanted.sample();
  view = withLoads(view, loadsOf([], before.readings), clock());
  let due = performance.now() + Math.min(SOON, wanted.interval);
  let typed = '';

  for (let samples = 0; ;) {
    const { width, height } = size();
    const drawn = screen.draw(frame(view, width, height, glyphs), width, height);
    if (drawn !== '') print(drawn);

    const left = view.paused ? -1 : Math.max(0, Math.ceil(due - performance.now()));
    const event = native().waitScreen(typed === '' ? left : SEQUENCE);
    if (typeof event === 'number') {
      if (event === SIGTSTP) {
        print(LEAVE);
        native().suspendScreen();
      }
      if (event === SIGTSTP || event === SIGCONT) {
        print(ENTER);
        screen.forget();
      } else if (event !== SIGWINCH && event !== SIGPIPE && event !== SIGCHLD) {
        return 128 + event;
      }
    } else if (event !== '' || typed !== '') {
      const { keys, rest } = decode(typed + event, event === '');
      typed = rest;
      for (const key of keys) {
        const next = press(view, key, rowCount(height));
        if (next === null) return 0;
        if (key === 'redraw') screen.forget();
        // what was paused goes on at once, and a new interval begins now
        if (next.paused !== view.paused || next.interval !== view.interval) due = performance.now() + (view.paused ? 0 : next.interval);
        view = next;
      }
    }

    if (!view.paused && performance.now() >= due) {
      const after = wanted.sample();
      const loads = loadsOf(before.readings, after.readings);
      before = after;
      remember(histories, loads, view.mode === 'detail' ? view.selected : null);
      view = withLoads(view, loads, clock());
      due = Math.max(due + view.interval, performance.now());
      samples++;
      if (samples >= wanted.count) return 0;
    }
  }
}
