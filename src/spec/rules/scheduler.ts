import { refuse, show } from '../problem.js';
import type { Scheduler } from '../types.js';

/** Which numbers each policy takes (man 2 sched_setattr, man 7 sched). Zeros stand for absent ones. */
export function checkScheduler(scheduler: Scheduler, pointer: string): void {
  const { policy, nice = 0, priority = 0 } = scheduler;
  if (policy === 'SCHED_ISO') refuse(`${pointer}/policy`, 'SCHED_ISO is reserved, the kernel has no such policy');
  if (nice !== 0 && policy !== 'SCHED_OTHER' && policy !== 'SCHED_BATCH' && policy !== 'SCHED_DEADLINE') {
    refuse(`${pointer}/nice`, `is for SCHED_OTHER and SCHED_BATCH only, not for ${policy}`);
  }
  const isRealTime = policy === 'SCHED_FIFO' || policy === 'SCHED_RR';
  if (!isRealTime && priority !== 0) refuse(`${pointer}/priority`, `is for SCHED_FIFO and SCHED_RR only, not for ${policy}`);
  if (isRealTime && (priority < 1 || priority > 99)) refuse(`${pointer}/priority`, `must be from 1 to 99 for ${policy}, is ${priority}`);
  checkDeadline(scheduler, pointer);
}

/** The specification's own example has it. */
export function warnAboutScheduler({ policy, nice = 0 }: Scheduler, pointer: string, warnings: string[]): void {
  if (policy === 'SCHED_DEADLINE' && nice !== 0) warnings.push(`${pointer}/nice: ignored, SCHED_DEADLINE has none`);
}

function checkDeadline({ policy, runtime = 0, deadline = 0, period = 0 }: Scheduler, pointer: string): void {
  if (policy !== 'SCHED_DEADLINE') {
    for (const [name, value] of Object.entries({ runtime, deadline, period })) {
      if (value > 0) refuse(`${pointer}/${name}`, `is for SCHED_DEADLINE only, not for ${policy}`);
    }
    return;
  }
  if (runtime <= 0) refuse(`${pointer}/runtime`, 'must be more than 0 for SCHED_DEADLINE');
  if (deadline < runtime) refuse(`${pointer}/deadline`, `must be at least the runtime ${show(runtime)}, is ${show(deadline)}`);
  if (period > 0 && period < deadline) refuse(`${pointer}/period`, `must be at least the deadline ${show(deadline)}, is ${show(period)}`);
}
