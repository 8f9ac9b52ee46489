import { each } from '../each.js';
import { refuse, show } from '../problem.js';
import { countOf, parseRanges } from '../ranges.js';
import type { MemoryPolicy } from '../types.js';
import { memoryPolicyFlags, memoryPolicyModes } from '../words.js';

/** Which modes and flags there are, and which modes take nodes (man 2 set_mempolicy). The words are those of runc. */
export function checkMemoryPolicy({ mode, nodes = '', flags }: MemoryPolicy, pointer: string): void {
  if (mode === undefined) refuse(`${pointer}/mode`, `invalid memory policy mode: is required (known: ${memoryPolicyModes.join(', ')})`);
  if (!memoryPolicyModes.includes(mode)) unknown(`${pointer}/mode`, 'mode', mode, memoryPolicyModes);
  each(flags, (flag, index) => {
    if (!memoryPolicyFlags.includes(flag)) unknown(`${pointer}/flags/${index}`, 'flag', flag, memoryPolicyFlags);
  });
  if (flags?.includes('MPOL_F_STATIC_NODES') === true && flags.includes('MPOL_F_RELATIVE_NODES'))
    refuse(`${pointer}/flags`, 'MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other');
  const ranges = parseRanges(nodes);
  if (typeof ranges === 'string') refuse(`${pointer}/nodes`, `invalid memory policy nodes ${show(nodes)}: ${ranges}`);
  checkCount(mode, countOf(ranges), `${pointer}/nodes`);
}

function checkCount(mode: NonNullable<MemoryPolicy['mode']>, count: number, pointer: string): void {
  switch (mode) {
    case 'MPOL_DEFAULT':
    case 'MPOL_LOCAL':
      if (count > 0) refuse(pointer, `memory policy mode requires 0 nodes but got ${count}: ${mode}`);
      break;
    case 'MPOL_PREFERRED':
      // None: the node that the process runs on.
      break;
    default:
      if (count === 0) refuse(pointer, `memory policy mode requires at least one node but got 0: ${mode}`);
  }
}

function unknown(pointer: string, what: string, value: string, known: readonly string[]): never {
  refuse(pointer, `invalid memory policy ${what} ${show(value)} (known: ${known.join(', ')})`);
}
