import type { Linux } from './types-linux.js';

/**
 * The OCI runtime specification's `config.json` (1.3), its Linux part, with the specification's own names.
 *
 * Values are as checkConfig() hands them back: every property that is present has the right type and range.
 * Properties of other platforms are not described and are ignored.
 */
export type * from './types-linux.js';

/**
 * An int64 or uint64. Digits beyond 2^53 come out of parseJson() as bigint, so nothing is lost; `String(value)` is the
 * decimal text for both, `BigInt(value)` makes arithmetic on both exact.
 */
export type Integer = number | bigint;

export interface Spec {
  readonly ociVersion: string;
  readonly root?: Root | undefined;
  readonly mounts?: readonly Mount[] | undefined;
  /** Optional at `create`, required at `start`. */
  readonly process?: Process | undefined;
  readonly hostname?: string | undefined;
  readonly domainname?: string | undefined;
  readonly hooks?: Hooks | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly linux?: Linux | undefined;
}

export interface Root {
  /** Absolute, or relative to the bundle. */
  readonly path: string;
  readonly readonly?: boolean | undefined;
}

export interface Mount {
  /** A relative one counts from `/`. */
  readonly destination: string;
  readonly type?: string | undefined;
  readonly source?: string | undefined;
  readonly options?: readonly string[] | undefined;
  readonly uidMappings?: readonly IdMapping[] | undefined;
  readonly gidMappings?: readonly IdMapping[] | undefined;
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface Process {
  readonly terminal?: boolean | undefined;
  readonly consoleSize?: ConsoleSize | undefined;
  /** Absolute. */
  readonly cwd: string;
  readonly env?: readonly string[] | undefined;
  /** At least one. */
  readonly args?: readonly string[] | undefined;
  readonly rlimits?: readonly Rlimit[] | undefined;
  readonly apparmorProfile?: string | undefined;
  readonly capabilities?: Capabilities | undefined;
  readonly noNewPrivileges?: boolean | undefined;
  readonly oomScoreAdj?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
  readonly selinuxLabel?: string | undefined;
  readonly ioPriority?: IOPriority | undefined;
  readonly execCPUAffinity?: ExecCPUAffinity | undefined;
  /** Absent: 0:0. */
  readonly user?: User | undefined;
}

export interface ConsoleSize {
  readonly height: number;
  readonly width: number;
}

export interface User {
  /** Absent: 0. */
  readonly uid?: number | undefined;
  /** Absent: 0. */
  readonly gid?: number | undefined;
  /** Absent: 022. */
  readonly umask?: number | undefined;
  readonly additionalGids?: readonly number[] | undefined;
}

/** Names as `CAP_CHOWN`; unknown ones may be among them. */
export interface Capabilities {
  readonly bounding?: readonly string[] | undefined;
  readonly effective?: readonly string[] | undefined;
  readonly inheritable?: readonly string[] | undefined;
  readonly permitted?: readonly string[] | undefined;
  readonly ambient?: readonly string[] | undefined;
}

export interface Rlimit {
  /** `RLIMIT_NOFILE`. */
  readonly type: RlimitType;
  readonly soft: Integer;
  readonly hard: Integer;
}

export type RlimitType =
  | 'RLIMIT_AS'
  | 'RLIMIT_CORE'
  | 'RLIMIT_CPU'
  | 'RLIMIT_DATA'
  | 'RLIMIT_FSIZE'
  | 'RLIMIT_LOCKS'
  | 'RLIMIT_MEMLOCK'
  | 'RLIMIT_MSGQUEUE'
  | 'RLIMIT_NICE'
  | 'RLIMIT_NOFILE'
  | 'RLIMIT_NPROC'
  | 'RLIMIT_RSS'
  | 'RLIMIT_RTPRIO'
  | 'RLIMIT_RTTIME'
  | 'RLIMIT_SIGPENDING'
  | 'RLIMIT_STACK';

export interface Scheduler {
  readonly policy: SchedulerPolicy;
  readonly nice?: number | undefined;
  readonly priority?: number | undefined;
  readonly flags?: readonly SchedulerFlag[] | undefined;
  /** Nanoseconds, as the next two; of SCHED_DEADLINE. */
  readonly runtime?: Integer | undefined;
  readonly deadline?: Integer | undefined;
  readonly period?: Integer | undefined;
}

export type SchedulerPolicy = 'SCHED_OTHER' | 'SCHED_FIFO' | 'SCHED_RR' | 'SCHED_BATCH' | 'SCHED_ISO' | 'SCHED_IDLE' | 'SCHED_DEADLINE';

export type SchedulerFlag =
  | 'SCHED_FLAG_RESET_ON_FORK'
  | 'SCHED_FLAG_RECLAIM'
  | 'SCHED_FLAG_DL_OVERRUN'
  | 'SCHED_FLAG_KEEP_POLICY'
  | 'SCHED_FLAG_KEEP_PARAMS'
  | 'SCHED_FLAG_UTIL_CLAMP_MIN'
  | 'SCHED_FLAG_UTIL_CLAMP_MAX';

export interface IOPriority {
  readonly class: 'IOPRIO_CLASS_RT' | 'IOPRIO_CLASS_BE' | 'IOPRIO_CLASS_IDLE';
  /** 0 to 7; absent: 0. */
  readonly priority?: number | undefined;
}

/** Lists as `0-3,7`. */
export interface ExecCPUAffinity {
  readonly initial?: string | undefined;
  readonly final?: string | undefined;
}

export interface Hooks {
  readonly prestart?: readonly Hook[] | undefined;
  readonly createRuntime?: readonly Hook[] | undefined;
  readonly createContainer?: readonly Hook[] | undefined;
  readonly startContainer?: readonly Hook[] | undefined;
  readonly poststart?: readonly Hook[] | undefined;
  readonly poststop?: readonly Hook[] | undefined;
}

export type HookKind = keyof Hooks;

export interface Hook {
  /** Absolute. */
  readonly path: string;
  /** argv including argv[0]. */
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  /** Seconds, at least 1; absent: no limit. */
  readonly timeout?: number | undefined;
}
