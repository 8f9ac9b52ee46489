/** The plan of one more process in a running container. */
import type { MemoryPolicy, Personality, Process } from '../spec/types.js';
import { execAffinitySteps } from './affinity.js';
import { CONSOLE_SLOT, filterSteps, keyringSteps, seccompSlots, seccompStep } from './create.js';
import type { Host } from './host.js';
import { CLONE_FLAG } from './namespaces.js';
import type { Plan, SeccompPlan, Slot } from './plan.js';
import { planProcess } from './process.js';
import type { Step } from './steps.js';

export interface ExecPlanOptions {
  /** CLONE_NEW* of the namespaces that the container's process does not share with the runtime. */
  readonly namespaces: number;
  /** The container has a cgroup, which the process is to be in. */
  readonly hasCgroup: boolean;
  readonly seccomp: SeccompPlan | null;
  /** The filter lets through what comes after it (`callsAfter`). */
  readonly filterFirst: boolean;
  /** /proc/PID/setgroups of the container's process says `deny`. */
  readonly setgroupsDenied: boolean;
  /** `linux.personality` of the container. */
  readonly personality: Personality | undefined;
  /** `linux.memoryPolicy` of the container. */
  readonly memoryPolicy: MemoryPolicy | undefined;
  /** Name of the container's session keyring; null: it has none of its own. */
  readonly keyring: string | null;
  readonly preserveFds: number;
}

/** The slot of a pidfd of the container's process. */
export const PROCESS_SLOT = 'process';

/**
 * The new process enters the container's namespaces, and becomes all that it is to be, while it is still in the runtime's pid namespace,
 * where the container's processes cannot see it. Only then it forks a child that is born among them.
 */
export function planExec(process: Process, host: Host, options: ExecPlanOptions): Plan {
  const inUserNamespace = (options.namespaces & CLONE_FLAG.user) !== 0;
  const forks = (options.namespaces & CLONE_FLAG.pid) !== 0;
  const planned = planProcess(process, {
    host,
    userNamespace: inUserNamespace ? 'joined' : 'none',
    setgroupsDenied: options.setgroupsDenied,
    limits: inUserNamespace ? 'host' : 'self',
    seccomp: seccompStep(options.seccomp),
    birth: !forks ? 'alone' : options.filterFirst ? 'filtered' : 'unfiltered',
    start: '',
    personality: options.personality,
    memoryPolicy: options.memoryPolicy,
    preserved: options.preserveFds,
  });
  const affinity = execAffinitySteps(process.execCPUAffinity, options.hasCgroup);
  const terminal = process.terminal === true;
  const slots: Slot[] = [
    { name: PROCESS_SLOT, open: 'process' },
    ...(terminal ? [{ name: CONSOLE_SLOT, open: 'console' } as const] : []),
    ...seccompSlots(options.seccomp, forks),
  ];
  const steps: Step[] = [
    ...affinity.first,
    { op: 'undumpable' },
    ...affinity.then,
    ...filterSteps(options.seccomp),
    ...(options.namespaces === 0 ? [] : [{ op: 'joinProcess', slot: PROCESS_SLOT, flags: options.namespaces } as const]),
    ...(inUserNamespace ? [{ op: 'becomeRoot' } as const] : []),
    ...keyringSteps(options.keyring, false),
    { op: 'currentRoot' },
    ...(terminal
      ? [
          {
            op: 'console',
            slot: CONSOLE_SLOT,
            rows: process.consoleSize?.height ?? 0,
            columns: process.consoleSize?.width ?? 0,
            uid: process.user?.uid ?? 0,
            bind: false,
          } as const,
        ]
      : []),
    ...(forks ? [] : [{ op: 'session', terminal } as const]),
    // Of what the plan says, the container's processes are to see no more than what the program gets.
    ...(forks ? [{ op: 'forget' } as const] : []),
    ...planned.before,
    // The runtime sets what we may not set ourselves, and sees to the terminal, then tells us to go on.
    ...(planned.hostLimits.length > 0 || terminal || waitsForScore(process, host, forks) ? [{ op: 'ready' } as const] : []),
    ...planned.ask,
    { op: 'begin' },
    // The less is left to be done where others can see it.
    planned.seal,
    ...(planned.when === 'hidden' ? planned.load : []),
    ...(forks ? [{ op: 'enterPidNamespace', terminal, start: '' } as const] : []),
    ...(planned.when === 'hidden' ? [] : planned.load),
    { op: 'exec' },
  ];
  return {
    slots,
    trees: [],
    devices: [],
    netDevices: [],
    cloneFlags: 0,
    idMaps: null,
    timeOffsets: '',
    cgroup: null,
    oomScoreAdj: process.oomScoreAdj ?? null,
    hostLimits: planned.hostLimits,
    seccomp: options.seccomp,
    steps,
    warnings: planned.warnings,
  };
}

/** The runtime sets oom_score_adj of the first stage; once it has been seen to, the child inherits it. */
function waitsForScore(process: Process, host: Host, forks: boolean): boolean {
  return forks && process.oomScoreAdj !== undefined && (host.euid !== 0 || host.inUserNamespace);
}
