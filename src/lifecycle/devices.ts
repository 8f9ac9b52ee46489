/** Makes the device nodes that init cannot make itself. */
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import type { NodePlan } from '../plan/plan.js';

/** The answer to init's question `device NUMBER`: a descriptor of the device's mount, the caller's to close. */
export function makeDevice(devices: readonly NodePlan[], what: string): number {
  const device = what.startsWith('device ') ? devices[Number(what.slice(7))] : undefined;
  if (device === undefined) throw new Error(`tsrun-init asks for "${what}"`);
  try {
    return native().makeDevice(device);
  } catch (error) {
    if (isSystemError(error)) throw new TsrunError(`make device ${device.path}: ${error.message}`, { cause: error });
    throw error;
  }
}
