import { append } from '../append.js';
import { TsrunError } from '../errors.js';
import type { IOPriority, MemoryPolicy, Personality, Process, Scheduler, SchedulerFlag, SchedulerPolicy, User } from '../spec/types.js';
import { show } from '../spec/problem.js';
import { utf8 } from '../utf8.js';
import { planCapabilities } from './capabilities.js';
import type { Host } from './host.js';
import { memoryPolicySteps } from './memory-policy.js';
import type { UserNamespaceKind } from './namespaces.js';
import { planRlimits } from './rlimits.js';
import type { RlimitPlan } from './plan.js';
import type { Confinement, Step } from './steps.js';

export interface ProcessContext {
  readonly host: Host;
  readonly userNamespace: UserNamespaceKind;
  /** The container's user namespace says `deny` in /proc/PID/setgroups: no supplementary groups (man 7 user_namespaces). */
  readonly setgroupsDenied: boolean;
  /** Who sets the limits: the process itself, or the host because the process is not allowed to raise any. */
  readonly limits: 'self' | 'host';
  /** `linux.personality`. */
  readonly personality: Personality | undefined;
  /** `linux.memoryPolicy`. */
  readonly memoryPolicy: MemoryPolicy | undefined;
  /**
   * The slot of the connection that a filter's listener goes over (empty: no rule notifies), and whether the filter may block the report
   * of a step that fails behind it; null: no filter.
   */
  readonly seccomp: { readonly flags: number; readonly listener: string; readonly mayBlockReport: boolean } | null;
  /**
   * `alone`: nobody else is in the process's pid namespace before it. Otherwise it becomes a member of one by a last fork, and may have
   * no capability by then that it is not to keep: `filtered` if the filter lets through what comes after it (seccomp.ts,
   * `callsAfter`), so that it is loaded before, or `unfiltered`.
   */
  readonly birth: 'alone' | 'filtered' | 'unfiltered';
  /** The slot of the socket at which it waits for `start`; empty: it does not. */
  readonly start: string;
  /** Descriptors from 3 on that the program gets. */
  readonly preserved: number;
}

export interface ProcessPlan {
  /** Everything that can fail for reasons of the config: done in `create`. */
  readonly before: readonly Step[];
  /** The runtime's message for the listener, which is sent with the filter's descriptor; empty without a listener, or where the runtime sends it. */
  readonly ask: readonly Step[];
  /** All that init still has to do for itself: right before the filter, or earlier. */
  readonly seal: Step;
  /** The filter, and what cannot be done before it. */
  readonly load: readonly Step[];
  /**
   * When both are: `last`, right before the program; `waiting`, before it waits for `start`, from where nobody could be asked or told any
   * more; `hidden`, before the last fork.
   */
  readonly when: 'last' | 'waiting' | 'hidden';
  /** How a program of the container that is not the user's, a startContainer hook, gets the same filter and capabilities. */
  readonly confinement: Confinement;
  readonly hostLimits: readonly RlimitPlan[];
  readonly warnings: readonly string[];
}

/** Unfiltered, and with the capabilities that init has. */
export const NO_CONFINEMENT: Confinement = { filtered: false, flags: 0, lower: false, effective: '0', permitted: '0', inheritable: '0' };

/**
 * What a process is given before it becomes the user's program: for `create` and `exec` alike.
 *
 * Loading a filter takes no_new_privs or CAP_SYS_ADMIN (man 2 seccomp). Without the former, the process keeps the latter
 * beyond what it is to have, until the filter is loaded: so in both cases the filter comes last. It needs to allow
 * execve(2), and without no_new_privs capset(2), by which CAP_SYS_ADMIN goes; with a listener also what `start` takes.
 *
 * Where others are in the pid namespace already, nobody may be seen there who has CAP_SYS_ADMIN beyond what it is to have: the filter
 * comes before the last fork. If it cannot, it takes no_new_privs, whatever the config says, and a warning.
 */
