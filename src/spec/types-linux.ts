import type { IdMapping, Integer } from './types.js';

/** The section `linux` of config.json, with the specification's own names. */
export interface Linux {
  readonly namespaces?: readonly Namespace[] | undefined;
  readonly uidMappings?: readonly IdMapping[] | undefined;
  readonly gidMappings?: readonly IdMapping[] | undefined;
  readonly timeOffsets?: TimeOffsets | undefined;
  readonly devices?: readonly Device[] | undefined;
  /** By the name the device has outside. */
  readonly netDevices?: Readonly<Record<string, NetDevice>> | undefined;
  readonly cgroupsPath?: string | undefined;
  readonly resources?: Resources | undefined;
  readonly intelRdt?: IntelRdt | undefined;
  readonly memoryPolicy?: MemoryPolicy | undefined;
  readonly sysctl?: Readonly<Record<string, string>> | undefined;
  readonly seccomp?: Seccomp | undefined;
  readonly rootfsPropagation?: RootfsPropagation | undefined;
  readonly maskedPaths?: readonly string[] | undefined;
  readonly readonlyPaths?: readonly string[] | undefined;
  readonly mountLabel?: string | undefined;
  readonly personality?: Personality | undefined;
}

export type NamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface Namespace {
  readonly type: NamespaceType;
  /** Absolute; absent or empty: a new one. */
  readonly path?: string | undefined;
}

export interface TimeOffsets {
  readonly monotonic?: TimeOffset | undefined;
  readonly boottime?: TimeOffset | undefined;
}

export interface TimeOffset {
  readonly secs?: Integer | undefined;
  readonly nanosecs?: number | undefined;
}

