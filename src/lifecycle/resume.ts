/** `resume`: lets the processes of a paused container go on. */
import { thaw } from '../cgroups/freezer.js';
import { TsrunError } from '../errors.js';
import { statusOf } from '../state/status.js';
import { readState } from '../state/store.js';
import { freezerFailure, freezerOf } from './freezer.js';
import type { CommonOptions } from './options.js';

export interface ResumeOptions extends CommonOptions {
  /** Hears when the processes stay stopped because a cgroup above the container's is frozen too. */
  readonly warn: (message: string) => void;
}

export function resume({ root, id, warn }: ResumeOptions): void {
  const state = readState(root, id);
  if (statusOf(root, state) !== 'paused') throw new TsrunError('container not paused');
  let above: string | null;
  try {
    above = thaw(freezerOf(state, 'resume'));
  } catch (error) {
    throw freezerFailure(state, 'resume', error);
  }
  if (above !== null) warn(`container ${id} goes on only when the cgroup above it is thawed: ${above}`);
}
