/** Limits that the host sets from outside, because the process in its user namespace may raise none. */
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import type { RlimitPlan } from '../plan/plan.js';
import { rlimitName } from '../plan/rlimits.js';

export function setLimits(pid: number, limits: readonly RlimitPlan[]): void {
  for (const { resource, soft, hard } of limits) {
    try {
      native().setLimit(pid, resource, soft, hard);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const words = native().errorText(error.errno);
      throw new TsrunError(`/process/rlimits: set limit ${rlimitName(resource)} to ${soft}:${hard}: ${words}`, { cause: error });
    }
  }
}
