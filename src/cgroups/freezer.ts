/** The core's `cgroup.freeze` and `cgroup.events` (Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files"). */
import { TsrunError } from '../errors.js';
import { native } from '../native.js';

const EVENTS_MAX = 4096;

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

/** Freezes or thaws, and waits up to `timeout` milliseconds until it is so. */
export function setFrozen(path: string, frozen: boolean, timeout = 10_000): void {
  native().writeFile(`${path}/cgroup.freeze`, frozen ? '1' : '0');
  if (native().waitCgroupEvent(path, 'frozen', frozen, timeout)) return;
  // a process in an uninterruptible sleep holds it up: leave nothing half done
  if (frozen) native().writeFile(`${path}/cgroup.freeze`, '0');
  throw new TsrunError(`${path}: not ${frozen ? 'frozen' : 'thawed'} after ${timeout} ms`);
}

/** Waits until no process is left in the cgroup and below; false after `timeout` milliseconds. A cgroup that is gone is empty. */
export function waitEmpty(path: string, timeout: number): boolean {
  return native().waitCgroupEvent(path, 'populated', false, timeout);
}
