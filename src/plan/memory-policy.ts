import { TsrunError } from '../errors.js';
import { parseRanges } from '../spec/ranges.js';
import type { MemoryPolicy } from '../spec/types.js';
import { maskOf } from './mask.js';
import type { Step } from './steps.js';

/** include/uapi/linux/mempolicy.h */
const MODES: Readonly<Record<NonNullable<MemoryPolicy['mode']>, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

const FLAGS: Readonly<Record<NonNullable<MemoryPolicy['flags']>[number], number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};

/** The memory policy of a process and all its children (man 2 set_mempolicy), for a policy that was checked. */
export function memoryPolicySteps(policy: MemoryPolicy | undefined): Step[] {
  if (policy?.mode === undefined) return [];
  const { mode, nodes = '', flags = [] } = policy;
  const ranges = parseRanges(nodes);
  if (typeof ranges === 'string') throw new TsrunError(`/linux/memoryPolicy/nodes: ${ranges}`);
  let word = MODES[mode];
  for (const flag of flags) word |= FLAGS[flag];
  const name = [mode, ...flags].join('|') + (nodes === '' ? '' : ` ${nodes}`);
  return [{ op: 'memoryPolicy', name, mode: word, nodes: maskOf(ranges) }];
}
