/** `top`: which of its faces is wanted, and the plain ones. */
import { checkContainers, loadsOf, Sampler, type Load } from '../../lifecycle/top.js';
import { native } from '../../native.js';
import type { Call } from '../call.js';
import { parseDuration } from '../duration.js';
import { print, ReaderGone } from '../output.js';
import { UsageError } from '../usage.js';
import { live } from './live.js';
import { jsonLine, plainTable } from './plain.js';
import { sorted, type SortKey, type Wanted } from './view.js';

/** Milliseconds: shorter the samples would take most of the time, and longer no timer waits. */
const SHORTEST = 10;
const LONGEST = 24 * 3_600_000;

/** Warnings that are remembered, so as not to be repeated. */
const MOST_WARNED = 1000;

/** Milliseconds; the words for what is none are those of Go's flag package. */
function toDuration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new UsageError(`invalid value "${text}" for flag -interval: parse error`);
  }
}

function interval(call: Call): number {
  const text = call.text('interval');
  if (text === undefined) return 1000;
  const value = toDuration(text);
  if (value < SHORTEST || value > LONGEST) throw new UsageError(`invalid value "${text}" for flag -interval: must be 10ms to 24h`);
  return value;
}

/** Whether a picture can be drawn: a terminal at both ends, and one that knows how to place the cursor. */
function isScreen(call: Call): boolean {
  const terminal = call.variable('TERM') ?? '';
  return terminal !== '' && terminal !== 'dumb' && native().windowSize(0) !== null && native().windowSize(1) !== null;
}

export function top(call: Call): number {
  const root = call.root();
  const ids = [...new Set(call.args)];
  const every = interval(call);
  checkContainers(root, ids);
  const format = call.text('format') ?? 'table';
  const picture = format === 'table' && !call.on('once') && isScreen(call);
  const given = call.on('once') ? 1 : call.number('count');
  const count = given === 0 ? Infinity : (given ?? (picture ? Infinity : 1));
  let warned = new Set<string>();
  // a line on the screen would be drawn over; of a named container that is gone its absence tells
  const warn = (message: string): void => {
    if (picture || ids.length > 0 || warned.has(message)) return;
    // containers come and go for days
    if (warned.size >= MOST_WARNED) warned = new Set();
    warned.add(message);
    call.warn(message);
  };
  const sampler = new Sampler(root, ids, warn);
  const wanted: Wanted = {
    sort: (call.text('sort') as SortKey | undefined) ?? 'cpu',
    reverse: call.on('reverse'),
    interval: every,
    count,
    sample: () => sampler.sample(),
  };
  return picture ? live(wanted, call) : rows(wanted, format === 'json');
}

/** A sample at each interval's end, however long it takes to read and print one. */
function rows({ sort, reverse, interval: every, count, sample: read }: Wanted, json: boolean): number {
  let before = read();
  let taken = performance.now();
  let due = taken;
  for (let done = 0; done < count; done++) {
    due = Math.max(due + every, performance.now());
    native().sleep(Math.max(0, Math.ceil(due - performance.now())));
    const now = performance.now();
    const after = read();
    const loads: Load[] = sorted(loadsOf(before.readings, after.readings), sort, reverse);
    const text = json ? jsonLine(loads, after.time, now - taken) : (done === 0 ? '' : '\n') + plainTable(loads);
    [before, taken] = [after, now];
    try {
      print(text);
    } catch (error) {
      // `| head` has seen enough
      if (error instanceof ReaderGone) return 0;
      throw error;
    }
  }
  return 0;
}
