/** Writes a plan's values into the files of a cgroup. */
import { isSystemError, TsrunError, type SystemError } from '../errors.js';
import { native } from '../native.js';
import type { CgroupWrite } from '../plan/plan.js';

/** A failure that names the config's property; the kernel's words stay. */
function refused({ pointer }: CgroupWrite, error: SystemError): TsrunError {
  return new TsrunError(`${pointer}: ${error.message}`, { cause: error });
}

/** The refusal of a limit below what is in use; a cgroup without that file has nothing in use. */
function checkUsage(path: string, { above }: CgroupWrite): void {
  if (above === undefined) return;
  let text: string;
  try {
    text = native().readFile(`${path}/${above.file}`, 64).trim();
  } catch (error) {
    if (isSystemError(error)) return;
    throw error;
  }
  if (/^[0-9]+$/.test(text) && BigInt(above.limit) <= BigInt(text)) {
    throw new TsrunError(`rejecting ${above.what} limit ${above.limit} <= usage ${text}`);
  }
}

function put(path: string, write: CgroupWrite): void {
  try {
    native().writeFile(`${path}/${write.file}`, write.value);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT' && write.instead) {
      const { instead, ...rest } = write;
      put(path, { ...rest, ...instead });
    } else if (!write.tolerate?.includes(error.code)) {
      throw refused(write, error);
    }
  }
}

/** In the order given. Throws at the first that fails, except for `tolerate`; all usage is checked before the first write. */
export function writeResources(path: string, writes: readonly CgroupWrite[]): void {
  for (const write of writes) checkUsage(path, write);
  for (const write of writes) put(path, write);
}
