/** The cgroup of a container in the making, whoever makes it: we ourselves, or systemd. */
import { busAddresses } from '../cgroups/bus.js';
import { checkUnused, createCgroup, equipCgroup, type MadeCgroup } from '../cgroups/cgroupfs.js';
import type { SystemdHelper } from '../cgroups/helper.js';
import { cgroup2Path } from '../cgroups/mount.js';
import { childCgroups } from '../cgroups/processes.js';
import { prepareUnit, startUnit, stopUnit, type UnitState } from '../cgroups/systemd.js';
import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import type { CgroupPlan, UnitPlan } from '../plan/plan.js';
import type { ContainerState } from '../state/store.js';

/** What the state says about the cgroup. */
export type CgroupState = Pick<ContainerState, 'cgroup' | 'cgroupBefore' | 'unit'>;

export interface CgroupContext {
  readonly root: string;
  readonly id: string;
  /** The cgroup v2 mount. */
  readonly mount: string;
  /** Writes the state, before something is made that it must tell of. */
  readonly remember: (state: CgroupState) => void;
  readonly warn: (message: string) => void;
}

/** In the order of the calls: `prepare`, the process is made, `enter` if it asks for that. After `undo` nothing is left of it. */
export interface ContainerCgroup {
  /** What is there by now. */
  readonly state: CgroupState;
  /** Known after `prepare`: the process cannot be born in it and has to `enter`, although its plan does not ask for that. */
  readonly late: boolean;
  /** Makes what needs no process. The descriptor, the caller's, of the cgroup in which the first one is to be born, or -1. */
  prepare(): number;
  /** Puts the process, which waits before its first step, where it belongs. */
  enter(pid: number): void;
  /** The processes have been killed. */
  undo(): void;
}

/** @param plan null: the container stays in our own */
export function containerCgroup(plan: CgroupPlan | null, context: CgroupContext): ContainerCgroup {
  if (plan === null) return new NoCgroup(context);
  return plan.unit === undefined ? new OwnCgroup(plan, context) : new UnitCgroup(plan, plan.unit, context);
}

class NoCgroup implements ContainerCgroup {
  readonly late = false;
  readonly state: CgroupState = { cgroup: '' };
  private readonly context: CgroupContext;

  constructor(context: CgroupContext) {
    this.context = context;
  }
  prepare(): number {
    this.context.remember(this.state);
    return -1;
  }
  enter(): void {
    throw new Error('there is no cgroup to enter');
  }
  undo(): void {
    // nothing was made
  }
}

/** One that was there before us, and stays: with what was in it. */
function foundCgroup(path: string): CgroupState {
  return { cgroup: path, cgroupBefore: childCgroups(path).map((child) => child.slice(path.length + 1)) };
}

/** Made through the file system, complete, before there is a process. */
class OwnCgroup implements ContainerCgroup {
  state: CgroupState = { cgroup: '' };
  late = false;
  private made: MadeCgroup | null = null;
  private readonly plan: CgroupPlan;
  private readonly context: CgroupContext;

  constructor(plan: CgroupPlan, context: CgroupContext) {
    this.plan = plan;
    this.context = context;
  }

  prepare(): number {
    // Remembered first: what a killed `create` leaves behind can be found and removed.
    // Only if it is not somebody else's: then `delete` would end their processes.
    const path = this.context.mount + this.plan.path;
    const there = native().lstat(path) !== null;
    if (there) checkUnused(path);
    this.state = there ? foundCgroup(path) : { cgroup: path };
    this.context.remember(this.state);
    this.made = createCgroup(this.plan, this.context.mount);
    if (this.made?.existed === true && !there) {
      // somebody made it just now
      this.state = foundCgroup(path);
      this.context.remember(this.state);
    }
    if (this.made === null) {
      this.state = { cgroup: '' };
      return -1;
    }
    for (const warning of this.made.warnings) this.context.warn(warning);
    this.late = this.made.existed;
    return this.made.fd;
  }

  enter(pid: number): void {
    native().writeFile(`${this.state.cgroup}/cgroup.procs`, String(pid));
  }

  undo(): void {
    this.made?.undo();
  }
}

/**
 * Made by systemd around a process, which therefore waits before its first step. Below the unit's cgroup, which is systemd's, lies
 * the container's own (unless the config wants none), which is ours: it holds every limit, exactly, and no reload changes it.
 */
class UnitCgroup implements ContainerCgroup {
  state: CgroupState;
  /** The plan asks for it. */
  readonly late = false;
  private readonly unit: UnitState;
  private helper: SystemdHelper | undefined;
  private begun = false;

  private readonly plan: CgroupPlan;
  private readonly unitPlan: UnitPlan;
  private readonly context: CgroupContext;

  constructor(plan: CgroupPlan, unitPlan: UnitPlan, context: CgroupContext) {
    this.plan = plan;
    this.unitPlan = unitPlan;
    this.context = context;
    const { name, slice, user, properties } = unitPlan;
    const given = properties.find((property) => property.name === 'Description')?.value;
    const description = typeof given === 'string' ? given : `tsrun container ${context.id} (${context.root})`;
    this.unit = { name, slice, description, bus: busAddresses(user), cgroup: '' };
    this.state = { cgroup: '', unit: this.unit };
  }

  prepare(): number {
    this.helper = prepareUnit();
    this.context.remember(this.state);
    return -1;
  }

  enter(pid: number): void {
    const { mount, warn } = this.context;
    this.begun = true;
    startUnit(this.unitPlan, this.unit, pid, this.helper);
    const scope = cgroup2Path(native().readFile(`/proc/${pid}/cgroup`, 1 << 20));
    if (!scope.endsWith(`/${this.unit.name}`)) {
      throw new TsrunError(`unit ${this.unit.name} in ${this.unit.slice}: systemd left the container's process in cgroup ${scope}`);
    }
    const path = this.unitPlan.subgroup === '' ? scope : `${scope}/${this.unitPlan.subgroup}`;
    this.state = { cgroup: mount + path, unit: { ...this.unit, cgroup: mount + scope } };
    this.context.remember(this.state);
    if (path !== scope) {
      native().mkdir(mount + path, 0o755);
      // before controllers are enabled for it: only a cgroup without processes can do that
      native().writeFile(`${mount + path}/cgroup.procs`, String(pid));
    }
    const { fd, warnings } = equipCgroup({ ...this.plan, path }, mount);
    native().close(fd);
    for (const warning of warnings) warn(warning);
  }

  undo(): void {
    this.helper?.close();
    if (this.begun) stopUnit(this.unit);
  }
}