export interface Device {
  /** Absolute, inside the container. */
  readonly path: string;
  /** `u` is an unbuffered `c`. */
  readonly type: 'c' | 'b' | 'u' | 'p';
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  readonly fileMode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface NetDevice {
  /** Absent: keeps the name it has. */
  readonly name?: string | undefined;
}

export interface Resources {
  readonly devices?: readonly DeviceRule[] | undefined;
  readonly memory?: Memory | undefined;
  readonly cpu?: Cpu | undefined;
  readonly pids?: Pids | undefined;
  readonly blockIO?: BlockIO | undefined;
  readonly hugepageLimits?: readonly HugepageLimit[] | undefined;
  readonly network?: Network | undefined;
  /** By device name. */
  readonly rdma?: Readonly<Record<string, Rdma>> | undefined;
  /** File name below the cgroup to its value. */
  readonly unified?: Readonly<Record<string, string>> | undefined;
}

export interface DeviceRule {
  readonly allow: boolean;
  /** Absent or empty: `a`. */
  readonly type?: 'a' | 'b' | 'c' | '' | undefined;
  /** Absent or -1: any. */
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  /** Of `rwm`; absent or empty: all three. */
  readonly access?: string | undefined;
}

/** Bytes; -1 is no limit. */
export interface Memory {
  readonly limit?: Integer | undefined;
  readonly reservation?: Integer | undefined;
  /** Memory and swap together. */
  readonly swap?: Integer | undefined;
  readonly kernel?: Integer | undefined;
  readonly kernelTCP?: Integer | undefined;
  readonly swappiness?: Integer | undefined;
  readonly disableOOMKiller?: boolean | undefined;
  readonly useHierarchy?: boolean | undefined;
  readonly checkBeforeUpdate?: boolean | undefined;
}

/** Microseconds, other than `shares` and `idle`. */
export interface Cpu {
  readonly shares?: Integer | undefined;
  readonly quota?: Integer | undefined;
  readonly burst?: Integer | undefined;
  readonly period?: Integer | undefined;
  readonly realtimeRuntime?: Integer | undefined;
  readonly realtimePeriod?: Integer | undefined;
  readonly cpus?: string | undefined;
  readonly mems?: string | undefined;
  readonly idle?: number | undefined;
}

export interface Pids {
  /** 0 is a limit; -1 is none. */
  readonly limit?: Integer | undefined;
}

export interface BlockIO {
  readonly weight?: number | undefined;
  readonly leafWeight?: number | undefined;
  readonly weightDevice?: readonly WeightDevice[] | undefined;
  readonly throttleReadBpsDevice?: readonly ThrottleDevice[] | undefined;
  readonly throttleWriteBpsDevice?: readonly ThrottleDevice[] | undefined;
  readonly throttleReadIOPSDevice?: readonly ThrottleDevice[] | undefined;
  readonly throttleWriteIOPSDevice?: readonly ThrottleDevice[] | undefined;
}

export interface WeightDevice {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number | undefined;
  readonly leafWeight?: number | undefined;
}

export interface ThrottleDevice {
  readonly major: number;
  readonly minor: number;
  /** Bytes or operations a second. */
  readonly rate?: Integer | undefined;
}

export interface HugepageLimit {
  /** `2MB`, `64KB`, `1GB`. */
  readonly pageSize: string;
  /** Bytes. */
  readonly limit: Integer;
}

export interface Network {
  readonly classID?: number | undefined;
  readonly priorities?: readonly InterfacePriority[] | undefined;
}

export interface InterfacePriority {
  readonly name: string;
  readonly priority: number;
}

export interface Rdma {
  readonly hcaHandles?: number | undefined;
  readonly hcaObjects?: number | undefined;
}

export interface IntelRdt {
  readonly closID?: string | undefined;
  readonly schemata?: readonly string[] | undefined;
  readonly l3CacheSchema?: string | undefined;
  readonly memBwSchema?: string | undefined;
  readonly enableMonitoring?: boolean | undefined;
}

export interface MemoryPolicy {
  readonly mode?:
    | 'MPOL_DEFAULT'
    | 'MPOL_BIND'
    | 'MPOL_INTERLEAVE'
    | 'MPOL_WEIGHTED_INTERLEAVE'
    | 'MPOL_PREFERRED'
    | 'MPOL_PREFERRED_MANY'
    | 'MPOL_LOCAL'
    | undefined;
  readonly nodes?: string | undefined;
  readonly flags?: readonly ('MPOL_F_NUMA_BALANCING' | 'MPOL_F_RELATIVE_NODES' | 'MPOL_F_STATIC_NODES')[] | undefined;
}

export interface Seccomp {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number | undefined;
  /** Absent or empty: the native one. */
  readonly architectures?: readonly SeccompArchitecture[] | undefined;
  readonly flags?: readonly SeccompFlag[] | undefined;
  readonly listenerPath?: string | undefined;
  readonly listenerMetadata?: string | undefined;
  readonly syscalls?: readonly SeccompSyscall[] | undefined;
}

export interface SeccompSyscall {
  /** At least one. */
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number | undefined;
  readonly args?: readonly SeccompArg[] | undefined;
}

export interface SeccompArg {
  /** 0 to 5. */
  readonly index: number;
  readonly value: Integer;
  readonly valueTwo?: Integer | undefined;
  readonly op: SeccompOperator;
}

export type SeccompAction =
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_NOTIFY';

export type SeccompOperator =
  'SCMP_CMP_NE' | 'SCMP_CMP_LT' | 'SCMP_CMP_LE' | 'SCMP_CMP_EQ' | 'SCMP_CMP_GE' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ';

export type SeccompFlag =
  'SECCOMP_FILTER_FLAG_TSYNC' | 'SECCOMP_FILTER_FLAG_LOG' | 'SECCOMP_FILTER_FLAG_SPEC_ALLOW' | 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV';

export type SeccompArchitecture =
  | 'SCMP_ARCH_X86'
  | 'SCMP_ARCH_X86_64'
  | 'SCMP_ARCH_X32'
  | 'SCMP_ARCH_ARM'
  | 'SCMP_ARCH_AARCH64'
  | 'SCMP_ARCH_LOONGARCH64'
  | 'SCMP_ARCH_M68K'
  | 'SCMP_ARCH_MIPS'
  | 'SCMP_ARCH_MIPS64'
  | 'SCMP_ARCH_MIPS64N32'
  | 'SCMP_ARCH_MIPSEL'
  | 'SCMP_ARCH_MIPSEL64'
  | 'SCMP_ARCH_MIPSEL64N32'
  | 'SCMP_ARCH_PPC'
  | 'SCMP_ARCH_PPC64'
  | 'SCMP_ARCH_PPC64LE'
  | 'SCMP_ARCH_S390'
  | 'SCMP_ARCH_S390X'
  | 'SCMP_ARCH_SH'
  | 'SCMP_ARCH_SHEB'
  | 'SCMP_ARCH_PARISC'
  | 'SCMP_ARCH_PARISC64'
  | 'SCMP_ARCH_RISCV64';

/** Empty: as if absent. */
export type RootfsPropagation = 'shared' | 'slave' | 'private' | 'unbindable' | 'rshared' | 'rslave' | 'rprivate' | 'runbindable' | '';

export interface Personality {
  readonly domain: 'LINUX' | 'LINUX32';
  readonly flags?: readonly string[] | undefined;
}
