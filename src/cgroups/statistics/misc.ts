/** `misc.current`, `misc.max`, `misc.peak` and `misc.events`: a line a resource of this machine. */
import type { CgroupFiles } from './files.js';
import { given, toLimit } from './files.js';
import type { MiscStatistics } from './types.js';

/** The root cgroup has current and peak only, and no limit. */
export function readMisc(files: CgroupFiles): Record<string, MiscStatistics> | undefined {
  if (!files.has('misc.current')) return undefined;
  const limits = new Map(files.lines('misc.max').map(([resource, limit = 'max']) => [resource, limit]));
  const peaks = files.counts('misc.peak');
  const events = files.counts('misc.events');
  const resources: Record<string, MiscStatistics> = {};
  for (const [resource, usage] of files.lines('misc.current')) {
    resources[resource] = {
      usage: Number(usage),
      limit: toLimit(limits.get(resource) ?? 'max'),
      ...given('peak', peaks[resource]),
      ...given('failures', events[`${resource}.max`]),
    };
  }
  return resources;
}
