/** `cgroup.kill` (Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files"), and what does its work where there is none. */
import { isSystemError } from '../errors.js';
import { native } from '../native.js';
import { isPopulated } from './freezer.js';
import { cgroupPids } from './processes.js';

const SIGKILL = 9;

/** How often a threaded cgroup is looked at again for processes that were made meanwhile. */
const ROUNDS = 100;

function killOne(pid: number): void {
  try {
    const pidfd = native().pidfdOpen(pid);
    try {
      native().signal(pidfd, SIGKILL);
    } finally {
      native().close(pidfd);
    }
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}

/** A threaded cgroup has no cgroup.kill: frozen first, so that its processes make no others, then each by its pid. */
function killThreaded(path: string): void {
  native().writeFile(`${path}/cgroup.freeze`, '1');
  try {
    for (let round = 0; round < ROUNDS && isPopulated(path); round++) {
      const pids = cgroupPids(path);
      if (pids.length === 0) return;
      for (const pid of pids) killOne(pid);
      if (native().waitCgroupEvent(path, 'populated', false, 20)) return;
    }
  } finally {
    native().writeFile(`${path}/cgroup.freeze`, '0');
  }
}

/** SIGKILL to every process of the cgroup and below at once, also to frozen ones; a cgroup that is gone is fine. */
export function killCgroup(path: string): void {
  try {
    try {
      native().writeFile(`${path}/cgroup.kill`, '1');
    } catch (error) {
      if (!isSystemError(error, 'EOPNOTSUPP')) throw error;
      killThreaded(path);
    }
  } catch (error) {
    if (!isSystemError(error) || !['ENOENT', 'ENODEV'].includes(error.code)) throw error;
  }
}
