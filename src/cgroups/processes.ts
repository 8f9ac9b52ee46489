/** The processes of a cgroup and of all below it. */
import { append } from '../append.js';
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

/** The pids of the threads in a threaded cgroup, which has no list of processes. */
function pidsOfThreads(path: string): string {
  const pids = new Set<string>();
  for (const thread of readList(`${path}/cgroup.threads`).split('\n')) {
    // 0 stands for one of another pid namespace
    if (thread === '' || thread === '0') continue;
    try {
      const pid = /^Tgid:\s*(\d+)$/m.exec(native().readFile(`/proc/${thread}/status`, 1 << 16))?.[1];
      if (pid !== undefined) pids.add(pid);
    } catch (error) {
      // it has ended
      if (!isSystemError(error) || !['ENOENT', 'ESRCH'].includes(error.code)) throw error;
    }
  }
  return [...pids].join('\n');
}

/** A file of a cgroup; empty when that was removed. ENODEV: while it was open. */
function readList(file: string): string {
  try {
    return native().readFile(file, PIDS_MAX);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV')) return '';
    throw error;
  }
}

function ownPids(path: string): string {
  try {
    return readList(`${path}/cgroup.procs`);
  } catch (error) {
    if (isSystemError(error, 'EOPNOTSUPP')) return pidsOfThreads(path);
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
    append(pending, childCgroups(next));
  }
  return [...pids].sort((a, b) => a - b);
}
