/** Signals for whole trees of processes, also while they fork. */
import { isSystemError, TsrunError } from '../errors.js';
import { native } from '../native.js';
import { freeze, isFreezing, thaw, waitEmpty } from './freezer.js';
import { killCgroup } from './kill.js';
import { cgroupPids } from './processes.js';

/** Milliseconds that the processes get to stop before they are signalled. */
const FREEZE_TIMEOUT = 2000;

/** How often we look for processes that were forked meanwhile. */
const PASSES = 16;

/**
 * Sends a signal to every process of the cgroup at `path` and below. They are frozen meanwhile, or one could fork itself away
 * from it for ever; where that cannot be, or one does not stop, we look again for new ones, a limited number of times.
 * A cgroup that has gone is fine.
 */
export function signalCgroup(path: string, signal: number): void {
  // a signal that ends us must not leave them frozen
  native().catchSignals(true);
  let frozen = false;
  try {
    frozen = signal !== 0 && freezeFor(path);
    const reached = new Set<number>();
    for (let pass = 0; pass < PASSES; pass++) {
      const fresh = cgroupPids(path).filter((pid) => !reached.has(pid));
      if (fresh.length === 0) break;
      signalPids(path, fresh, signal);
      for (const pid of fresh) reached.add(pid);
    }
  } finally {
    if (frozen) release(path);
    native().catchSignals(false);
  }
}

/** Whether we have frozen it: not one that is frozen already, nor one that we are in. */
function freezeFor(path: string): boolean {
  try {
    if (isFreezing(path) || cgroupPids(path).includes(native().identity().pid)) return false;
    freeze(path, FREEZE_TIMEOUT);
    return true;
  } catch (error) {
    if (isSystemError(error) || error instanceof TsrunError) return false;
    throw error;
  }
}

function release(path: string): void {
  try {
    thaw(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ENODEV')) throw error;
  }
}

/** Descriptors open at a time, far below any limit. */
const BATCH = 256;

/** By pidfd, and only while they are in the cgroup: a pid read a moment ago may be another's by now. */
function signalPids(path: string, pids: readonly number[], signal: number): void {
  for (let at = 0; at < pids.length; at += BATCH) {
    const open: (readonly [number, number])[] = [];
    try {
      for (const pid of pids.slice(at, at + BATCH)) unlessEnded(() => open.push([pid, native().pidfdOpen(pid)]));
      const still = new Set(cgroupPids(path));
      for (const [pid, pidfd] of open) {
        if (still.has(pid)) {
          unlessEnded(() => {
            native().signal(pidfd, signal);
          });
        }
      }
    } finally {
      for (const [, pidfd] of open) native().close(pidfd);
    }
  }
}

function unlessEnded(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}

/** Milliseconds after which SIGKILL is sent again, doubled each time. */
const KILL_AGAIN = 20;

/**
 * Waits for the end of every process of a cgroup that was killed; false when there is still one after `timeout` milliseconds.
 * Before Linux 6.14 one escapes that is being forked right when its cgroup is killed, so those that stay are killed again.
 */
export function endCgroup(path: string, timeout: number): boolean {
  let wait = KILL_AGAIN;
  for (let left = timeout; left > 0; left -= wait, wait *= 2) {
    if (waitEmpty(path, Math.min(wait, left))) return true;
    killCgroup(path);
  }
  return false;
}
