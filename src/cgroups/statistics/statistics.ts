/** Everything the kernel counts for a cgroup. */
import { readCpu } from './cpu.js';
import { readCpuset } from './cpuset.js';
import { CgroupFiles, given } from './files.js';
import { readHugetlb } from './hugetlb.js';
import { readIo } from './io.js';
import { readMemory } from './memory.js';
import { readMisc } from './misc.js';
import { readPids } from './pids.js';
import { readRdma } from './rdma.js';
import type { Statistics } from './types.js';

export type * from './types.js';

/**
 * Reads the statistics of the cgroup at `path` (absolute), with all below it. For some of the controllers only, make a
 * CgroupFiles and use their own readers.
 * @throws SystemError ENOENT or ENODEV when there is no such cgroup, or it goes meanwhile
 */
export function readStatistics(path: string): Statistics {
  const files = new CgroupFiles(path);
  return {
    ...given('cpu', readCpu(files)),
    ...given('cpuset', readCpuset(files)),
    ...given('memory', readMemory(files)),
    ...given('pids', readPids(files)),
    ...given('io', readIo(files)),
    ...given('hugetlb', readHugetlb(files)),
    ...given('rdma', readRdma(files)),
    ...given('misc', readMisc(files)),
  };
}
