/**
 * The plan of a whole container: what `create` does, in order. Read top to bottom it is the container's table of contents;
 * each topic has its own file.
 */
import { TsrunError } from '../errors.js';
import { isNewNamespace } from '../spec/rules/namespaces.js';
import type { Hook, IdMapping, Spec } from '../spec/types.js';
import { EVERY_CPU } from './affinity.js';
import { planCgroup, type CgroupManager } from './cgroups.js';
import type { Host } from './host.js';
import { namespaceOf, planNamespaces, userNamespaceKind } from './namespaces.js';
import { planNetDevices } from './net-devices.js';
import { withNotify } from './notify.js';
import type { Plan, SeccompPlan, Slot } from './plan.js';
import { NO_CONFINEMENT, planEnvironment, planProcess, type ProcessContext, type ProcessPlan } from './process.js';
import { planRootfs, planRootfsEnd } from './rootfs.js';
import { planSeccomp } from './seccomp.js';
import type { Step } from './steps.js';

type HookStep = Extract<Step, { op: 'hook' }>;

export interface PlanOptions {
  readonly id: string;
  /** Absolute path. */
  readonly bundle: string;
  readonly cgroupManager: CgroupManager;
  readonly noPivot: boolean;
  /** Name of the session keyring it gets, which nobody else can know; null: the caller's. */
  readonly keyring: string | null;
  /** A filter lets through what comes after it (`callsAfter`): asked for where `joinsOthers`. */
  readonly filterFirst: boolean;
  /** Descriptors from 3 on that go to the program. */
  readonly preserveFds: number;
  /** Further ones, by the LISTEN_FDS protocol (man 3 sd_listen_fds). */
  readonly listenFds: number;
  /** The directory on the host with the socket for sd_notify(3); empty: none. */
  readonly notify: string;
}

/** The slot of the socket that a waiting init listens on. Native code looks for it in slot 0. */
export const START_SLOT = 'start';
/** The slot of the socket that a terminal's master is sent over. */
export const CONSOLE_SLOT = 'console';
/** The slot of the compiled seccomp filter. */
export const SECCOMP_SLOT = 'seccomp';

/** The slot of the connection that the descriptor of SCMP_ACT_NOTIFY goes over. */
export const LISTENER_SLOT = 'seccomp.listener';

