/**
 * Threaded cgroups (Documentation/admin-guide/cgroup-v2.rst, "Threads"): below a cgroup that has both processes and controllers
 * only threaded ones can have processes, and a new one is not threaded before it is told so.
 */
import { native } from '../native.js';

function isInvalid(path: string): boolean {
  return native().readFile(`${path}/cgroup.type`, 64).trim() === 'domain invalid';
}

/**
 * Makes the cgroup at `path`, below `mount`, threaded, and those above it that are in the same case, if it could have no processes
 * otherwise; runc and crun do so too. Without this clone3 would fail with a bare EOPNOTSUPP.
 */
export function joinThreadedDomain(path: string, mount: string): void {
  if (!isInvalid(path)) return;
  let level = mount;
  // from the top: the kernel refuses it below one that is not threaded itself
  for (const part of path.slice(mount.length + 1).split('/')) {
    level = `${level}/${part}`;
    if (isInvalid(level)) native().writeFile(`${level}/cgroup.type`, 'threaded');
  }
}
