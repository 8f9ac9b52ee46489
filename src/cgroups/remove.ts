/** Removing a cgroup with all below it. */
import { isSystemError, TsrunError } from '../errors.js';
import { native } from '../native.js';
import { DEFAULT_PARENT } from './default.js';
import { waitEmpty } from './freezer.js';
import { cgroupPids, childCgroups } from './processes.js';
import { sleep } from './sleep.js';

function gone(error: unknown): boolean {
  return isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV');
}

/** Removes it, deepest first; what someone else removed meanwhile is fine. Throws EBUSY while there are processes. */
function removeTree(path: string): void {
  try {
    native().rmdir(path);
    return;
  } catch (error) {
    if (gone(error)) return;
    if (!isSystemError(error, 'EBUSY')) throw error;
  }
  for (const child of childCgroups(path)) removeTree(child);
  try {
    native().rmdir(path);
  } catch (error) {
    if (!gone(error)) throw error;
  }
}

/**
 * Removes the cgroup at `path` (absolute, below the mount) with its sub-cgroups; nothing there is success. Processes that
 * are about to end get `timeout` milliseconds to do so.
 */
export function removeCgroup(path: string, timeout = 5000): void {
  const tries = 8;
  for (let attempt = 1; ; attempt++) {
    try {
      removeTree(path);
      return;
    } catch (error) {
      if (!isSystemError(error, 'EBUSY')) throw error;
      if (!waitEmpty(path, timeout)) {
        throw new TsrunError(`remove cgroup ${path}: it still has processes: ${cgroupPids(path).join(' ')}`, { cause: error });
      }
      if (attempt >= tries) throw error;
    }
    // empty and still busy: someone puts processes in, or the kernel is not done with the last one
    sleep(2 ** attempt);
  }
}

/**
 * Leaves the cgroup at `path`, which was there before the container, and the cgroups in it that were, by name; removes those
 * that have come since.
 */
export function emptyCgroup(path: string, before: readonly string[], timeout = 5000): void {
  for (const child of childCgroups(path)) {
    if (!before.includes(child.slice(path.length + 1))) removeCgroup(child, timeout);
  }
}

/** The parent of the containers that name no cgroup goes with the last of them; createCgroup makes it again. */
export function removeDefaultParent(path: string): void {
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (!parent.endsWith(DEFAULT_PARENT)) return;
  try {
    native().rmdir(parent);
  } catch {
    // there are others
  }
}
