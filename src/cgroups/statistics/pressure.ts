/** Pressure stall information: `cpu.pressure`, `memory.pressure`, `io.pressure` (Documentation/accounting/psi.rst). */
import type { CgroupFiles } from './files.js';
import { toPairs } from './files.js';
import type { Pressure, PressureShares } from './types.js';

/** Undefined without PSI: not compiled in, `psi=0`, or switched off for the cgroup (`cgroup.pressure`). */
export function readPressure(files: CgroupFiles, file: string): Pressure | undefined {
  const text = files.textIf(file);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  // before Linux 5.13 cpu.pressure has no "full"
  return { some: shares(lines, 'some '), full: shares(lines, 'full ') };
}

function shares(lines: readonly string[], kind: string): PressureShares {
  const pairs = toPairs((lines.find((line) => line.startsWith(kind)) ?? '').split(' '));
  const value = (name: string): number => Number(pairs.get(name) ?? 0);
  return { avg10: value('avg10'), avg60: value('avg60'), avg300: value('avg300'), total: value('total') };
}
