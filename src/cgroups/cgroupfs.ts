/** Makes the container's cgroup through the file system: complete, with all limits, before any process is in it. */
import { isSystemError, TsrunError } from '../errors.js';
import { native } from '../native.js';
import type { CgroupPlan } from '../plan/plan.js';
import { enableControllers } from './controllers.js';
import { isFreezing, isFrozen, isPopulated } from './freezer.js';
import { cgroupPids } from './processes.js';
import { joinThreadedDomain } from './threaded.js';
import { writeResources } from './write.js';

export interface MadeCgroup {
  /** The cgroup's absolute directory. */
  readonly path: string;
  /** It, open, for clone3(2) with CLONE_INTO_CGROUP; the caller closes it. */
  readonly fd: number;
  /** What was left out, in words. */
  readonly warnings: readonly string[];
  /** It was there before. */
  readonly existed: boolean;
  /** Removes what was made, the descriptor excepted. The processes must be gone. Never throws. */
  undo(): void;
}

/** mkdir; false when it is there already. */
function make(path: string): boolean {
  try {
    native().mkdir(path, 0o755);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    // without a right to write below, mkdir says EACCES, EPERM or EROFS even for what exists
    if (isSystemError(error) && native().stat(path)?.kind === 'directory') return false;
    throw error;
  }
}

/** A cgroup that was there before must look like a new one: without processes, and not frozen. */
export function checkUnused(path: string): void {
  if (isPopulated(path)) throw new TsrunError(`container's cgroup is not empty: ${cgroupPids(path).length} process(es) found in ${path}`);
  if (isFreezing(path)) throw new TsrunError(`container's cgroup unexpectedly frozen: ${path}`);
}

/** Every directory from the mount down to the cgroup, with its controllers. Notes in `made` what was not there before. */
function makeTree(plan: CgroupPlan, mount: string, made: string[]): string {
  const needed = new Set(plan.writes.map(({ controller }) => controller));
  let path = mount;
  for (const part of plan.path.split('/').slice(1)) {
    enableControllers(path, plan.controllers, needed);
    path = `${path}/${part}`;
    if (make(path)) made.push(path);
  }
  return path;
}

/** Hands the cgroup to its owner: the directory and what the kernel lists for it, nothing else (cgroups(7), "Cgroup delegation"). */
function delegate(path: string, { uid, gid }: NonNullable<CgroupPlan['owner']>): void {
  const files = native().readFile('/sys/kernel/cgroup/delegate', 4096).split('\n');
  for (const file of ['', ...files.filter((name) => name !== '').map((name) => `/${name}`)]) {
    try {
      native().chown(path + file, uid, gid);
    } catch (error) {
      // files of controllers that this cgroup does not have
      if (file === '' || !isSystemError(error, 'ENOENT')) throw error;
    }
  }
}

/** Attaches the device filter; the text of a warning where the kernel forbids it and the plan can do without. */
function filterDevices(plan: CgroupPlan, fd: number): string[] {
  if (plan.deviceFilter === null) return [];
  try {
    native().attachDeviceFilter(fd, plan.deviceFilter);
    return [];
  } catch (error) {
    if (plan.deviceFilterOptional === false || !(isSystemError(error, 'EPERM') || isSystemError(error, 'EACCES'))) throw error;
    if (plan.deviceFilterOptional === 'silent') return [];
    return [`/linux/resources/devices: left out, the kernel refuses device filters here: ${error.message}`];
  }
}

function removeMade(made: readonly string[]): void {
  for (const path of made.toReversed()) {
    try {
      native().rmdir(path);
    } catch {
      // another container has moved in, or it is gone
    }
  }
}

/** A parent can go between its mkdir and that of its child, when another caller removes it: then from the top again. */
function makeTreeAgain(plan: CgroupPlan, mount: string, made: string[]): string {
  for (let attempt = 1; ; attempt++) {
    try {
      return makeTree(plan, mount, made);
    } catch (error) {
      if (attempt === 100 || !isSystemError(error) || !['ENOENT', 'ENODEV'].includes(error.code)) throw error;
    }
  }
}

/** Refusals that mean: this caller may not make cgroups there. */
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Gives a cgroup that is there, at `path` below `mount`, what the plan says: controllers on the way to it, limits, device
 * filter, owner. The caller closes the descriptor.
 */
export function equipCgroup(plan: CgroupPlan, mount: string): Omit<MadeCgroup, 'undo' | 'existed'> {
  const path = makeTree(plan, mount, []);
  writeResources(path, plan.writes);
  const fd = native().openCgroup(path);
  try {
    const warnings = filterDevices(plan, fd);
    if (plan.owner) delegate(path, plan.owner);
    return { path, fd, warnings };
  } catch (error) {
    native().close(fd);
    throw error;
  }
}

/**
 * Makes the cgroup of `plan` below `mount` (the cgroup v2 mount): directories, controllers, limits, device filter, owner.
 * A failure leaves nothing behind. null: the caller may not make it, and the plan can do without (`plan.optional`).
 */
export function createCgroup(plan: CgroupPlan, mount: string): MadeCgroup | null {
  const made: string[] = [];
  let fd = -1;
  try {
    const path = makeTreeAgain(plan, mount, made);
    if (!made.includes(path)) checkUnused(path);
    joinThreadedDomain(path, mount);
    // its parent may be: then the container's first process would not take a step
    if (isFrozen(path)) throw new TsrunError(`container's cgroup unexpectedly frozen: ${path}`);
    writeResources(path, plan.writes);
    fd = native().openCgroup(path);
    const warnings = filterDevices(plan, fd);
    if (plan.owner) delegate(path, plan.owner);
    return { path, fd, warnings, existed: !made.includes(path), undo: () => removeMade(made) };
  } catch (error) {
    if (fd >= 0) native().close(fd);
    removeMade(made);
    if (!isSystemError(error)) throw error;
    if (FORBIDDEN.has(error.code) && plan.optional) return null;
    throw new TsrunError(`make cgroup ${plan.path}: ${error.message}`, { cause: error });
  }
}
