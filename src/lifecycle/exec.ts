/** `exec`: one more process in a container. */
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import { planExec, type ExecPlanOptions } from '../plan/exec.js';
import { CLONE_FLAG } from '../plan/namespaces.js';
import type { Plan, SeccompPlan } from '../plan/plan.js';
import { callsAfter, planSeccomp } from '../plan/seccomp.js';
import { isWaiting, waiting } from '../plan/waiting.js';
import { parseJson } from '../spec/json.js';
import type { Process, Spec } from '../spec/types.js';
import { checkUntrustedProcess } from '../spec/untrusted.js';
import { checkProcess } from '../spec/validate.js';
import { readHost } from '../state/host.js';
import { processState } from '../state/report.js';
import { openProcess, statusOf } from '../state/status.js';
import { readSavedConfig, readState, type ContainerState } from '../state/store.js';
import { announce } from './announce.js';
import { openConsole, type Console } from './console.js';
import { SECCOMP_CACHE, checkPreserved, listenFdCount, nameStepsOf, setOomScoreAdj, spawn } from './container.js';
import { converse, endInit, type Child } from './converse.js';
import { execCgroupPath, insteadOfOwn, moveInto, type First } from './exec-cgroup.js';
import { processOf } from './exec-process.js';
import { deniesSetgroups, foreignNamespaces } from './foreign.js';
import { setLimits } from './limits.js';
import { enterForeground, leaveForeground, stay } from './foreground.js';
import type { ExecOptions } from './options.js';
import { ListenerCourier } from './listener.js';
import { openFilter, openSlots } from './slots.js';
import { Undo } from './undo.js';

export type { ExecOptions } from './options.js';

/** @returns the program's exit status, 128 + N when signal N ended it; 0 when detached */
export function exec(options: ExecOptions): number {
  const listenFds = listenFdCount(options.warn);
  const preserveFds = (options.preserveFds ?? 0) + listenFds;
  checkPreserved(preserveFds);
  const { root, id } = options;
  const state = readState(root, id);
  refuseUnlessUp(root, state, options);
  const spec = parseJson(readSavedConfig(root, id), 'config.json') as Spec;
  const file = readProcessFile(options);
  if (options.untrusted === true && file !== null) checkUntrustedProcess(file, spec);
  const process = processOf(spec, options, file);
  const pidfd = openProcess(state);
  if (pidfd === null) throw new TsrunError('cannot exec in a stopped container');

  const foreground = options.detach !== true;
  let child: Child;
  let terminal = -1;
  const undo = new Undo();
  undo.add(() => {
    native().close(pidfd);
  });
  try {
    if (foreground) native().setSubreaper(true);
    const console = openConsole(process.terminal === true, options.consoleSocket, foreground);
    undo.add(() => {
      console.close();
    });
    const host = readHost({ process });
    const seccomp = spec.linux?.seccomp === undefined ? null : planSeccomp(spec.linux.seccomp, host);
    const filter = seccomp === null ? -1 : openFilter(seccomp, `${options.root}/${SECCOMP_CACHE}`);
    const forListener = (pid: number): string => processState(state, statusOf(root, state), pid, seccomp?.listener?.metadata ?? '');
    let begun: Begun;
    try {
      const planned = planExec(
        process,
        host,
        planOptions(state, spec, pidfd, { terminal: process.terminal === true, seccomp, filter, preserveFds }),
      );
      for (const warning of planned.warnings) options.warn(warning);
      begun = begin(planned, state, options, { console, pidfd, filter, preserveFds, forListener, undo });
    } finally {
      if (filter >= 0) native().close(filter);
    }
    const { plan } = begun;
    child = begun.child;
    // By number, here and below: until we reap it, a child of ours that has been killed keeps its number.
    if (plan.oomScoreAdj !== null) setOomScoreAdj(child.pid, plan.oomScoreAdj);
    const conversation = {
      answer: (what: string, { pid }: Child) => {
        if (what === 'cgroup') {
          enterCgroup(state, options, pidfd, pid);
          return '';
        }
        if (what !== 'seccomp') throw new Error(`tsrun-init asks for "${what}"`);
        return forListener(pid);
      },
      listener: (listener: number, of: Child) => {
        begun.courier.take(listener, of);
      },
      moved: (moved: Child) => {
        begun.courier.born(moved.pid);
        // For root, who need not have waited for it (src/plan/exec.ts).
        if (plan.oomScoreAdj !== null && host.euid === 0 && !host.inUserNamespace) setOomScoreAdj(moved.pid, plan.oomScoreAdj);
      },
      nameStep: nameStepsOf(plan),
    };
    undo.add(() => {
      if (terminal >= 0) native().close(terminal);
    });
    if (foreground) {
      undo.add(leaveForeground);
      enterForeground(terminal);
    }
    if (converse(child, plan.steps.length, conversation) === 'ready') {
      terminal = console.receive();
      if (foreground) enterForeground(terminal);
      setLimits(child.pid, plan.hostLimits);
      native().reply(child.sync, '{}', child.pidfd);
      converse(child, plan.steps.length, conversation);
    }
    console.close();
    begun.courier.close();
    announce(child, options);
  } catch (error) {
    undo.run();
    throw error;
  } finally {
    native().endAtSignals(false);
  }
  native().close(pidfd);
  native().close(child.sync);
  return foreground ? stay(child, terminal) : leave(child);
}

