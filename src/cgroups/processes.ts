/** The processes of a cgroup and of all below it. */
import { isSystemError } from '../errors.js';
import { native } from '../native.js';

/** Room for the pids of a million processes. */
const PIDS_MAX = 8 << 20;

/** The cgroup's own sub-cgroups as absolute paths; none when it is gone. */
export function childCgroups(path: string): string[] {
  try {
    return native()
      .readSubdirectories(path)
      .map((name) => `${path}/${name}`);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

function ownPids(path: string): string {
  try {
    return native().readFile(`${path}/cgroup.procs`, PIDS_MAX);
  } catch (error) {
    // a threaded cgroup has threads only: the processes are its domain's. ENODEV: removed while it was open
    if (isSystemError(error) && ['EOPNOTSUPP', 'ENOENT', 'ENODEV'].includes(error.code)) return '';
    throw error;
  }
}

/** Pids in the cgroup at `path` and below, in our pid namespace, without those that are not visible in it; sorted. */
export function cgroupPids(path: string): number[] {
  const pids = new Set<number>();
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const line of ownPids(next).split('\n')) {
      // 0 stands for a process of another pid namespace
      if (line !== '' && line !== '0') pids.add(Number(line));
    }
    pending.push(...childCgroups(next));
  }
  return [...pids].sort((a, b) => a - b);
}

/** SIGKILL to every process of the cgroup and below at once, also to frozen ones; a cgroup that is gone is fine. */
export function killCgroup(path: string): void {
  try {
    native().writeFile(`${path}/cgroup.kill`, '1');
  } catch (error) {
    if (!isSystemError(error) || !['ENOENT', 'ENODEV'].includes(error.code)) throw error;
  }
}
