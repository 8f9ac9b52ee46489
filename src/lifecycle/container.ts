/** The birth of a container, up to the point where it waits to be started: what `create` and `run` have in common. */
import { waitEmpty } from '../cgroups/freezer.js';
import { killCgroup } from '../cgroups/kill.js';
import { TsrunError } from '../errors.js';
import { installation, launch } from '../launch.js';
import { native } from '../native.js';
import { deniesSetgroups, needsHelpers, planCreate } from '../plan/create.js';
import { encodeSteps } from '../plan/encode.js';
import { waiting } from '../plan/waiting.js';
import { joinsOthers } from '../plan/namespaces.js';
import { callsAfter, planSeccomp } from '../plan/seccomp.js';
import type { Host } from '../plan/host.js';
import type { Plan } from '../plan/plan.js';
import { stepName } from '../plan/step-name.js';
import type { Spec } from '../spec/types.js';
import { readHost } from '../state/host.js';
import { userName } from '../state/owner.js';
import { hookState, processState } from '../state/report.js';
import { createStateDirectory, startSocketPath, statePath, writeCgroupNote, writeState, type ContainerState } from '../state/store.js';
import { trace, tracing } from '../trace.js';
import { readBundle, type Bundle } from './bundle.js';
import { containerCgroup, type ContainerCgroup } from './cgroup.js';
import { openConsole, type Console } from './console.js';
import { childOf, converse, endInit, type Child } from './converse.js';
import { makeDevice } from './devices.js';
import { runAllHooks, runHooks } from './hooks.js';
import { setLimits } from './limits.js';
import type { CreateOptions } from './options.js';
import { NetDevices } from './net-devices.js';
import { notifyDirectory, notifyHostFor } from './notify.js';
import { ListenerCourier } from './listener.js';
import { openSlots, type OpenSlots } from './slots.js';
import { Trees, mapNumber, treeNumber } from './trees.js';
import { Undo } from './undo.js';

/** A container that is made and waits. The caller lets it go (`create`) or tells it to begin (`run`). */
export interface MadeContainer {
  readonly child: Child;
  readonly state: ContainerState;
  readonly spec: Spec;
  readonly plan: Plan;
  /** The master of the terminal in the foreground, or -1. */
  readonly terminal: number;
  /** Everything done so far; run it when something fails, forget it when all is well. */
  readonly undo: Undo;
  /** From now on hooks run, or may have: undoing includes the poststop hooks. */
  readonly hooksBegin: () => void;
  /** From now on programs of the container's run: what they may have changed is not undone. */
  readonly programsBegin: () => void;
  /** Releases the lock and our descriptors; the container stays. */
  close(): void;
}

/** Name of the file below the state root that holds compiled seccomp filters; no container can have this name. */
export const SECCOMP_CACHE = '=seccomp';

/** Milliseconds that the processes get to end after SIGKILL. */
const KILL_TIMEOUT = 10_000;

/** What is known before anything is done. */
interface Decided {
  readonly bundle: Bundle;
  readonly host: Host;
  readonly plan: Plan;
  /** Name of its session keyring; null: the caller's. */
  readonly keyring: string | null;
  /** Descriptors from 3 on that the program gets. */
  readonly preserved: number;
  /** The caller's NOTIFY_SOCKET, if it is to hear from the container; or empty. */
  readonly notify: string;
}

/** Reads and plans; refuses what cannot be. */
function decide(options: CreateOptions): Decided {
  const listenFds = listenFdCount(options.warn);
  const preserved = (options.preserveFds ?? 0) + listenFds;
  checkPreserved(preserved);
  const bundle = readBundle(options.bundle, options.config, options.untrusted);
  const host = readHost(bundle.spec);
  const notify = notifyHostFor(bundle.spec, options.warn);
  const keyring = options.noNewKeyring === true ? null : keyringName(options.id);
  const plan = planCreate(bundle.spec, host, {
    id: options.id,
    bundle: bundle.path,
    cgroupManager: options.cgroupManager,
    noPivot: options.noPivot === true,
    keyring,
    filterFirst: filterComesFirst(bundle.spec, host),
    preserveFds: options.preserveFds ?? 0,
    listenFds,
    notify: notify === '' ? '' : notifyDirectory(statePath(options.root, options.id)),
  });
  trace(
    () => `the plan has ${plan.steps.length} steps, ${plan.slots.length} descriptors, the cgroup ${plan.cgroup?.path ?? 'that we are in'}`,
  );
  for (const warning of [...bundle.warnings, ...plan.warnings]) options.warn(warning);
  return { bundle, host, plan, keyring, preserved, notify };
}

