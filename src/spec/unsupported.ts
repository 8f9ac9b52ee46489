import { refuse } from './problem.js';
import type { Spec } from './types.js';

/**
 * What the specification has and tsrun does not do yet. Each is refused: leaving it out would run something other than what
 * was asked for. Sections for other platforms are not for us, and ignored.
 */
export function refuseUnsupported(spec: Spec): void {
  const linux = spec.linux ?? {};
  if (linux.intelRdt !== undefined) refuse('/linux/intelRdt', NOT_YET);
}

const NOT_YET = 'is not supported yet';
