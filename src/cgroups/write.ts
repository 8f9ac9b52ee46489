/** Writes a plan's values into the files of a cgroup. */
import { isSystemError, TsrunError, type SystemError } from '../errors.js';
import { native } from '../native.js';
import type { CgroupWrite } from '../plan/plan.js';

/** A failure that names the config's property; the kernel's words stay. */
function refused({ pointer }: CgroupWrite, error: SystemError): TsrunError {
  return new TsrunError(`${pointer}: ${error.message}`, { cause: error });
}

/** A cgroup without that file has nothing in use. */
function usage(path: string, file: string): bigint {
  try {
    const text = native().readFile(`${path}/${file}`, 64).trim();
    return /^[0-9]+$/.test(text) ? BigInt(text) : 0n;
  } catch (error) {
    if (isSystemError(error)) return 0n;
    throw error;
  }
}

/** The refusal of a limit below what is in use. */
export function checkUsage(path: string, { above }: CgroupWrite): void {
  if (above === undefined) return;
  const used = above.files.reduce((sum, file) => sum + usage(path, file), 0n);
  if (used > 0n && BigInt(above.limit) <= used) throw new TsrunError(`rejecting ${above.what} limit ${above.limit} <= usage ${used}`);
}

/** With which errno a file is not the one to write to: not there, or of no effect on this device (blk-cgroup.c, blkg_conf_prep). */
const ELSEWHERE = new Set(['ENOENT', 'EOPNOTSUPP']);

/** @returns the file that was written, or null when the kernel refused without harm */
export function put(path: string, write: CgroupWrite): string | null {
  try {
    native().writeFile(`${path}/${write.file}`, write.value);
    return write.file;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (ELSEWHERE.has(error.code) && write.instead) {
      const { instead, ...rest } = write;
      return put(path, { ...rest, ...instead });
    }
    if (write.tolerate?.includes(error.code) === true) return null;
    throw refused(write, error);
  }
}

/** In the order given. Throws at the first that fails, except for `tolerate`; all usage is checked before the first write. */
export function writeResources(path: string, writes: readonly CgroupWrite[]): void {
  for (const write of writes) checkUsage(path, write);
  for (const write of writes) put(path, write);
}