/** Known to nobody else: whoever knows the name of a session keyring may join it, or be there first. */
function keyringName(id: string): string {
  return `_ses.${id}.${native().readFile('/proc/sys/kernel/random/uuid', 64).trim()}`;
}

/** Whether a filter may come before the last fork of a process that enters a pid namespace with others in it; false where none is asked for. */
function filterComesFirst(spec: Spec, host: Host): boolean {
  if (!joinsOthers(spec) || spec.linux?.seccomp === undefined || spec.process?.noNewPrivileges === true) return false;
  const planned = planSeccomp(spec.linux.seccomp, host);
  const calls = callsAfter(planned, {
    terminal: spec.process?.terminal === true,
    waits: true,
    hooks: (spec.hooks?.startContainer ?? []).length > 0,
  });
  return native().seccompAllows(native().compileSeccomp(planned.request), calls);
}

/**
 * Signals do not end us from here on, but what is waited for (`endAtSignals`): the caller sees to the end of that.
 *
 * @param foreground we stay with the container: its terminal may be ours
 * @throws TsrunError; nothing is left behind then
 */
export function makeContainer(options: CreateOptions, foreground: boolean): MadeContainer {
  const decided = decide(options);
  const { bundle, plan } = decided;
  const console = openConsole(bundle.spec.process?.terminal === true, options.consoleSocket, foreground);
  // From here on there is something to undo.
  const undo = new Undo();
  undo.add(() => {
    console.close();
  });
  try {
    const record = claim(options, decided, undo);
    native().endAtSignals(true);
    const courier = new ListenerCourier(plan, (pid) => listenerMessage({ ...record.state(), pid, exe: child.exe }, plan));
    undo.add(() => {
      courier.close();
    });
    const netDevices = new NetDevices(plan.netDevices);
    // Undone when the processes have ended.
    undo.add(() => {
      netDevices.undo();
    });
    const child = bear(options, decided, record, console, undo);
    // While init works, what only we need.
    if (record.cgroup.state.cgroup !== '') writeCgroupNote(record.path, record.cgroup.state);
    native().writeFileAtomic(`${record.path}/config.json`, bundle.text, 0o600);
    if (plan.oomScoreAdj !== null) setOomScoreAdj(child.pid, plan.oomScoreAdj);
    const state = accompany(child, decided, record, { courier, netDevices }, undo);
    const { hooksBegin } = record;
    const programsBegin = (): void => {
      netDevices.keep();
    };
    const close = (): void => {
      netDevices.close();
      record.close();
    };
    const made = { child, state, spec: bundle.spec, plan, undo, hooksBegin, programsBegin, close, terminal: console.receive() };
    console.close();
    return made;
  } catch (error) {
    undo.run();
    throw error;
  }
}

/** The container's place among the others: its directory, which is locked, and what is written there. */
interface Record {
  /** The state directory. */
  readonly path: string;
  readonly cgroup: ContainerCgroup;
  /** As it was last written. */
  readonly state: () => ContainerState;
  readonly hooksBegin: () => void;
  /** Descriptors to close in the end. */
  readonly descriptors: number[];
  readonly close: () => void;
}

