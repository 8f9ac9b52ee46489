/** `kill`: a signal for a container's process, or for all of them. */
import { isPopulated } from '../cgroups/freezer.js';
import { killCgroup } from '../cgroups/kill.js';
import { signalCgroup } from '../cgroups/signal.js';
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import { openProcess, statusOf } from '../state/status.js';
import { readState, type ContainerState } from '../state/store.js';
import { isForeign } from './foreign.js';
import type { CommonOptions } from './options.js';

const SIGKILL = 9;

export interface KillOptions extends CommonOptions {
  readonly signal: number;
  /** Every process of the container; that there is none is no failure then. */
  readonly all?: boolean;
}

export function kill({ root, id, signal, all = false }: KillOptions): void {
  const state = readState(root, id);
  if (all) {
    signalAll(state, signal);
    return;
  }
  const status = statusOf(root, state);
  const pidfd = status === 'stopped' || status === 'creating' ? null : openProcess(state);
  if (pidfd === null) {
    // Without a pid namespace of its own the container's other processes can outlive the first.
    if (signal === SIGKILL && hasProcesses(state)) {
      killCgroup(state.cgroup);
      return;
    }
    throw new TsrunError('container not running');
  }
  // asked before the signal: a process that has ended has no namespaces to be read
  const takesAll = signal === SIGKILL && state.cgroup !== '' && sharesPidNamespace(state);
  try {
    native().signal(pidfd, signal);
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) throw new TsrunError('container not running');
    throw error;
  } finally {
    native().close(pidfd);
  }
  if (takesAll) killCgroup(state.cgroup);
}

function signalAll(state: ContainerState, signal: number): void {
  if (state.cgroup !== '') {
    if (signal === SIGKILL) killCgroup(state.cgroup);
    else signalCgroup(state.cgroup, signal);
    return;
  }
  const pidfd = openProcess(state);
  if (pidfd === null) return;
  try {
    native().signal(pidfd, signal);
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  } finally {
    native().close(pidfd);
  }
}

function hasProcesses(state: ContainerState): boolean {
  return state.cgroup !== '' && native().lstat(state.cgroup) !== null && isPopulated(state.cgroup);
}

/** Whether the container's process is in our pid namespace: then the kernel does not end the others with it. */
function sharesPidNamespace(state: ContainerState): boolean {
  try {
    return !isForeign(state.pid, 'pid');
  } catch {
    return false;
  }
}
