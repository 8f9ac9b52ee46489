/** What a container is doing now, derived from the kernel: its process, the program that runs in it, its freezer. */
import { native } from '../native.js';
import { isLocked, type ContainerState } from './store.js';

export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** Whether the container's own process is there: not a zombie, and not a later one with its pid. */
export function isAlive(state: ContainerState): boolean {
  if (state.pid <= 0) return false;
  const process = native().processStat(state.pid);
  return process !== null && process.startTime === state.startTime && process.state !== 'Z' && process.state !== 'X';
}

export function statusOf(root: string, state: ContainerState): Status {
  if (state.pid === 0) return isLocked(root, state.id) ? 'creating' : 'stopped';
  if (!isAlive(state)) return 'stopped';
  if (isPaused(state)) return 'paused';
  // Until `start`, the process runs tsrun-init's sealed copy, a file that exists nowhere else.
  return native().processExe(state.pid) === state.exe ? 'created' : 'running';
}

function isPaused(state: ContainerState): boolean {
  if (state.cgroup === '') return false;
  try {
    return native().readFile(`${state.cgroup}/cgroup.freeze`, 16).startsWith('1');
  } catch {
    return false;
  }
}

/**
 * A pidfd of the container's process that cannot be another's: opened, then checked. Null when it is gone. The caller
 * closes it.
 */
export function openProcess(state: ContainerState): number | null {
  if (state.pid <= 0) return null;
  let pidfd: number;
  try {
    pidfd = native().pidfdOpen(state.pid);
  } catch {
    return null;
  }
  let alive = false;
  try {
    alive = isAlive(state);
  } finally {
    if (!alive) native().close(pidfd);
  }
  return alive ? pidfd : null;
}
