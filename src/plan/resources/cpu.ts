/** `linux.resources.cpu` as files of the cpu controller (Documentation/admin-guide/cgroup-v2.rst, "CPU"). */
import type { Cpu, Integer } from '../../spec/types.js';
import type { CgroupWrite } from '../plan.js';
import { decimal, given } from './value.js';

const at = '/linux/resources/cpu';
const controller = 'cpu';

/** The kernel's default for the period of cpu.max, in microseconds. */
const DEFAULT_PERIOD = 100000;

/**
 * cgroup v1 shares (2 to 262144, default 1024) as cgroup v2 weight (1 to 10000, default 100): the quadratic curve in the
 * logarithm that meets both ends and the default, as other runtimes use it. 0 is "not given" and stays 0.
 */
export function weightOfShares(shares: Integer): number {
  const value = Number(shares);
  if (value === 0) return 0;
  if (value <= 2) return 1;
  if (value >= 262144) return 10000;
  const log = Math.log2(value);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/**
 * The order matters to an update: an idle cgroup takes no weight, and the burst may never exceed the quota. So the burst
 * is tried before the quota (both shrink) and, if refused, again after it (both grow).
 */
export function cpuWrites(cpu: Cpu): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpu.idle !== undefined) writes.push({ file: 'cpu.idle', value: String(cpu.idle), controller, pointer: `${at}/idle` });
  // the weight of an idle cgroup is fixed: writing it is EINVAL
  if (given(cpu.shares) && cpu.idle !== 1) {
    writes.push({ file: 'cpu.weight', value: String(weightOfShares(cpu.shares)), controller, pointer: `${at}/shares` });
  }
  const burst: CgroupWrite[] = [];
  if (cpu.burst !== undefined) burst.push({ file: 'cpu.max.burst', value: decimal(cpu.burst), controller, pointer: `${at}/burst` });
  if (given(cpu.quota) || given(cpu.period)) {
    const quota = given(cpu.quota) && cpu.quota > 0 ? decimal(cpu.quota) : 'max';
    const period = given(cpu.period) ? decimal(cpu.period) : String(DEFAULT_PERIOD);
    const pointer = given(cpu.quota) ? `${at}/quota` : `${at}/period`;
    writes.push(...burst.map((write) => ({ ...write, tolerate: ['EINVAL'] })));
    writes.push({ file: 'cpu.max', value: `${quota} ${period}`, controller, pointer });
  }
  return [...writes, ...burst];
}

/** What has no effect beside something else; what cgroup v2 has no place for is said by spec/rules/resources.ts. */
export function cpuWarnings(cpu: Cpu): string[] {
  return given(cpu.shares) && cpu.idle === 1 ? [`${at}/shares: ignored, an idle cgroup has no weight`] : [];
}