/** Takes the id, and remembers it. */
function claim(options: CreateOptions, { bundle, host, plan, keyring, notify }: Decided, undo: Undo): Record {
  const directory = createStateDirectory(options.root, options.id);
  const { path } = directory;
  const descriptors = [directory.lock];
  const close = (): void => {
    for (const fd of descriptors.splice(0)) native().close(fd);
  };
  undo.add(close);
  // What begins with hooks ends with hooks: after everything else is gone, as in `delete`.
  let poststop = (): void => undefined;
  undo.add(() => {
    poststop();
  });
  undo.add(() => {
    native().removeTree(path);
  });
  let state = newState(options, bundle, host, keyring);
  if (notify !== '') {
    state = { ...state, notify };
    native().mkdir(notifyDirectory(path), 0o755);
  }
  const cgroup = containerCgroup(plan.cgroup, {
    root: options.root,
    id: options.id,
    mount: host.cgroupMount ?? '',
    remember: (now) => {
      state = { ...state, ...now };
      writeState(path, state);
    },
    warn: options.warn,
  });
  const hooksBegin = (): void => {
    poststop = () => {
      runAllHooks('poststop', bundle.spec.hooks?.poststop, hookState(state, 'stopped'), bundle.path, options.warn);
    };
  };
  return { path, cgroup, descriptors, close, hooksBegin, state: () => ({ ...state, ...cgroup.state }) };
}

/** Makes the cgroup, as far as it can be made without a process, and the process. */
function bear(options: CreateOptions, { plan, preserved }: Decided, record: Record, console: Console, undo: Undo): Child {
  const { cgroup, descriptors } = record;
  undo.add(() => {
    cgroup.undo();
  });
  const directory = cgroup.prepare();
  if (directory >= 0) descriptors.push(directory);
  const slots = openSlots(plan, {
    start: startSocketPath(options.root, options.id),
    seccompCache: `${options.root}/${SECCOMP_CACHE}`,
    ...(console.socket === undefined ? {} : { console: console.socket }),
  });
  try {
    const child = cgroup.late ? spawn(waiting(plan), slots, -1, preserved) : spawn(plan, slots, directory, preserved);
    descriptors.push(child.sync);
    undo.add(() => {
      endChild(child, cgroup.state.cgroup);
    });
    return child;
  } finally {
    slots.close();
  }
}

interface Companions {
  readonly courier: ListenerCourier;
  readonly netDevices: NetDevices;
}

/** Does what init asks for until it is ready; the container's state, as it is written then. */
function accompany(
  child: Child,
  { bundle, host, plan }: Decided,
  record: Record,
  { courier, netDevices }: Companions,
  undo: Undo,
): ContainerState {
  const withProcess = (): ContainerState => ({
    ...record.state(),
    pid: child.pid,
    startTime: native().processStat(child.pid)?.startTime ?? '',
    exe: child.exe,
  });
  const trees = new Trees(plan.trees);
  undo.add(() => {
    trees.close();
  });
  const answer = (what: string, _: Child, fd?: number): string | number => {
    switch (what) {
      case 'cgroup':
        record.cgroup.enter(child.pid);
        writeCgroupNote(record.path, record.cgroup.state);
        return '';
      case 'idmap':
        writeIdMaps(child.pid, plan, bundle.spec, host);
        return '';
      case 'timeOffsets':
        native().writeFile(`/proc/${child.pid}/timens_offsets`, plan.timeOffsets);
        return '';
      case 'netDevices':
        netDevices.move(child.pid);
        return '';
      case 'seccomp':
        return listenerMessage(withProcess(), plan);
      case 'createRuntime':
        record.hooksBegin();
        return runRuntimeHooks(bundle, hookState(withProcess(), 'creating'));
    }
    const tree = treeNumber(what);
    if (tree >= 0) return trees.open(tree);
    if (fd !== undefined && mapNumber(what) >= 0) {
      trees.map(mapNumber(what), fd);
      return '';
    }
    return makeDevice(plan.devices, what);
  };
  const moved = (): void => {
    if (plan.oomScoreAdj !== null) setOomScoreAdj(child.pid, plan.oomScoreAdj);
    courier.born(child.pid);
  };
  const listener = (fd: number): void => {
    courier.take(fd, child);
  };
  converse(child, plan.steps.length, { moved, answer, listener, nameStep: nameStepsOf(plan) });
  courier.close();
  trees.close();
  setLimits(child.pid, plan.hostLimits);
  const state = withProcess();
  writeState(record.path, state);
  return state;
}