/** Pure: the same spec, host and options give the same plan. */
export function planCreate(config: Spec, host: Host, options: PlanOptions): Plan {
  const spec = withNotify(config, options.notify);
  const user = userNamespaceKind(spec);
  const context = {
    bundle: options.bundle,
    host,
    userNamespace: user,
    cgroupNamespace: namespaceOf(spec, 'cgroup') !== undefined,
    networkNamespace: namespaceOf(spec, 'network') !== undefined,
    mountNamespace: namespaceOf(spec, 'mount') !== undefined,
    noPivot: options.noPivot,
  };
  const cgroup = planCgroup(spec, options.id, host, options.cgroupManager);
  const namespaces = planNamespaces(spec, host);
  if (namespaces.lastFork && user === 'new' && (spec.hooks?.createContainer ?? []).length > 0)
    throw new TsrunError('/hooks/createContainer: cannot run with a new user namespace in a given pid namespace');
  const begin = planRootfs(spec, context);
  const linux = spec.linux ?? {};
  const netDevices = planNetDevices(linux, host);
  const seccomp = linux.seccomp === undefined ? null : planSeccomp(linux.seccomp, host);
  const process =
    spec.process === undefined
      ? null
      : planProcess(withListenFds(spec.process, options.listenFds), {
          host,
          userNamespace: user,
          setgroupsDenied: user === 'new' && deniesSetgroups(spec, host),
          limits: user === 'none' ? 'self' : 'host',
          seccomp: seccompStep(seccomp),
          birth: !namespaces.lastFork ? 'alone' : options.filterFirst && spec.process.noNewPrivileges !== true ? 'filtered' : 'unfiltered',
          start: START_SLOT,
          personality: linux.personality,
          memoryPolicy: linux.memoryPolicy,
          preserved: options.preserveFds + options.listenFds,
        });

  // An ordinary user's id maps are written by helpers that ask who owns /proc/PID: there init hides once that is done. So too below a
  // user namespace: the maps of one that hides belong to the machine's root (kernel: task_dump_owner), whom the runtime is not.
  const hide: Step[] = [{ op: 'undumpable' }];
  const mapped = namespaces.idMaps !== null && (host.euid !== 0 || host.inUserNamespace);
  const terminal = spec.process?.terminal === true;
  const hooks = spec.hooks ?? {};
  const slots: Slot[] = [
    { name: START_SLOT, open: 'listen' },
    ...(terminal ? [{ name: CONSOLE_SLOT, open: 'console' } as const] : []),
    ...seccompSlots(seccomp, namespaces.lastFork),
    ...namespaces.slots,
    ...begin.slots,
  ];
  const load = process === null ? [] : [process.seal, ...process.load];
  const enter: Step[] = namespaces.lastFork ? [{ op: 'enterPidNamespace', terminal, start: START_SLOT }] : [];
  const steps: Step[] = [
    // systemd takes a process into its unit, so init waits until it is where it belongs
    ...(cgroup?.unit === undefined ? [] : [{ op: 'ask', what: 'cgroup' } as const]),
    ...(mapped ? [] : hide),
    EVERY_CPU,
    ...namespaces.steps,
    ...(mapped ? hide : []),
    ...(netDevices.length === 0 ? [] : [{ op: 'ask', what: 'netDevices' } as const]),
    ...filterSteps(seccomp),
    ...keyringSteps(options.keyring, true),
    // one that was given is somebody else's
    ...(isNewNamespace(spec.linux, 'network') ? [{ op: 'loopback' } as const] : []),
    ...(spec.hostname === undefined || spec.hostname === '' ? [] : [{ op: 'hostname', name: spec.hostname } as const]),
    ...(spec.domainname === undefined || spec.domainname === '' ? [] : [{ op: 'domainname', name: spec.domainname } as const]),
    ...begin.steps,
    ...(terminal ? [consoleStep(spec)] : []),
    ...(namespaces.lastFork ? [] : [{ op: 'session', terminal } as const]),
    ...runtimeHookSteps(spec),
    ...createContainerSteps(hooks.createContainer, planEnvironment(spec.process?.env ?? []).env),
    ...planRootfsEnd(spec, context, begin.late),
    // What is not needed any more is not to be seen: nothing of the host's mounts and hooks.
    ...namespaces.lastJoin,
    ...(namespaces.lastFork ? [{ op: 'forget' } as const] : []),
    ...(process?.before ?? []),
    // Where others are in the pid namespace, the filter comes before they can see us; else as late as possible.
    ...(process?.ask ?? []),
    ...(process?.when === 'hidden' ? load : []),
    ...enter,
    ...(process?.when === 'waiting' ? load : []),
    { op: 'ready' },
    ...startContainerSteps(hooks.startContainer, process),
    { op: 'begin' },
    ...(process?.when === 'last' ? load : []),
    { op: 'exec' },
  ];
  return {
    slots,
    trees: begin.trees,
    devices: begin.devices,
    netDevices,
    cloneFlags: namespaces.cloneFlags,
    idMaps: namespaces.idMaps,
    timeOffsets: namespaces.timeOffsets,
    cgroup,
    oomScoreAdj: spec.process?.oomScoreAdj ?? null,
    hostLimits: process?.hostLimits ?? [],
    seccomp,
    steps,
    warnings: [...(cgroup?.warnings ?? []), ...(process?.warnings ?? [])],
  };
}

/** What `planProcess` needs to know of a filter. */
export function seccompStep(seccomp: SeccompPlan | null): ProcessContext['seccomp'] {
  if (seccomp === null) return null;
  return {
    flags: seccomp.flags,
    listener: seccomp.listener === null ? '' : LISTENER_SLOT,
    mayBlockReport: seccomp.mayBlockReport,
  };
}

