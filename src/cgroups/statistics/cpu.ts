/** `cpu.stat`, `cpu.max` and `cpu.pressure`. */
import type { CgroupFiles } from './files.js';
import { given, toLimit } from './files.js';
import { readPressure } from './pressure.js';
import type { CpuStatistics } from './types.js';

/** The kernel's own period where `cpu.max` does not say. */
const PERIOD = 100_000;

export function readCpu(files: CgroupFiles): CpuStatistics | undefined {
  if (!files.has('cpu.stat')) return undefined;
  const stat = files.counts('cpu.stat');
  const [quota = 'max', period = PERIOD] = files.lines('cpu.max')[0] ?? [];
  return {
    usage: stat['usage_usec'] ?? 0,
    user: stat['user_usec'] ?? 0,
    system: stat['system_usec'] ?? 0,
    periods: stat['nr_periods'] ?? 0,
    throttledPeriods: stat['nr_throttled'] ?? 0,
    throttledTime: stat['throttled_usec'] ?? 0,
    bursts: stat['nr_bursts'] ?? 0,
    burstTime: stat['burst_usec'] ?? 0,
    quota: toLimit(quota),
    period: Number(period),
    ...given('pressure', readPressure(files, 'cpu.pressure')),
  };
}
