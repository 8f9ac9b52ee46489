/** The cgroup that a process of `exec` is born in. */
import { cgroup2Path } from '../cgroups/mount.js';
import { attachProcess } from '../cgroups/systemd.js';
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import type { ContainerState } from '../state/store.js';

/** Where the container's first process is now: if that is below the container's cgroup, or wherever it has been moved. */
export type First = 'below' | 'anywhere';

/**
 * @param asked `--cgroup`: a path below the container's cgroup, `CONTROLLERS:PATH` as for cgroup v1 too
 * @param first not the container's own, but where its first process is now
 * @returns an absolute directory, or '' for a container without a cgroup
 */
export function execCgroupPath(state: ContainerState, asked: string | undefined, first?: First): string {
  if (asked !== undefined) return `${ownCgroup(state)}${below(asked)}`;
  if (state.cgroup === '' || first === undefined) return state.cgroup;
  const path = cgroup2Path(native().readFile(`/proc/${state.pid}/cgroup`, 1 << 20));
  const at = `${mountOf(state.cgroup)}${path}`;
  return first === 'anywhere' || at.startsWith(`${state.cgroup}/`) ? at : state.cgroup;
}

function ownCgroup(state: ContainerState): string {
  if (state.cgroup === '') throw new TsrunError('--cgroup: this container has no cgroup of its own');
  return state.cgroup;
}

function below(asked: string): string {
  const path = asked.includes(':') ? asked.slice(asked.indexOf(':') + 1) : asked;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new TsrunError(`--cgroup: must stay below the container's cgroup, is "${asked}"`);
  return parts.map((part) => `/${part}`).join('');
}

/** The cgroup v2 mount that an absolute cgroup directory lies below. */
function mountOf(path: string): string {
  const unified = '/sys/fs/cgroup/unified';
  return path.startsWith(`${unified}/`) ? unified : '/sys/fs/cgroup';
}

/**
 * Where a process goes that the container's cgroup did not take for this reason; null: nowhere. The container may have made cgroups below its
 * own: then processes can only be where its first one is. Its own may also have gone, with the first process moved elsewhere: then that
 * is the container's.
 */
export function insteadOfOwn(error: unknown): First | null {
  if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV')) return 'anywhere';
  return isSystemError(error, 'EBUSY') ? 'below' : null;
}

/** Moves a process that waits into the cgroup at `path`, which is the container's or below it. */
export function moveInto({ unit }: ContainerState, path: string, pid: number): void {
  try {
    native().writeFile(`${path}/cgroup.procs`, String(pid));
    return;
  } catch (error) {
    // An ordinary user's session is not in the same part of the tree; his service manager may ask the system's to move it.
    if (unit === undefined || !isSystemError(error, 'EACCES')) throw error;
  }
  if (!`${path}/`.startsWith(`${unit.cgroup}/`)) throw new Error(`${path} is not below a unit's cgroup`);
  attachProcess(unit, path.slice(unit.cgroup.length) || '/', pid);
}
