/** A process that is not born in its cgroup. */
import type { Plan } from './plan.js';

/**
 * The same plan for a process that is not born in the container's cgroup: it waits, before anything else, until it has been moved there.
 * A cgroup that was there before the container may have been killed once (`cgroup.kill`), and kernels since 6.14 then also kill
 * what is born in it from outside (CLONE_INTO_CGROUP): kernel/cgroup/cgroup.c compares its count of kills with that of the parent's cgroup.
 */
export function waiting(plan: Plan): Plan {
  return { ...plan, steps: [{ op: 'ask', what: 'cgroup' }, ...plan.steps] };
}
