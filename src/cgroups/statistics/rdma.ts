/** `rdma.current` and `rdma.max`: a line a device. */
import type { CgroupFiles } from './files.js';
import { toLimit, toPairs } from './files.js';
import type { RdmaStatistics } from './types.js';

export function readRdma(files: CgroupFiles): Record<string, RdmaStatistics> | undefined {
  if (!files.has('rdma.current')) return undefined;
  const limits = new Map(files.lines('rdma.max').map(([device, ...words]) => [device, toPairs(words)]));
  const devices: Record<string, RdmaStatistics> = {};
  for (const [device, ...words] of files.lines('rdma.current')) {
    const used = toPairs(words);
    const limit = limits.get(device);
    devices[device] = {
      handles: Number(used.get('hca_handle') ?? 0),
      handleLimit: toLimit(limit?.get('hca_handle') ?? 'max'),
      objects: Number(used.get('hca_object') ?? 0),
      objectLimit: toLimit(limit?.get('hca_object') ?? 'max'),
    };
  }
  return devices;
}
