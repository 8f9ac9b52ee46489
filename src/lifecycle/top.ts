/** `top`: what the containers of a state root have used up to now. Two samples make rates (rates.ts). */
import { readCpu } from '../cgroups/statistics/cpu.js';
import { CgroupFiles, given } from '../cgroups/statistics/files.js';
import { readIo } from '../cgroups/statistics/io.js';
import { readPressure } from '../cgroups/statistics/pressure.js';
import { isSystemError } from '../errors.js';
import { native } from '../native.js';
import { statusOf, type Status } from '../state/status.js';
import { listIds, readState, type ContainerState } from '../state/store.js';
import type { Counters, Reading } from './rates.js';

export { loadsOf } from './rates.js';
export type { Load, Reading } from './rates.js';

export interface Sample {
  /** RFC 3339. */
  readonly time: string;
  /** By name. */
  readonly readings: readonly Reading[];
}

/** Memory without memory.stat: to add that up costs the kernel more than all the rest. */
function readMemory(files: CgroupFiles): Counters['memory'] {
  if (!files.has('memory.current')) return undefined;
  return {
    usage: files.number('memory.current'),
    limit: files.limit('memory.max'),
    events: files.counts('memory.events'),
    ...given('pressure', readPressure(files, 'memory.pressure')),
  };
}

function readPids(files: CgroupFiles): Counters['pids'] {
  return files.has('pids.current') ? { current: files.number('pids.current'), limit: files.limit('pids.max') } : undefined;
}

function readCounters(files: CgroupFiles): Counters {
  return {
    ...given('cpu', readCpu(files)),
    ...given('memory', readMemory(files)),
    ...given('pids', readPids(files)),
    ...given('io', readIo(files)),
  };
}

/** Throws where one of these is no container. */
export function checkContainers(root: string, ids: readonly string[]): void {
  for (const id of ids) readState(root, id);
}

/** Milliseconds after which a cgroup's files are listed again: a controller may have been enabled. */
const LISTING_AGE = 10_000;

interface Known {
  readonly state: ContainerState;
  files: CgroupFiles | null;
  listed: number;
}

/** Reads one sample after another, and remembers between them what does not change: that is half of the time. */
export class Sampler {
  readonly #root: string;
  readonly #ids: readonly string[];
  readonly #warn: (message: string) => void;
  #known = new Map<string, Known>();

  /**
   * @param ids these containers, whatever they do; none: all that run or are paused
   * @param warn hears of containers that cannot be read; they are left out
   */
  constructor(root: string, ids: readonly string[], warn: (message: string) => void) {
    this.#root = root;
    this.#ids = ids;
    this.#warn = warn;
  }

  sample(): Sample {
    const readings: Reading[] = [];
    const known = new Map<string, Known>();
    for (const id of this.#ids.length === 0 ? listIds(this.#root) : this.#ids) {
      try {
        const { container, status } = this.#look(id);
        if (this.#ids.length === 0 && status !== 'running' && status !== 'paused') continue;
        known.set(id, container);
        readings.push(this.#read(container, status));
      } catch (error) {
        // Deleted since, or damaged: the others are still worth seeing.
        this.#warn(error instanceof Error ? error.message : String(error));
      }
    }
    this.#known = known;
    return { time: native().now(), readings };
  }

  /** A state whose process is alive is the container's: pid and start time are in it. */
  #look(id: string): { container: Known; status: Status } {
    const container = this.#known.get(id);
    if (container !== undefined) {
      const status = statusOf(this.#root, container.state);
      if (status !== 'stopped' && status !== 'creating') return { container, status };
    }
    const state = readState(this.#root, id);
    return { container: { state, files: null, listed: 0 }, status: statusOf(this.#root, state) };
  }

  #read(container: Known, status: Status): Reading {
    const { id, created, pid } = container.state;
    const counters = this.#counters(container);
    return { id, instance: `${created} ${pid}`, status, pid: status === 'stopped' ? 0 : pid, at: performance.now(), counters };
  }

  /** null for a cgroup that is not there (any more). */
  #counters(container: Known): Counters | null {
    const { cgroup } = container.state;
    if (cgroup === '') return null;
    const fresh = container.files === null || performance.now() - container.listed > LISTING_AGE;
    try {
      if (container.files === null || fresh) {
        container.files = new CgroupFiles(cgroup);
        container.listed = performance.now();
      }
      return readCounters(container.files);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ENODEV')) throw error;
      container.files = null;
      // a controller was disabled, or all of it is gone
      return fresh ? null : this.#counters(container);
    }
  }
}
