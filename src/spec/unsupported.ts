import { refuse } from './problem.js';
import type { Process, Spec } from './types.js';

/**
 * What the specification has and tsrun does not do yet. Each is refused: leaving it out would run something other than what
 * was asked for. Sections for other platforms are not for us, and ignored.
 */
export function refuseUnsupported(spec: Spec): void {
  const linux = spec.linux ?? {};
  if (linux.intelRdt !== undefined) refuse('/linux/intelRdt', NOT_YET);
  if (Object.keys(linux.netDevices ?? {}).length > 0) refuse('/linux/netDevices', NOT_YET);
  if (spec.process !== undefined) refuseUnsupportedProcess(spec.process, '/process');
}

/** The part of it that is about a process; `pointer` is where it stands. */
export function refuseUnsupportedProcess(process: Process, pointer: string): void {
  if (process.execCPUAffinity !== undefined) refuse(`${pointer}/execCPUAffinity`, NOT_YET);
}

const NOT_YET = 'is not supported yet';
