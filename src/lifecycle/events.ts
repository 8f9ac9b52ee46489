/** `events`: what happens in a container and how much it uses, as a stream or once. */
import { readStatistics, type Statistics } from '../cgroups/statistics/statistics.js';
import { isSystemError, TsrunError } from '../errors.js';
import { native } from '../native.js';
import { statusOf } from '../state/status.js';
import { readState } from '../state/store.js';
import type { CommonOptions } from './options.js';

export type ContainerEvent =
  | { readonly type: 'stats'; readonly id: string; readonly statistics: Statistics }
  /** The kernel ended a process for want of memory. */
  | { readonly type: 'oom'; readonly id: string };

export interface EventsOptions extends CommonOptions {
  /** Milliseconds between two statistics, the first after one interval. */
  readonly interval: number;
  readonly warn: (message: string) => void;
}

/** Nothing announces that a cgroup is removed: milliseconds between two looks. */
const LOOK_AGAIN = 1000;

/** The cgroup of a container that has processes. */
function cgroupOf({ root, id }: CommonOptions): string {
  const state = readState(root, id);
  const status = statusOf(root, state);
  if (status === 'stopped' || status === 'creating') throw new TsrunError(`container with id ${id} is not running`);
  if (state.cgroup === '') throw new TsrunError(`no statistics of container ${id}: it has no cgroup`);
  return state.cgroup;
}

/** @throws TsrunError for a container that does not exist, before the interval is looked at */
export function checkInterval({ root, id, interval }: Omit<EventsOptions, 'warn'>): void {
  readState(root, id);
  if (!(interval > 0)) throw new TsrunError('duration interval must be greater than 0');
}

function isGone(error: unknown): boolean {
  return isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV');
}

/** What the kernel counts for a container now. */
export function statistics(options: CommonOptions): Statistics {
  const path = cgroupOf(options);
  try {
    return readStatistics(path);
  } catch (error) {
    if (isGone(error)) throw new TsrunError(`container with id ${options.id} is not running`, { cause: error });
    throw error;
  }
}

/** Statistics every interval and out-of-memory events as they happen, until the container's last process has ended. */
export function events(options: EventsOptions): Generator<ContainerEvent, void> {
  checkInterval(options);
  return stream(cgroupOf(options), options);
}

function* stream(path: string, { id, interval, warn }: EventsOptions): Generator<ContainerEvent, void> {
  const files: number[] = [];
  try {
    const memory = new OutOfMemory(path);
    files.push(native().open(`${path}/cgroup.events`));
    if (memory.counted) files.push(native().open(`${path}/memory.events`));
    else warn(`no out-of-memory events of container ${id}: its cgroup has no memory controller`);
    let next = performance.now() + interval;
    for (;;) {
      const timeout = Math.ceil(Math.min(Math.max(next - performance.now(), 0), LOOK_AGAIN));
      const [core = null, counts = null] = native().readChanged({ files, timeout });
      if (counts !== null && memory.happened(counts)) yield { type: 'oom', id };
      if (core !== null && !core.includes('populated 1')) {
        if (memory.happenedLast()) yield { type: 'oom', id };
        return;
      }
      const now = performance.now();
      if (now < next) continue;
      // a reader that is slow misses some
      next += interval * Math.max(1, Math.ceil((now - next) / interval));
      yield { type: 'stats', id, statistics: readStatistics(path) };
    }
  } catch (error) {
    if (!isGone(error)) throw error;
  } finally {
    for (const fd of files) native().close(fd);
  }
}

/** The counters of memory.events, which grow with every process that the kernel kills. */
class OutOfMemory {
  readonly counted: boolean;
  readonly #file: string;
  #kills: number;
  /** Counted before the kill: in a cgroup that is removed at once it may be all there is to see. */
  #shortages: number;
  #pending = false;

  constructor(path: string) {
    this.#file = `${path}/memory.events`;
    this.counted = native().stat(this.#file) !== null;
    const text = this.counted ? native().readFile(this.#file, 4096) : '';
    this.#kills = count(text, 'oom_kill');
    this.#shortages = count(text, 'oom');
  }

  /** Whether a process was killed since the last look; an empty text is that of a cgroup that has gone. */
  happened(text: string): boolean {
    if (text === '') return false;
    const kills = count(text, 'oom_kill');
    const shortages = count(text, 'oom');
    const more = kills > this.#kills;
    this.#pending = !more && (this.#pending || shortages > this.#shortages);
    this.#kills = kills;
    this.#shortages = shortages;
    return more;
  }

  /** The same at the end: the kernel announces changes of the file at most every 10 ms. */
  happenedLast(): boolean {
    if (!this.counted) return false;
    try {
      return this.happened(native().readFile(this.#file, 4096));
    } catch (error) {
      if (!isGone(error)) throw error;
      return this.#pending;
    }
  }
}

function count(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