/** Reads the filter: its file is the host's, and not to be held any longer than needed. */
export function filterSteps(seccomp: SeccompPlan | null): Step[] {
  return seccomp === null ? [] : [{ op: 'filter', slot: SECCOMP_SLOT }];
}

/** @param fresh it is the container's first process: nobody has that keyring yet */
export function keyringSteps(name: string | null, fresh: boolean): Step[] {
  return name === null ? [] : [{ op: 'keyring', name, fresh }];
}

/**
 * The filter, and the connection for its listener: made on the host's side, before any namespace changes.
 * @param handsOver the listener goes to the runtime, which has the connection
 */
export function seccompSlots(seccomp: SeccompPlan | null, handsOver: boolean): Slot[] {
  if (seccomp === null) return [];
  const slots: Slot[] = [{ name: SECCOMP_SLOT, open: 'seccomp' }];
  if (seccomp.listener !== null && !handsOver) slots.push({ name: LISTENER_SLOT, open: 'connect', path: seccomp.listener.path });
  return slots;
}

function consoleStep(spec: Spec): Step {
  return {
    op: 'console',
    slot: CONSOLE_SLOT,
    rows: spec.process?.consoleSize?.height ?? 0,
    columns: spec.process?.consoleSize?.width ?? 0,
    uid: spec.process?.user?.uid ?? 0,
    bind: true,
  };
}

/** Init asks the runtime to run its hooks, and gets the container's state for its own in the answer. */
function runtimeHookSteps(spec: Spec): Step[] {
  const { prestart = [], createRuntime = [], createContainer = [] } = spec.hooks ?? {};
  return prestart.length + createRuntime.length + createContainer.length === 0 ? [] : [{ op: 'ask', what: 'createRuntime' }];
}

/** Hooks that init runs itself, in the container's namespaces. Without an environment of its own a hook has the program's. */
function hookStep(kind: 'createContainer' | 'startContainer', { path, args = [], env = [], timeout = 0 }: Hook, index: number): HookStep {
  return { op: 'hook', kind, index, path, args, env, timeout: timeout * 1000, programEnv: false, inRoot: false, ...NO_CONFINEMENT };
}

/** The programs are the runtime's, and begin in the root file system, which is not our root yet. */
function createContainerSteps(hooks: readonly Hook[] | undefined, environment: readonly string[]): Step[] {
  return (hooks ?? []).map((hook, index) => ({ ...hookStep('createContainer', { env: environment, ...hook }, index), inRoot: true }));
}

/** The programs are the container's: confined as its own. */
function startContainerSteps(hooks: readonly Hook[] | undefined, process: ProcessPlan | null): Step[] {
  return (hooks ?? []).map((hook, index) => ({
    ...hookStep('startContainer', hook, index),
    programEnv: hook.env === undefined && process !== null,
    ...process?.confinement,
  }));
}

/**
 * Whether an ordinary user writes the group map himself, for which the kernel wants setgroups(2) denied; newgidmap, which
 * writes all longer maps, does not (man 7 user_namespaces).
 */
export function deniesSetgroups(spec: Spec, host: Host): boolean {
  return host.euid !== 0 && !needsHelpers(spec, host);
}

/** Whether newuidmap and newgidmap must write the maps: an ordinary user may map nothing but his own ids himself. */
export function needsHelpers(spec: Spec, host: Host): boolean {
  if (host.euid === 0) return false;
  const { uidMappings: uids = [], gidMappings: gids = [] } = spec.linux ?? {};
  const own = (mappings: readonly IdMapping[], id: number) =>
    mappings.length === 0 || (mappings.length === 1 && mappings[0]?.size === 1 && mappings[0].hostID === id);
  return !own(uids, host.euid) || !own(gids, host.egid);
}

function withListenFds(process: NonNullable<Spec['process']>, count: number): NonNullable<Spec['process']> {
  if (count === 0) return process;
  return { ...process, env: [...(process.env ?? []), `LISTEN_FDS=${count}`, 'LISTEN_PID=1'] };
}
