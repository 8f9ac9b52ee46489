/** What `pause` and `resume` have in common: the container's freezer, and their failures in words. */
import { isSystemError, TsrunError } from '../errors.js';
import type { ContainerState } from '../state/store.js';

type Operation = 'pause' | 'resume';

/** The cgroup whose processes are the container. */
export function freezerOf(state: ContainerState, operation: Operation): string {
  if (state.cgroup === '') throw new TsrunError(`cannot ${operation} container ${state.id}: it has no cgroup, and so no freezer`);
  return state.cgroup;
}

export function freezerFailure(state: ContainerState, operation: Operation, error: unknown): Error {
  if (isSystemError(error)) {
    // removed since we looked
    if (error.code === 'ENOENT' || error.code === 'ENODEV') return new TsrunError('container not running', { cause: error });
    const hint = ['EACCES', 'EPERM', 'EROFS'].includes(error.code) ? ' (its cgroup is not delegated to this user)' : '';
    return new TsrunError(`cannot ${operation} container ${state.id}: ${error.message}${hint}`, { cause: error });
  }
  if (error instanceof TsrunError) return new TsrunError(`cannot ${operation} container ${state.id}: ${error.message}`, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
