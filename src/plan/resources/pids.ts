/** `linux.resources.pids` as files of the pids controller. */
import type { Pids } from '../../spec/types.js';
import type { CgroupWrite } from '../plan.js';
import { decimal } from './value.js';

/**
 * Limit 0 is written as 1: the container's first process is born inside the cgroup, which a limit of 0 would refuse with
 * EAGAIN. Either way nothing in it can make another process. A negative limit is none.
 */
export function pidsWrites(pids: Pids): CgroupWrite[] {
  if (pids.limit === undefined) return [];
  const value = pids.limit < 0 ? 'max' : pids.limit < 1 ? '1' : decimal(pids.limit);
  return [{ file: 'pids.max', value, controller: 'pids', pointer: '/linux/resources/pids/limit' }];
}
