/** `hugetlb.SIZE.current`, `.max`, `.events`, and the same of reservations (`.rsvd`). */
import type { CgroupFiles } from './files.js';
import { given } from './files.js';
import type { HugetlbStatistics } from './types.js';

export function readHugetlb(files: CgroupFiles): Record<string, HugetlbStatistics> | undefined {
  const sizes: Record<string, HugetlbStatistics> = {};
  for (const name of [...files.names].sort()) {
    const size = /^hugetlb\.([^.]+)\.current$/.exec(name)?.[1];
    if (size !== undefined) sizes[size] = readSize(files, `hugetlb.${size}`);
  }
  return Object.keys(sizes).length === 0 ? undefined : sizes;
}

function readSize(files: CgroupFiles, prefix: string): HugetlbStatistics {
  const reserved = files.has(`${prefix}.rsvd.current`)
    ? { usage: files.number(`${prefix}.rsvd.current`), limit: files.limit(`${prefix}.rsvd.max`) }
    : undefined;
  return {
    usage: files.number(`${prefix}.current`),
    limit: files.limit(`${prefix}.max`),
    failures: files.counts(`${prefix}.events`)['max'] ?? 0,
    ...given('reserved', reserved),
  };
}
