/** `ps`: the processes of a container, by their pids in our namespace. */
import { cgroupPids } from '../cgroups/processes.js';
import { TsrunError } from '../errors.js';
import { statusOf } from '../state/status.js';
import { readState } from '../state/store.js';
import type { CommonOptions } from './options.js';

export function pids({ root, id }: CommonOptions): number[] {
  const state = readState(root, id);
  if (state.cgroup !== '') return cgroupPids(state.cgroup);
  if (statusOf(root, state) === 'stopped') throw new TsrunError('container not running');
  return [state.pid];
}
