/** `delete`: removes what is left of a container; with force, ends it first. */
import { killCgroup } from '../cgroups/kill.js';
import { emptyCgroup, removeCgroup, removeDefaultParent } from '../cgroups/remove.js';
import { endCgroup } from '../cgroups/signal.js';
import { killUnit, stopUnit } from '../cgroups/systemd.js';
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import { parseJson } from '../spec/json.js';
import type { Hook, Spec } from '../spec/types.js';
import { checkId } from '../state/id.js';
import { hookState } from '../state/report.js';
import { openProcess, statusOf } from '../state/status.js';
import {
  lockStateDirectory,
  readCgroupNote,
  readSavedConfig,
  readState,
  statePath,
  type CgroupNote,
  type ContainerState,
  type StateDirectory,
} from '../state/store.js';
import { runAllHooks } from './hooks.js';
import type { CommonOptions } from './options.js';

/** Milliseconds that the processes get to end after SIGKILL. */
const KILL_TIMEOUT = 10_000;
const SIGKILL = 9;

export interface DeleteOptions extends CommonOptions {
  /** Kill it if it runs, remove whatever there is, and succeed when there is nothing. */
  readonly force?: boolean;
  readonly warn: (message: string) => void;
}

export function deleteContainer({ root, id, force = false, warn }: DeleteOptions): void {
  checkId(id);
  if (force) {
    if (native().lstat(statePath(root, id)) === null) return;
    // Before we wait for the lock: a `start` or `create` that holds it may itself be waiting for these processes.
    killAll(readAnyState(root, id));
  }
  const directory = lock(root, id, force);
  if (directory === null) return;
  try {
    const state = force ? readAnyState(root, id) : readState(root, id);
    if (state === null) {
      destroyDamaged(directory.path, root, id);
      return;
    }
    if (!force) refuseUnlessOver(root, state);
    destroy(root, state, poststopHooks(root, id), warn);
  } finally {
    native().close(directory.lock);
  }
}

/** Null when, in a forced delete, somebody else has deleted it meanwhile. */
function lock(root: string, id: string, force: boolean): StateDirectory | null {
  try {
    return lockStateDirectory(root, id);
  } catch (error) {
    if (force && native().lstat(statePath(root, id)) === null) return null;
    throw error;
  }
}

/** A container that waits for `start` goes too: callers rely on it. */
function refuseUnlessOver(root: string, state: ContainerState): void {
  const status = statusOf(root, state);
  if (status !== 'stopped' && status !== 'created') {
    throw new TsrunError(`cannot delete container ${state.id} that is not stopped: ${status}`);
  }
}

/** Null when there is none or it is damaged. */
function readAnyState(root: string, id: string): ContainerState | null {
  try {
    return readState(root, id);
  } catch (error) {
    // What cannot be read now may be whole: to go on would leave its processes behind.
    if (isSystemError(error)) throw error;
    return null;
  }
}

/** Ends the container's processes and removes cgroup and state; the caller holds the lock. Hooks that fail become warnings. */
export function destroy(root: string, state: ContainerState, poststop: readonly Hook[] | undefined, warn: (message: string) => void): void {
  killAll(state);
  if (state.cgroup !== '') endCgroup(state.cgroup, KILL_TIMEOUT);
  removeCgroups(state, warn);
  native().removeTree(statePath(root, state.id));
  if (poststop === undefined) return;
  runAllHooks('poststop', poststop, hookState(state, 'stopped'), state.bundle, warn);
}

/** What the container's life has added to the tree; a cgroup that was there before it is not ours to remove. */
function removeOwnCgroup({ cgroup, cgroupBefore }: CgroupNote): void {
  if (cgroup === '') return;
  if (cgroupBefore !== undefined) {
    emptyCgroup(cgroup, cgroupBefore, KILL_TIMEOUT);
    return;
  }
  removeCgroup(cgroup, KILL_TIMEOUT);
  removeDefaultParent(cgroup);
}

function removeCgroups(state: ContainerState, warn: (message: string) => void): void {
  const { cgroup, unit } = state;
  if (unit === undefined) {
    removeOwnCgroup(state);
    return;
  }
  try {
    stopUnit(unit);
  } catch (error) {
    // its processes are gone: without any, systemd forgets it as soon as it can
    if (!(error instanceof TsrunError) || cgroup === '') throw error;
    warn(error.message);
  }
  if (unit.cgroup !== '') removeCgroup(unit.cgroup, KILL_TIMEOUT);
}

/** Without a state that can be read, the note beside it says where the processes are. */
function destroyDamaged(path: string, root: string, id: string): void {
  const note = readCgroupNote(root, id);
  if (note.cgroup !== '') {
    killCgroup(note.cgroup);
    endCgroup(note.cgroup, KILL_TIMEOUT);
    removeOwnCgroup(note);
  }
  native().removeTree(path);
}

function killAll(state: ContainerState | null): void {
  if (state === null) return;
  if (state.cgroup !== '') killCgroup(state.cgroup);
  else if (state.unit !== undefined) killUnit(state.unit);
  killProcess(state);
}

function killProcess(state: ContainerState): void {
  const pidfd = openProcess(state);
  if (pidfd === null) return;
  try {
    try {
      native().signal(pidfd, SIGKILL);
    } catch (error) {
      // it was killed with its cgroup, and is gone since we looked
      if (!isSystemError(error, 'ESRCH')) throw error;
    }
    if (!native().waitPidfd(pidfd, KILL_TIMEOUT)) {
      throw new TsrunError(`container ${state.id}: process ${state.pid} does not end after SIGKILL`);
    }
  } catch (error) {
    // it was about to end when it was looked at: the cgroup's kill has come first
    if (!isSystemError(error, 'ESRCH')) throw error;
  } finally {
    native().close(pidfd);
  }
}

function poststopHooks(root: string, id: string): readonly Hook[] | undefined {
  try {
    const text = readSavedConfig(root, id);
    return text.includes('"poststop"') ? (parseJson(text, 'config.json') as Spec).hooks?.poststop : undefined;
  } catch {
    // `create` was cut short before the config was saved: it ran no hook.
    return undefined;
  }
}
