/** The plan of one more process in a running container. */
import type { Process } from '../spec/types.js';
import { CONSOLE_SLOT, seccompSlots, seccompStep } from './create.js';
import type { Host } from './host.js';
import { CLONE_FLAG } from './namespaces.js';
import type { Plan, SeccompPlan, Slot } from './plan.js';
import { planProcess } from './process.js';
import type { Step } from './steps.js';

export interface ExecPlanOptions {
  /** CLONE_NEW* of the namespaces that the container's process does not share with the runtime. */
  readonly namespaces: number;
  readonly seccomp: SeccompPlan | null;
  /** /proc/PID/setgroups of the container's process says `deny`. */
  readonly setgroupsDenied: boolean;
  readonly preserveFds: number;
}

/** The slot of a pidfd of the container's process. */
export const PROCESS_SLOT = 'process';
/** The slot of the container's pid namespace. */
export const PID_NAMESPACE_SLOT = 'namespace.pid';

export function planExec(process: Process, host: Host, options: ExecPlanOptions): Plan {
  const inUserNamespace = (options.namespaces & CLONE_FLAG.user) !== 0;
  const pid = options.namespaces & CLONE_FLAG.pid;
  // Root puts the new process into the pid namespace from outside; an ordinary user must be in the user namespace first,
  // so that init makes a child there.
  const direct = host.euid === 0 && !host.inUserNamespace;
  const planned = planProcess(process, {
    host,
    userNamespace: inUserNamespace ? 'joined' : 'none',
    setgroupsDenied: options.setgroupsDenied,
    limits: inUserNamespace ? 'host' : 'self',
    seccomp: seccompStep(options.seccomp),
    personality: undefined,
    preserved: options.preserveFds,
  });
  const joined = direct ? options.namespaces & ~CLONE_FLAG.pid : options.namespaces;
  const terminal = process.terminal === true;
  const slots: Slot[] = [
    { name: PROCESS_SLOT, open: 'process' },
    ...(terminal ? [{ name: CONSOLE_SLOT, open: 'console' } as const] : []),
    ...seccompSlots(options.seccomp),
  ];
  const steps: Step[] = [
    { op: 'undumpable' },
    ...(joined === 0 ? [] : [{ op: 'joinProcess', slot: PROCESS_SLOT, flags: joined } as const]),
    ...(inUserNamespace ? [{ op: 'becomeRoot' } as const] : []),
    ...(pid !== 0 && !direct ? [{ op: 'fork', flags: 0 } as const] : []),
    { op: 'session' },
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
    ...planned.before,
    // The runtime sets what we may not set ourselves, and sees to the terminal, then tells us to go on.
    ...(planned.hostLimits.length > 0 || terminal ? [{ op: 'ready' } as const] : []),
    ...planned.ask,
    { op: 'begin' },
    ...planned.load,
    { op: 'exec' },
  ];
  return {
    slots,
    trees: [],
    devices: [],
    cloneFlags: 0,
    pidNamespace: pid !== 0 && direct ? PID_NAMESPACE_SLOT : '',
    idMaps: null,
    cgroup: null,
    oomScoreAdj: process.oomScoreAdj ?? null,
    hostLimits: planned.hostLimits,
    seccomp: options.seccomp,
    steps,
    warnings: planned.warnings,
  };
}
