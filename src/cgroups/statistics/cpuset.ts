/** `cpuset.cpus.effective` and `cpuset.mems.effective`. */
import type { CgroupFiles } from './files.js';
import type { CpusetStatistics } from './types.js';

export function readCpuset(files: CgroupFiles): CpusetStatistics | undefined {
  if (!files.has('cpuset.cpus.effective')) return undefined;
  return { cpus: files.text('cpuset.cpus.effective').trim(), mems: files.text('cpuset.mems.effective').trim() };
}
