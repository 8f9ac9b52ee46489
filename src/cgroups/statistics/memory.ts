/** `memory.current`, `memory.stat`, `memory.events` and what belongs to them, swap too. */
import type { CgroupFiles } from './files.js';
import { given } from './files.js';
import { readPressure } from './pressure.js';
import type { MemoryStatistics } from './types.js';

/** Undefined without the controller, and for the root cgroup, which has memory.stat only. */
export function readMemory(files: CgroupFiles): MemoryStatistics | undefined {
  if (!files.has('memory.current')) return undefined;
  return {
    usage: files.number('memory.current'),
    ...given('peak', files.numberIf('memory.peak')),
    limit: files.limit('memory.max'),
    ...readSwap(files),
    stat: files.counts('memory.stat'),
    events: files.counts('memory.events'),
    ...given('pressure', readPressure(files, 'memory.pressure')),
  };
}

/** Nothing with `swapaccount=0` or a kernel without swap. */
function readSwap(files: CgroupFiles): Partial<MemoryStatistics> {
  if (!files.has('memory.swap.current')) return {};
  return {
    swapUsage: files.number('memory.swap.current'),
    ...given('swapPeak', files.numberIf('memory.swap.peak')),
    swapLimit: files.limit('memory.swap.max'),
    swapEvents: files.counts('memory.swap.events'),
  };
}