function refuseUnlessUp(root: string, state: ContainerState, options: ExecOptions): void {
  const status = statusOf(root, state);
  if (status === 'stopped' || status === 'creating')
    throw new TsrunError(`cannot exec in a ${status === 'stopped' ? 'stopped' : 'not yet created'} container`);
  if (status === 'paused' && options.ignorePaused !== true)
    throw new TsrunError('cannot exec in a paused container (use --ignore-paused to override)');
}

/** Bytes of a process file. */
const LARGEST_PROCESS = 32 << 20;

function readProcessFile(options: ExecOptions): Process | null {
  if (options.process === undefined) return null;
  return checkProcess(parseJson(native().readFile(options.process, LARGEST_PROCESS), options.process));
}

interface Facts {
  readonly terminal: boolean;
  readonly seccomp: SeccompPlan | null;
  /** The compiled filter, open, or -1. */
  readonly filter: number;
  readonly preserveFds: number;
}

function planOptions(state: ContainerState, spec: Spec, pidfd: number, { terminal, seccomp, filter, preserveFds }: Facts): ExecPlanOptions {
  // Links and a word of the kernel's, nothing that the container could have written.
  const namespaces = foreignNamespaces(state.pid);
  const setgroupsDenied = deniesSetgroups(state.pid);
  // What was read below /proc/PID is the container's only if its process has been there all the time: then the number cannot have
  // become another's. Should it end from now on, the pidfd leads nowhere.
  if (native().waitPidfd(pidfd, 0)) throw new TsrunError('cannot exec in a stopped container');
  refuseOurs(namespaces, spec);
  return {
    namespaces,
    hasCgroup: state.cgroup !== '',
    seccomp,
    filterFirst: seccomp !== null && native().seccompAllows(filter, callsAfter(seccomp, { terminal, waits: false, hooks: false })),
    setgroupsDenied,
    personality: spec.linux?.personality,
    memoryPolicy: spec.linux?.memoryPolicy,
    keyring: state.keyring === '' ? null : (state.keyring ?? `_ses.${state.id}`),
    preserveFds,
  };
}

/** A namespace that was made for the container is not one of ours: whatever says so, nothing is executed there in its name. */
function refuseOurs(foreign: number, spec: Spec): void {
  for (const { type, path = '' } of spec.linux?.namespaces ?? []) {
    if (path === '' && (foreign & CLONE_FLAG[type]) === 0)
      throw new TsrunError(`cannot exec: the container's process is in our own ${type} namespace, not in one that was made for it`);
  }
}

interface Resources {
  readonly console: Console;
  readonly pidfd: number;
  /** The compiled filter, or -1. */
  readonly filter: number;
  readonly preserveFds: number;
  /** What a seccomp listener is sent with, about the process with that pid. */
  readonly forListener: (pid: number) => string;
  /** Gets the end of the new process. */
  readonly undo: Undo;
}

interface Begun {
  readonly child: Child;
  /** What it carries out. */
  readonly plan: Plan;
  readonly courier: ListenerCourier;
}

function begin(plan: Plan, state: ContainerState, options: ExecOptions, resources: Resources): Begun {
  const { console, pidfd, filter, preserveFds, forListener, undo } = resources;
  const courier = new ListenerCourier(plan, forListener);
  undo.add(() => {
    courier.close();
  });
  const slots = openSlots(plan, {
    process: pidfd,
    ...(filter < 0 ? {} : { seccomp: filter }),
    seccompCache: `${options.root}/${SECCOMP_CACHE}`,
    ...(console.socket === undefined ? {} : { console: console.socket }),
  });
  const born = (path: string, what = plan): Begun => {
    const cgroup = path === '' ? -1 : native().openDirectory(path);
    try {
      // before it is born: it may run its program before we go on
      native().endAtSignals(true);
      const child = spawn(what, slots, cgroup, preserveFds);
      undo.add(() => {
        endChild(child);
      });
      return { child, plan: what, courier };
    } finally {
      if (cgroup >= 0) native().close(cgroup);
    }
  };
  try {
    if (state.cgroupBefore !== undefined || isWaiting(plan)) return born('', waiting(plan));
    const path = execCgroupPath(state, options.cgroup);
    try {
      return born(path);
    } catch (error) {
      const first = options.cgroup === undefined ? insteadOfOwn(error) : null;
      if (first !== null) return born(placeOfFirst(state, pidfd, first));
      // An ordinary user's session is not in the same part of the tree; his service manager may ask the system's to move it.
      if (state.unit !== undefined && isSystemError(error, 'EACCES')) return born('', waiting(plan));
      throw error;
    }
  } finally {
    slots.close();
  }
}

/** Moves a process that waits into its cgroup. */
function enterCgroup(state: ContainerState, options: ExecOptions, pidfd: number, pid: number): void {
  try {
    moveInto(state, execCgroupPath(state, options.cgroup), pid);
  } catch (error) {
    const first = options.cgroup === undefined ? insteadOfOwn(error) : null;
    if (first === null) throw error;
    moveInto(state, placeOfFirst(state, pidfd, first), pid);
  }
}

function placeOfFirst(state: ContainerState, pidfd: number, first: First): string {
  const path = execCgroupPath(state, undefined, first);
  if (native().waitPidfd(pidfd, 0)) throw new TsrunError('cannot exec in a stopped container');
  return path;
}

function endChild(child: Child): void {
  try {
    endInit(child);
  } finally {
    native().close(child.sync);
  }
}

function leave(child: Child): number {
  native().close(child.pidfd);
  return 0;
}
