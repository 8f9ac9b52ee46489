/** Which processors a process may run on (man 2 sched_setaffinity), within its cgroup's `cpuset.cpus`. */
import { TsrunError } from '../errors.js';
import { parseRanges } from '../spec/ranges.js';
import type { ExecCPUAffinity } from '../spec/types.js';
import { maskOf } from './mask.js';
import type { Step } from './steps.js';

/** On all that there are, whatever the runtime's caller was bound to. */
export const EVERY_CPU: Step = { op: 'affinity', kind: '', list: '', cpus: [] };

/**
 * How a process of `exec` gets into its cgroup: bound to `initial` before it is there, to `final` from then on. Without `initial` it is born
 * there. Without both it may run on all that the cgroup has; with `initial` alone the kernel decides what becomes of it.
 * @param hasCgroup the container has a cgroup to enter
 */
export function execAffinitySteps(
  affinity: ExecCPUAffinity | undefined,
  hasCgroup: boolean,
): { readonly first: Step[]; readonly then: Step[] } {
  const initial = bind('initial', affinity?.initial);
  const final = bind('final', affinity?.final);
  if (initial.length === 0) return { first: [], then: final.length === 0 ? [EVERY_CPU] : final };
  return { first: hasCgroup ? [...initial, { op: 'ask', what: 'cgroup' }] : initial, then: final };
}

function bind(kind: 'initial' | 'final', list = ''): Step[] {
  if (list === '') return [];
  const ranges = parseRanges(list);
  if (typeof ranges === 'string') throw new TsrunError(`/process/execCPUAffinity/${kind}: ${ranges}`);
  return [{ op: 'affinity', kind, list, cpus: maskOf(ranges) }];
}
