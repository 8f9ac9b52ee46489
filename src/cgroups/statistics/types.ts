/**
 * What the kernel counts for a cgroup with all below it. Times are microseconds, sizes bytes; null is the absence of a
 * limit. What the cgroup's controllers or the kernel do not provide is left out.
 */
export interface Statistics {
  readonly cpu?: CpuStatistics;
  readonly cpuset?: CpusetStatistics;
  readonly memory?: MemoryStatistics;
  readonly pids?: PidsStatistics;
  readonly io?: IoStatistics;
  /** By page size as the kernel writes it: `2MB`. */
  readonly hugetlb?: Readonly<Record<string, HugetlbStatistics>>;
  /** By device. */
  readonly rdma?: Readonly<Record<string, RdmaStatistics>>;
  /** By resource. */
  readonly misc?: Readonly<Record<string, MiscStatistics>>;
}

/** Shares of time, in percent, in which some or all tasks waited; `total` in microseconds (Documentation/accounting/psi.rst). */
export interface PressureShares {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: number;
}

export interface Pressure {
  readonly some: PressureShares;
  readonly full: PressureShares;
}

export interface CpuStatistics {
  readonly usage: number;
  readonly user: number;
  readonly system: number;
  /** These are 0 without the controller: `usage` is counted for every cgroup. */
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledTime: number;
  readonly bursts: number;
  readonly burstTime: number;
  /** Microseconds a period. */
  readonly quota: number | null;
  readonly period: number;
  readonly pressure?: Pressure;
}

/** Lists as `0-3,5`, what is in force. */
export interface CpusetStatistics {
  readonly cpus: string;
  readonly mems: string;
}

export interface MemoryStatistics {
  readonly usage: number;
  /** Linux 5.19. */
  readonly peak?: number;
  readonly limit: number | null;
  /** Swap alone, without memory. */
  readonly swapUsage?: number;
  /** Linux 6.5. */
  readonly swapPeak?: number;
  readonly swapLimit?: number | null;
  /** memory.stat: bytes and counts, whatever the kernel has. */
  readonly stat: Readonly<Record<string, number>>;
  /** memory.events: low, high, max, oom, oom_kill and so on. */
  readonly events: Readonly<Record<string, number>>;
  readonly swapEvents?: Readonly<Record<string, number>>;
  readonly pressure?: Pressure;
}

export interface PidsStatistics {
  readonly current: number;
  /** Linux 6.7. */
  readonly peak?: number;
  readonly limit: number | null;
  /** How often fork failed at the limit. */
  readonly failures: number;
}

export interface IoDevice {
  readonly major: number;
  readonly minor: number;
  /** Bytes read, written, discarded. */
  readonly rbytes: number;
  readonly wbytes: number;
  readonly dbytes: number;
  /** Operations. */
  readonly rios: number;
  readonly wios: number;
  readonly dios: number;
}

export interface IoStatistics {
  readonly devices: readonly IoDevice[];
  readonly pressure?: Pressure;
}

export interface HugetlbStatistics {
  readonly usage: number;
  readonly limit: number | null;
  /** How often the limit refused a page. */
  readonly failures: number;
  /** Reservations: counted when mapped, not when used. */
  readonly reserved?: { readonly usage: number; readonly limit: number | null };
}

export interface RdmaStatistics {
  readonly handles: number;
  readonly handleLimit: number | null;
  readonly objects: number;
  readonly objectLimit: number | null;
}

export interface MiscStatistics {
  readonly usage: number;
  readonly limit: number | null;
  /** Linux 6.11. */
  readonly peak?: number;
  /** How often the limit refused. */
  readonly failures?: number;
}
