/** What a container uses now: from two samples of its cgroup's counters. */

/** What is read of a cgroup; a controller that it lacks is left out (cgroups/statistics). */
export interface Counters {
  /** Times in microseconds. */
  readonly cpu?: {
    readonly usage: number;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly quota: number | null;
    readonly period: number;
    readonly pressure?: SomePressure;
  };
  /** Bytes. */
  readonly memory?: {
    readonly usage: number;
    readonly limit: number | null;
    readonly events: Readonly<Record<string, number>>;
    readonly pressure?: SomePressure;
  };
  readonly pids?: { readonly current: number; readonly limit: number | null };
  readonly io?: { readonly devices: readonly { readonly rbytes: number; readonly wbytes: number }[]; readonly pressure?: SomePressure };
}

interface SomePressure {
  readonly some: { readonly avg10: number };
}

/** One container at one moment. */
export interface Reading {
  readonly id: string;
  /** Differs for a later container of the same name. */
  readonly instance: string;
  readonly status: string;
  /** 0 without a process. */
  readonly pid: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly at: number;
  /** null without a cgroup. */
  readonly counters: Counters | null;
}

/** One container between two moments; null is what is not known: no cgroup, no controller, no earlier sample. These are the fields of `top --format json`. */
export interface Load {
  readonly id: string;
  readonly status: string;
  readonly pid: number;
  readonly cpu: {
    /** Of one processor. */
    readonly percent: number | null;
    /** The quota, likewise. null: no limit. */
    readonly limitPercent: number | null;
    /** Of the periods in which it ran, those in which its quota ran out. null without a quota. */
    readonly throttledPercent: number | null;
  } | null;
  readonly memory: {
    /** Bytes, as they count against the limit: with page cache. */
    readonly usage: number;
    readonly limit: number | null;
    readonly percent: number | null;
    /** Processes that the kernel killed for want of memory, since the container began. */
    readonly oomKills: number;
  } | null;
  readonly pids: { readonly current: number; readonly limit: number | null } | null;
  /** Bytes per second. */
  readonly io: { readonly read: number | null; readonly write: number | null } | null;
  /** Percent of the last ten seconds in which some process waited (PSI, `some avg10`). */
  readonly pressure: { readonly cpu: number | null; readonly memory: number | null; readonly io: number | null };
}

function sum(devices: readonly { readonly rbytes: number; readonly wbytes: number }[], what: 'rbytes' | 'wbytes'): number {
  let total = 0;
  for (const device of devices) total += device[what];
  return total;
}

/** No counter goes back but that of a device that is gone. */
function grown(before: number, after: number): number {
  return Math.max(0, after - before);
}

function cpuOf(before: Counters['cpu'], after: Counters['cpu'], milliseconds: number): Load['cpu'] {
  if (after === undefined) return null;
  const known = before !== undefined && milliseconds > 0;
  const limit = after.quota === null || after.period <= 0 ? null : (after.quota / after.period) * 100;
  const periods = known ? grown(before.periods, after.periods) : 0;
  const throttled = known ? grown(before.throttledPeriods, after.throttledPeriods) : 0;
  return {
    percent: known ? grown(before.usage, after.usage) / milliseconds / 10 : null,
    limitPercent: limit,
    throttledPercent: limit !== null && known ? (periods === 0 ? 0 : (throttled / periods) * 100) : null,
  };
}

function memoryOf(after: Counters['memory']): Load['memory'] {
  if (after === undefined) return null;
  const { usage, limit, events } = after;
  // a limit of nothing is full
  const percent = limit === null ? null : limit === 0 ? 100 : (usage / limit) * 100;
  return { usage, limit, percent, oomKills: events['oom_kill'] ?? 0 };
}

function ioOf(before: Counters['io'], after: Counters['io'], milliseconds: number): Load['io'] {
  if (after === undefined) return null;
  if (before === undefined || milliseconds <= 0) return { read: null, write: null };
  const rate = (what: 'rbytes' | 'wbytes'): number => (grown(sum(before.devices, what), sum(after.devices, what)) / milliseconds) * 1000;
  return { read: rate('rbytes'), write: rate('wbytes') };
}

/** @param before the same name's earlier reading, if there is one; another container's of that name counts as none */
export function loadOf(before: Reading | undefined, after: Reading): Load {
  const { id, status, pid, counters } = after;
  const earlier = before?.instance === after.instance ? before : undefined;
  const milliseconds = earlier === undefined ? 0 : after.at - earlier.at;
  const known = earlier?.counters ?? {};
  const now = counters ?? {};
  return {
    id,
    status,
    pid,
    cpu: cpuOf(known.cpu, now.cpu, milliseconds),
    memory: memoryOf(now.memory),
    pids: now.pids === undefined ? null : { current: now.pids.current, limit: now.pids.limit },
    io: ioOf(known.io, now.io, milliseconds),
    pressure: {
      cpu: now.cpu?.pressure?.some.avg10 ?? null,
      memory: now.memory?.pressure?.some.avg10 ?? null,
      io: now.io?.pressure?.some.avg10 ?? null,
    },
  };
}

/** One load for each reading of `after`, in its order. */
export function loadsOf(before: readonly Reading[], after: readonly Reading[]): Load[] {
  const earlier = new Map<string, Reading>();
  for (const reading of before) earlier.set(reading.id, reading);
  return after.map((reading) => loadOf(earlier.get(reading.id), reading));
}
