/** The core's `cgroup.freeze` and `cgroup.events` (Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files"). */
import { isSystemError, TsrunError } from '../errors.js';
import { native } from '../native.js';
import { cgroupPids } from './processes.js';

const EVENTS_MAX = 4096;

/** Milliseconds after which someone else's change of the freezer is noticed. */
const LOOK_AGAIN = 200;

/** One of `cgroup.events`' lines: `populated 1`. */
function event(path: string, name: string): boolean {
  return native().readFile(`${path}/cgroup.events`, EVENTS_MAX).split('\n').includes(`${name} 1`);
}

/** Whether a process lives in the cgroup at `path` or below it. Throws ENOENT when there is no such cgroup. */
export function isPopulated(path: string): boolean {
  return event(path, 'populated');
}

/** Whether all processes of the cgroup have stopped. */
export function isFrozen(path: string): boolean {
  return event(path, 'frozen');
}

/** Whether the cgroup was asked to freeze, by itself: it may still be on the way, or have no processes. */
export function isFreezing(path: string): boolean {
  return native().readFile(`${path}/cgroup.freeze`, 16).trim() === '1';
}

function ask(path: string, frozen: boolean): void {
  native().writeFile(`${path}/cgroup.freeze`, frozen ? '1' : '0');
}

/** Takes a request back; that the cgroup has gone is fine. */
function takeBack(path: string): void {
  try {
    ask(path, false);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/**
 * Freezes, and waits up to `timeout` milliseconds until all processes have stopped. A failure leaves the cgroup as it was:
 * one that someone else thaws meanwhile is thawed.
 * @throws SystemError of the file that may not be written or has gone, or TsrunError naming what does not stop
 */
export function freeze(path: string, timeout = 10_000): void {
  ask(path, true);
  try {
    waitFrozen(path, timeout);
  } catch (error) {
    takeBack(path);
    throw error;
  }
}

function waitFrozen(path: string, timeout: number): void {
  for (let left = timeout; left > 0; left -= LOOK_AGAIN) {
    if (native().waitCgroupEvent(path, 'frozen', true, Math.min(left, LOOK_AGAIN))) return;
    if (!isFreezing(path)) throw new TsrunError(`freeze ${path}: someone else thawed it meanwhile`);
  }
  throw new TsrunError(`freeze ${path}: not frozen after ${timeout} ms${whatHoldsOut(path)}`);
}

/** The freezer stops what waits for a signal or runs; in an uninterruptible sleep a thread does neither. */
function whatHoldsOut(path: string): string {
  const busy: string[] = [];
  for (const pid of cgroupPids(path)) {
    if (threads(pid).some((thread) => native().processStat(thread)?.state === 'D')) busy.push(String(pid));
  }
  return busy.length === 0 ? '' : `: in an uninterruptible sleep (state D): ${busy.join(' ')}`;
}

function threads(pid: number): number[] {
  try {
    return native().readSubdirectories(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/**
 * Thaws, and waits up to `timeout` milliseconds until it shows.
 * @returns the directory of a cgroup above that is frozen too, so that the processes go on only with it; null otherwise
 */
export function thaw(path: string, timeout = 10_000): string | null {
  ask(path, false);
  const above = frozenAbove(path);
  if (above !== null) return above;
  if (native().waitCgroupEvent(path, 'frozen', false, timeout)) return null;
  // frozen again from above or by someone else: the request of this call is fulfilled
  const since = frozenAbove(path);
  if (since !== null || isFreezing(path)) return since;
  throw new TsrunError(`thaw ${path}: not thawed after ${timeout} ms`);
}

/** The nearest cgroup above that was asked to freeze. */
function frozenAbove(path: string): string | null {
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) {
    try {
      if (isFreezing(parent)) return parent;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // the root of the hierarchy cannot be frozen and has no such file
      return null;
    }
  }
  return null;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Waits until no process is left in the cgroup and below; false after `timeout` milliseconds. A cgroup that is gone is empty. */
export function waitEmpty(path: string, timeout: number): boolean {
  return native().waitCgroupEvent(path, 'populated', false, timeout);
}
