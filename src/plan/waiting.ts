/** A process that is not born in its cgroup. */
import type { Plan } from './plan.js';

/**
 * The same plan for a process that is not born in the container's cgroup: it waits, before anything else, until it has been moved there.
 * A cgroup that was there before the container may have been killed once (`cgroup.kill`): Linux 6.18 then also kills what is born in it from
 * outside with CLONE_INTO_CGROUP, but not what is moved there.
 */
export function waiting(plan: Plan): Plan {
  if (isWaiting(plan)) return plan;
  return { ...plan, steps: [{ op: 'ask', what: 'cgroup' }, ...plan.steps] };
}

/** A process with that plan waits until it has been moved into the container's cgroup. */
export function isWaiting({ steps }: Plan): boolean {
  return steps.some((step) => step.op === 'ask' && step.what === 'cgroup');
}