export function planProcess(process: Process, context: ProcessContext): ProcessPlan {
  const { host, seccomp } = context;
  if (process.args === undefined || process.args.length === 0) throw new TsrunError('/process/args: must have at least one item');
  const user = planUser(process.user, context);
  const capabilities = planCapabilities(process.capabilities, host, context.userNamespace !== 'none');
  const { effective, permitted, inheritable, ambient } = capabilities;
  const limits = planRlimits(process.rlimits);
  const environment = planEnvironment(process.env ?? []);
  const warnings = [...capabilities.warnings];
  const { effectiveWithAdmin, permittedWithAdmin } = capabilities;
  const birth = context.birth === 'filtered' && planScheduler(process.scheduler, true).after.length > 0 ? 'unfiltered' : context.birth;
  const lacksAdmin = effectiveWithAdmin !== effective || permittedWithAdmin !== permitted;
  const forced = seccomp !== null && birth === 'unfiltered' && lacksAdmin && process.noNewPrivileges !== true;
  if (forced) warnings.push(FORCED_NO_NEW_PRIVILEGES);
  const noNewPrivileges = process.noNewPrivileges === true || forced;
  const keepsAdmin = seccomp !== null && !noNewPrivileges && lacksAdmin;

  const steps: Step[] = [];
  const scheduler = planScheduler(process.scheduler, context.birth !== 'alone');
  steps.push(...scheduler.before);
  if (process.ioPriority !== undefined) steps.push(ioPriorityStep(process.ioPriority));
  if (context.personality !== undefined) steps.push({ op: 'personality', persona: context.personality.domain === 'LINUX32' ? 8 : 0 });
  append(steps, memoryPolicySteps(context.memoryPolicy));
  append(steps, labelSteps(process, host));
  if (noNewPrivileges) steps.push({ op: 'noNewPrivileges' });
  if (environment.home) steps.push({ op: 'home', uid: user.uid });
  // Before and after the user is changed: root may be the only one who gets there, or the only one who does not (NFS).
  steps.push({ op: 'cwd', path: process.cwd, early: true });
  steps.push({ op: 'bounding', set: capabilities.bounding });
  // As late as the privilege to raise them lasts: a low limit on files would be in init's own way.
  if (context.limits === 'self') for (const limit of limits) steps.push({ op: 'rlimit', ...limit });
  steps.push(user);
  steps.push(
    keepsAdmin
      ? { op: 'capabilities', effective: effectiveWithAdmin, permitted: permittedWithAdmin, inheritable, ambient }
      : { op: 'capabilities', effective, permitted, inheritable, ambient },
    { op: 'cwd', path: process.cwd, early: false },
    { op: 'program', args: process.args, env: environment.env, preserved: context.preserved, home: environment.home },
  );

  const listens = seccomp !== null && seccomp.listener !== '';
  const when = seccomp !== null && birth === 'filtered' ? 'hidden' : listens ? 'waiting' : 'last';
  const over = listens && birth === 'alone' ? seccomp.listener : '';
  const load: Step[] = [...scheduler.after];
  if (seccomp !== null) {
    const handOver = listens && birth !== 'alone';
    load.push({
      op: 'seccomp',
      flags: seccomp.flags,
      listener: handOver ? '' : seccomp.listener,
      // Where there is a last fork the runtime sends it with the message: it knows the process that the message is about, and nobody
      // else gets hold of the connection.
      handOver,
      direct: handOver && birth === 'filtered',
      mayBlockReport: seccomp.mayBlockReport && birth !== 'filtered',
    });
    if (keepsAdmin) load.push({ op: 'capset', effective, permitted, inheritable });
  }
  return {
    before: steps,
    ask: listens && birth === 'alone' ? [{ op: 'ask', what: 'seccomp' }] : [],
    seal: { op: 'seal', start: when === 'last' ? '' : context.start, listener: over },
    load,
    when,
    // Where init has loaded the filter for itself already, its children have it from birth.
    confinement:
      seccomp === null || when !== 'last'
        ? NO_CONFINEMENT
        : { filtered: true, flags: seccomp.flags, lower: keepsAdmin, effective, permitted, inheritable },
    hostLimits: context.limits === 'host' ? limits : [],
    warnings,
  };
}

const FORCED_NO_NEW_PRIVILEGES =
  'seccomp: the profile forbids what a process needs to enter a pid namespace with others in it (clone, setsid and the like): it gets no_new_privs';

function planUser(user: User | undefined, context: ProcessContext): Extract<Step, { op: 'user' }> {
  const gid = user?.gid ?? 0;
  let groups = user?.additionalGids ?? [];
  if (context.setgroupsDenied) {
    // The process is in its own group anyway.
    groups = groups.filter((group) => group !== gid);
    if (groups.length > 0) {
      throw new TsrunError('/process/user/additionalGids: the user namespace allows no supplementary groups (setgroups is denied)');
    }
  }
  return { op: 'user', uid: user?.uid ?? 0, gid, groups, setgroups: !context.setgroupsDenied, umask: user?.umask ?? 0o022 };
}

