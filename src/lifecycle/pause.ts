/** `pause`: stops all processes of a container with the freezer, until `resume`. */
import { freeze } from '../cgroups/freezer.js';
import { TsrunError } from '../errors.js';
import { statusOf } from '../state/status.js';
import { readState } from '../state/store.js';
import { freezerOf, freezerFailure } from './freezer.js';
import type { CommonOptions } from './options.js';

/**
 * Returns once every process has stopped; one that does not within 10 s makes it fail, and then all go on. It takes no lock:
 * a `start` that holds it may itself wait for a process that only `resume` lets go on.
 */
export function pause({ root, id }: CommonOptions): void {
  const state = readState(root, id);
  const status = statusOf(root, state);
  if (status === 'paused') throw new TsrunError('container not running: it is paused already');
  if (status !== 'running' && status !== 'created') throw new TsrunError('container not running');
  const path = freezerOf(state, 'pause');
  try {
    freeze(path);
  } catch (error) {
    throw freezerFailure(state, 'pause', error);
  }
}