/** What the listener of the first process's filter is sent with. */
function listenerMessage(state: ContainerState, plan: Plan): string {
  return processState(state, 'creating', state.pid, plan.seccomp?.listener?.metadata ?? '');
}

/** @returns the status that they got, for the hooks that init runs itself */
function runRuntimeHooks({ spec, path }: Bundle, status: string): string {
  const { prestart, createRuntime } = spec.hooks ?? {};
  runHooks('prestart', prestart, status, path);
  runHooks('createRuntime', createRuntime, status, path);
  return status;
}

function newState(options: CreateOptions, bundle: Bundle, host: Host, keyring: string | null): ContainerState {
  return {
    id: options.id,
    ociVersion: bundle.spec.ociVersion,
    pid: 0,
    startTime: '',
    exe: '',
    bundle: bundle.path,
    rootfs: bundle.rootfs,
    created: native().now(),
    ...(bundle.spec.annotations === undefined ? {} : { annotations: bundle.spec.annotations }),
    owner: userName(host.euid),
    keyring: keyring ?? '',
    cgroup: '',
  };
}

/** A plan's steps in words, by their numbers. */
export function nameStepsOf({ steps }: Plan): (number: number) => string {
  return (number) => {
    const step = steps[number - 1];
    return step === undefined ? '' : stepName(step);
  };
}

/** Makes the first process of a plan. `cgroup` is its directory's descriptor, or -1. */
export function spawn(plan: Plan, slots: OpenSlots, cgroup: number, preserved: number): Child {
  const { init, self } = installation();
  return childOf(
    native().spawnInit({
      init,
      self,
      plan: encodeSteps(plan.steps, slots.names),
      slots: slots.descriptors,
      flags: plan.cloneFlags,
      cgroup,
      preserved,
      inherited: preserved === 0 ? [] : launch().inherited,
      stdio: [-1, -1, -1],
      trace: tracing(),
    }),
    plan.steps,
  );
}

function writeIdMaps(pid: number, plan: Plan, spec: Spec, host: Host): void {
  if (plan.idMaps === null) return;
  native().writeIdMaps(pid, plan.idMaps.uidMap, plan.idMaps.gidMap, deniesSetgroups(spec, host), needsHelpers(spec, host));
}

export function setOomScoreAdj(pid: number, value: number): void {
  native().writeFile(`/proc/${pid}/oom_score_adj`, String(value));
}

/** Ends and reaps a container's first process that will not be used, with all that is in its cgroup. */
function endChild(child: Child, cgroup: string): void {
  try {
    endInit(child);
  } finally {
    if (cgroup !== '') {
      killCgroup(cgroup);
      // It cannot be removed before.
      waitEmpty(cgroup, KILL_TIMEOUT);
    }
  }
}

/**
 * Descriptors handed to us for the program (man 3 sd_listen_fds). LISTEN_PID says that we are meant; without it the descriptors do, and
 * when they are not all open, the variable has come down to us from somebody else.
 */
export function listenFdCount(warn: (message: string) => void): number {
  const count = launch().variable('LISTEN_FDS');
  const pid = launch().variable('LISTEN_PID');
  if (count === undefined || !/^[0-9]{1,4}$/.test(count)) return 0;
  if (pid !== undefined) return pid === String(native().identity().pid) ? Number(count) : 0;
  const { inherited } = launch();
  for (let fd = 3; fd < 3 + Number(count); fd++) {
    if (inherited.includes(fd)) continue;
    warn(`ignoring LISTEN_FDS=${count}: descriptor ${fd} is not open, and without LISTEN_PID nothing says that it is for us`);
    return 0;
  }
  return Number(count);
}

/** Only what somebody passed can be passed on. */
export function checkPreserved(count: number): void {
  const { inherited } = launch();
  for (let fd = 3; fd < 3 + count; fd++) {
    if (!inherited.includes(fd))
      throw new TsrunError(`please check that preserved-fd ${fd - 3} (of ${count}) is present: descriptor ${fd} is not open`);
  }
}
