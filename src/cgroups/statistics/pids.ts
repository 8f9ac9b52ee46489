/** `pids.current`, `pids.max` and `pids.events`. */
import type { CgroupFiles } from './files.js';
import { given } from './files.js';
import type { PidsStatistics } from './types.js';

export function readPids(files: CgroupFiles): PidsStatistics | undefined {
  if (!files.has('pids.current')) return undefined;
  return {
    current: files.number('pids.current'),
    ...given('peak', files.numberIf('pids.peak')),
    limit: files.has('pids.max') ? files.limit('pids.max') : null,
    failures: files.counts('pids.events')['max'] ?? 0,
  };
}
