/** `start`: tells a created container's waiting init to become the program. */
import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import { parseJson } from '../spec/json.js';
import type { Spec } from '../spec/types.js';
import { hookState, wordToStart } from '../state/report.js';
import { trace } from '../trace.js';
import { openProcess, statusOf, type Status } from '../state/status.js';
import { lockStateDirectory, readSavedConfig, readState, startSocketPath, type ContainerState } from '../state/store.js';
import { stepDone, stepFailure } from './converse.js';
import { destroy } from './delete.js';
import { runHooks } from './hooks.js';
import { Notify, notifyHost } from './notify.js';
import type { CommonOptions } from './options.js';

const STOPPED = 'cannot start a container that has stopped';

const REFUSED: Readonly<Partial<Record<Status, string>>> = {
  creating: 'cannot start a container that is still being created',
  stopped: STOPPED,
  running: 'cannot start an already running container',
  paused: 'cannot start a container in the paused state',
};

export interface StartOptions extends CommonOptions {
  readonly warn?: (message: string) => void;
}

/** Returns when the program runs; called with NOTIFY_SOCKET, when it has said that it is ready, or ended. */
export function start({ root, id, warn = () => undefined }: StartOptions): void {
  readState(root, id);
  const directory = lockStateDirectory(root, id);
  let notifying: Notifying | undefined;
  let pidfd = -1;
  try {
    const state = readState(root, id);
    const refused = REFUSED[statusOf(root, state)];
    if (refused !== undefined) throw new TsrunError(refused);
    const spec = parseJson(readSavedConfig(root, id), 'config.json') as Spec;
    if (spec.process === undefined) throw new TsrunError('/process: is required to start a container');
    pidfd = openProcess(state) ?? -1;
    if (pidfd < 0) throw new TsrunError(STOPPED);
    notifying = notifyingOf(state, pidfd, directory.path, warn);
    letBegin(startSocketPath(root, id), wordToStart(state, spec.hooks?.startContainer), pidfd);
    try {
      runHooks('poststart', spec.hooks?.poststart, hookState(state, 'running'), state.bundle);
    } catch (error) {
      destroy(root, state, spec.hooks?.poststop, warn);
      throw error;
    }
  } catch (error) {
    notifying?.notify.close();
    if (pidfd >= 0) native().close(pidfd);
    throw error;
  } finally {
    native().close(directory.lock);
  }
  if (notifying === undefined) native().close(pidfd);
  else passOn(notifying, warn);
}

/** Should a signal end us meanwhile, the waiting process ends too: it has nobody to say to what becomes of it. */
function letBegin(socket: string, state: string, pidfd: number): void {
  native().endAtSignals(true);
  try {
    const failure = native().startInit(socket, state, pidfd, (step, op, microseconds) => {
      trace(() => stepDone(step, op, microseconds));
    });
    if (failure !== null) throw new TsrunError(stepFailure(failure));
  } finally {
    // what comes now may wait for long
    native().endAtSignals(false, true);
  }
}

/** A container whose messages of sd_notify(3) are forwarded. */
interface Notifying {
  readonly notify: Notify;
  readonly pid: number;
  /** Opened before the program runs, which may end at once: what it sent before is still to be forwarded. */
  readonly pidfd: number;
}

function notifyingOf(state: ContainerState, pidfd: number, directory: string, warn: (message: string) => void): Notifying | undefined {
  const host = state.notify === undefined ? '' : notifyHost(warn) || state.notify;
  return host === '' ? undefined : { notify: new Notify(directory, host), pid: state.pid, pidfd };
}

/** Without the lock: until the container is ready, others may have to do with it. */
function passOn({ notify, pid, pidfd }: Notifying, warn: (message: string) => void): void {
  try {
    notify.detach({ pid, pidfd }, notifyHost(() => undefined) !== '');
  } catch (error) {
    // It runs all the same.
    warn(`NOTIFY_SOCKET: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    native().close(pidfd);
  }
}