/** For a variable that is given several times the last one counts; an empty HOME is as good as none. */
export function planEnvironment(given: readonly string[]): { env: string[]; home: boolean } {
  const variables = new Map<string, string>();
  for (const variable of given) {
    const name = variable.slice(0, variable.indexOf('='));
    variables.delete(name);
    variables.set(name, variable);
  }
  const home = (variables.get('HOME') ?? 'HOME=') === 'HOME=';
  if (home) variables.delete('HOME');
  return { env: [...variables.values()], home };
}

function labelSteps(process: Process, host: Host): Step[] {
  const steps: Step[] = [];
  const { apparmorProfile = '', selinuxLabel = '' } = process;
  if (apparmorProfile !== '') {
    checkProfile(apparmorProfile, host);
    steps.push({ op: 'apparmor', profile: apparmorProfile });
  }
  if (selinuxLabel !== '') {
    if (!host.selinux) throw new TsrunError(`/process/selinuxLabel: this host has no SELinux, is "${selinuxLabel}"`);
    steps.push({ op: 'selinux', label: selinuxLabel });
  }
  return steps;
}

/** Bytes of a profile's name, with which and `exec ` one page is written to the kernel at most (proc_pid_attr_write). */
const LONGEST_PROFILE = 4096 - 'exec '.length;

function checkProfile(profile: string, host: Host): void {
  if (!host.apparmor) throw new TsrunError(`/process/apparmorProfile: this host has no AppArmor, is ${show(profile)}`);
  const { length } = utf8(profile);
  if (length > LONGEST_PROFILE) {
    throw new TsrunError(`/process/apparmorProfile: must have at most ${LONGEST_PROFILE} bytes, has ${length}: ${show(profile)}`);
  }
  // The kernel takes white space at the ends for none, and what follows a line break for nothing.
  if (/[\0-\x20]/.test(profile.trim()) || profile.trim() !== profile) {
    throw new TsrunError(`/process/apparmorProfile: must be one word without white space, is ${show(profile)}`);
  }
}

/** include/uapi/linux/sched.h */
const POLICIES: Readonly<Record<SchedulerPolicy, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

const SCHEDULER_FLAGS: Readonly<Record<SchedulerFlag, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

/**
 * A fork loses what is not for children: with SCHED_FLAG_RESET_ON_FORK it resets the policy, and a process with SCHED_DEADLINE may not
 * fork at all (man 7 sched). So the flag is added behind it, which takes no privilege, and the policy set, which takes CAP_SYS_NICE.
 */
function planScheduler(scheduler: Scheduler | undefined, forks: boolean): { readonly before: Step[]; readonly after: Step[] } {
  if (scheduler === undefined) return { before: [], after: [] };
  const step = schedulerStep(scheduler);
  if (!forks) return { before: [step], after: [] };
  if (scheduler.policy === 'SCHED_DEADLINE') return { before: [], after: [step] };
  const flags = (scheduler.flags ?? []).filter((flag) => flag !== 'SCHED_FLAG_RESET_ON_FORK');
  if (flags.length === (scheduler.flags ?? []).length) return { before: [step], after: [] };
  return { before: [schedulerStep({ ...scheduler, flags })], after: [step] };
}

/** man 2 sched_setattr */
function schedulerStep(scheduler: Scheduler): Step {
  let flags = 0;
  for (const flag of scheduler.flags ?? []) flags |= SCHEDULER_FLAGS[flag];
  return {
    op: 'scheduler',
    policy: POLICIES[scheduler.policy],
    flags,
    // The specification's own example of SCHED_DEADLINE has one, which the kernel would not look at.
    nice: scheduler.policy === 'SCHED_DEADLINE' ? 0 : (scheduler.nice ?? 0),
    priority: scheduler.priority ?? 0,
    runtime: String(scheduler.runtime ?? 0),
    deadline: String(scheduler.deadline ?? 0),
    period: String(scheduler.period ?? 0),
  };
}

const IO_CLASSES: Readonly<Record<IOPriority['class'], number>> = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 };
/** The class sits above 13 bits of priority (man 2 ioprio_set). */
const IOPRIO_CLASS_SHIFT = 13;

function ioPriorityStep({ class: name, priority }: IOPriority): Step {
  return { op: 'ioPriority', value: (IO_CLASSES[name] << IOPRIO_CLASS_SHIFT) | (priority ?? 0) };
}
