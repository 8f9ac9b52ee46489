/**
 * Events as runc prints them, for those who read them from runc: the shape, the units and what is left out are of its
 * types/events.go. Numbers are unsigned 64-bit ones, and the largest is the absence of a limit.
 */
import type { HugetlbStatistics, IoStatistics, MemoryStatistics, Pressure, Statistics } from '../cgroups/statistics/types.js';
import type { ContainerEvent } from '../lifecycle/events.js';

type Json = string | number | bigint | null | readonly Json[] | { readonly [key: string]: Json | undefined };

const NO_LIMIT = 2n ** 64n - 1n;

/** One line of JSON. JSON.stringify knows no numbers beyond 2^53. */
export function eventLine(event: ContainerEvent): string {
  const { type, id } = event;
  return `${encode(type === 'oom' ? { type, id } : { type, id, data: toStats(event.statistics) })}\n`;
}

function encode(value: Json): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`;
  const properties: string[] = [];
  for (const [key, property] of Object.entries(value)) {
    if (property !== undefined) properties.push(`${JSON.stringify(key)}:${encode(property)}`);
  }
  return `{${properties.join(',')}}`;
}

function toStats(statistics: Statistics): Json {
  const { cpu, cpuset, memory, pids, io, hugetlb } = statistics;
  return {
    cpu: toCpu(cpu),
    cpuset: toCpuset(cpuset),
    memory: toMemory(memory),
    // no limit is 0 here
    pids: { current: some(pids?.current), limit: some(pids?.limit ?? 0) },
    blkio: toBlkio(io),
    hugetlb: toHugetlb(hugetlb),
    intel_rdt: {},
    network_interfaces: null,
  };
}

/** Leaves out 0. */
function some(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

/** Leaves out an object whose numbers are all 0. */
function unlessZero(object: Readonly<Record<string, number | bigint>>): Json | undefined {
  return Object.values(object).every((value) => value === 0 || value === 0n) ? undefined : object;
}

function nanoseconds(microseconds: number): bigint {
  return BigInt(microseconds) * 1000n;
}

function toCpu(cpu: Statistics['cpu']): Json {
  if (cpu === undefined) return {};
  const [total, kernel, user] = [nanoseconds(cpu.usage), nanoseconds(cpu.system), nanoseconds(cpu.user)];
  const { periods, throttledPeriods } = cpu;
  const throttledTime = nanoseconds(cpu.throttledTime);
  const throttling = {
    periods: some(periods),
    throttledPeriods: some(throttledPeriods),
    throttledTime: throttledTime === 0n ? undefined : throttledTime,
  };
  return {
    // cgroup v2 counts nothing per cpu
    usage: total === 0n && kernel === 0n && user === 0n ? undefined : { total: total === 0n ? undefined : total, kernel, user },
    throttling: Object.values(throttling).every((value) => value === undefined) ? undefined : throttling,
    psi: toPsi(cpu.pressure),
  };
}

function toPsi(pressure: Pressure | undefined): Json | undefined {
  if (pressure === undefined) return undefined;
  const { some: of, full } = pressure;
  return { some: { ...of }, full: { ...full } };
}

/** All but the lists are flags of cgroup v1. */
function toCpuset(cpuset: Statistics['cpuset']): Json {
  const [cpus, mems] = [toNumbers(cpuset?.cpus), toNumbers(cpuset?.mems)];
  return {
    cpus: cpus.length === 0 ? undefined : cpus,
    cpu_exclusive: 0,
    mems: mems.length === 0 ? undefined : mems,
    mem_hardwall: 0,
    mem_exclusive: 0,
    memory_migrate: 0,
    memory_spread_page: 0,
    memory_spread_slab: 0,
    memory_pressure: 0,
    sched_load_balance: 0,
    sched_relax_domain_level: 0,
  };
}

/** `0-2,5` as 0, 1, 2, 5. */
function toNumbers(list = ''): number[] {
  return list
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, at) => first + at);
    });
}

interface Entry {
  readonly limit: number | null;
  readonly usage: number;
  readonly max?: number | undefined;
  readonly failcnt?: number | undefined;
}

function toEntry({ limit, usage, max, failcnt = 0 }: Entry): Json | undefined {
  if (unlessZero({ limit: limit ?? NO_LIMIT, usage, max: max ?? 0, failcnt }) === undefined) return undefined;
  return { limit: limit ?? NO_LIMIT, usage: some(usage), max: some(max), failcnt };
}

/** Sums of limits: none if one is none. */
function sum(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function toMemory(memory: MemoryStatistics | undefined): Json {
  if (memory === undefined) return {};
  const { usage, peak, limit, swapUsage = 0, swapLimit = 0, stat, events, pressure } = memory;
  return {
    cache: some(stat['file']),
    usage: toEntry({ limit, usage, max: peak, failcnt: events['max'] }),
    // as with cgroup v1, memory and swap together
    swap: toEntry({ limit: sum(limit, swapLimit), usage: usage + swapUsage }),
    raw: Object.fromEntries(Object.entries(stat).sort(([one], [other]) => (one < other ? -1 : 1))),
    psi: toPsi(pressure),
  };
}

function toBlkio(io: IoStatistics | undefined): Json {
  if (io === undefined) return {};
  const entries = (kinds: readonly (readonly [string, 'rbytes' | 'wbytes' | 'dbytes' | 'rios' | 'wios' | 'dios'])[]): Json | undefined => {
    if (io.devices.length === 0) return undefined;
    return io.devices.flatMap((device) =>
      kinds.map(([op, property]) => ({ major: some(device.major), minor: some(device.minor), op, value: some(device[property]) })),
    );
  };
  return {
    ioServiceBytesRecursive: entries([
      ['Read', 'rbytes'],
      ['Write', 'wbytes'],
      ['Discard', 'dbytes'],
    ]),
    ioServicedRecursive: entries([
      ['Read', 'rios'],
      ['Write', 'wios'],
      ['Discard', 'dios'],
    ]),
    psi: toPsi(io.pressure),
  };
}

/** Reservations where the kernel counts them: they are what its limit is about. */
function toHugetlb(sizes: Readonly<Record<string, HugetlbStatistics>> = {}): Json {
  return Object.fromEntries(
    Object.entries(sizes).map(([size, { usage, reserved, failures }]) => [
      size,
      { usage: some(reserved?.usage ?? usage), failcnt: failures },
    ]),
  );
}
