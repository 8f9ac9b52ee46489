import { refuse, show } from '../problem.js';
import { parseRanges } from '../ranges.js';
import type { ExecCPUAffinity } from '../types.js';

/** Lists of processors, each empty or not; which of them there are is the kernel's to know. */
export function checkAffinity(affinity: ExecCPUAffinity, pointer: string): void {
  for (const kind of ['initial', 'final'] as const) {
    const list = affinity[kind] ?? '';
    const ranges = parseRanges(list);
    if (typeof ranges === 'string') refuse(`${pointer}/${kind}`, `invalid list of CPUs ${show(list)}: ${ranges}`);
  }
}
