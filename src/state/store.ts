/**
 * The state directory, `ROOT/ID/`: `state.json` (this file's ContainerState), `config.json` (as it was when the container
 * was created, with the resources that `update` gave it), `cgroup` (its cgroup, should the state be damaged) and `start` (the socket at which the waiting init is told
 * to begin).
 */
import type { UnitState } from '../cgroups/systemd.js';
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import { checkId } from './id.js';

/** Bytes; a config with thousands of mounts has a few MiB. */
const LARGEST_STATE = 64 << 20;

/** What is remembered of a container. Its status is not: it is derived (status.ts). */
export interface ContainerState {
  readonly id: string;
  readonly ociVersion: string;
  /** 0 until there is a process. */
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: tells the process from a later one with the same pid. */
  readonly startTime: string;
  /** `dev:ino` of tsrun-init's copy: what /proc/PID/exe is until the user's program takes over. */
  readonly exe: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Name of the user who created it. */
  readonly owner: string;
  /** Absolute path of its cgroup v2 directory; empty without one, and until systemd has made it. */
  readonly cgroup: string;
  /** Of a cgroup that was there before the container: the names of those that were in it. It and they are not removed. */
  readonly cgroupBefore?: readonly string[];
  /** NOTIFY_SOCKET of its `create`: where what it says by sd_notify(3) goes; absent: nowhere. */
  readonly notify?: string;
  /** Name of its session keyring; empty: it has its caller's. A state without it is of before they had names nobody knows. */
  readonly keyring?: string;
  /** The unit it belongs to, when systemd makes its cgroup: remembered before there is one. */
  readonly unit?: UnitState;
}

export interface StateDirectory {
  readonly path: string;
  /** Open and locked (flock) until closed. */
  readonly lock: number;
}

export function statePath(root: string, id: string): string {
  return `${root}/${id}`;
}

export function startSocketPath(root: string, id: string): string {
  return `${root}/${id}/start`;
}

/** Makes the container's directory and locks it. Of two callers with one id exactly one gets past mkdir(2). */
export function createStateDirectory(root: string, id: string): StateDirectory {
  checkId(id);
  makeStateRoot(root);
  const path = statePath(root, id);
  try {
    native().mkdir(path, 0o700);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) throw new TsrunError('container with given ID already exists');
    throw error;
  }
  try {
    return lockStateDirectory(root, id);
  } catch (error) {
    native().rmdir(path);
    throw error;
  }
}

/** Locks an existing container's directory, waiting for whoever has it. */
export function lockStateDirectory(root: string, id: string): StateDirectory {
  checkId(id);
  checkStateRoot(root);
  const path = statePath(root, id);
  let lock: number;
  try {
    lock = native().openDirectory(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw notFound(id);
    throw error;
  }
  try {
    native().lock(lock, true);
    // It may have been deleted, and another made, while we waited.
    const now = native().stat(path);
    const ours = native().stat(`/proc/self/fd/${lock}`);
    if (now === null || now.identity !== ours?.identity) throw notFound(id);
  } catch (error) {
    native().close(lock);
    throw error;
  }
  return { path, lock };
}

/** Whether an operation is going on that holds the container's lock. */
export function isLocked(root: string, id: string): boolean {
  let lock: number;
  try {
    lock = native().openDirectory(statePath(root, id));
  } catch {
    return false;
  }
  try {
    native().lock(lock, false);
    return false;
  } catch {
    return true;
  } finally {
    native().close(lock);
  }
}

export function notFound(id: string): TsrunError {
  return new TsrunError(`container "${id}" does not exist`);
}

function makeDirectory(path: string, mode: number): boolean {
  try {
    native().mkdir(path, mode);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    if (!isSystemError(error, 'ENOENT') || path === '/') throw error;
  }
  makeDirectory(path.slice(0, path.lastIndexOf('/')) || '/', 0o700);
  return makeDirectory(path, mode);
}

/** The state root: 0700, and sticky so that it is not tidied away (XDG base directory specification). One that is there must be safe. */
export function makeStateRoot(root: string): void {
  if (!makeDirectory(root, 0o1700)) checkStateRoot(root);
}

/**
 * Refuses a state root in which others can make files: what is read there says which processes are killed, which cgroups are
 * removed and which config `exec` has. Nothing there is fine.
 */
function checkStateRoot(root: string): void {
  const status = native().lstat(root);
  if (status === null) return;
  const { kind, uid, mode } = status;
  if (kind !== 'directory') throw new TsrunError(`state root ${root}: must be a directory, is a ${kind}`);
  // The superuser could read our state anyway.
  if (uid !== 0 && uid !== native().identity().euid) {
    throw new TsrunError(`state root ${root}: must belong to the user who calls, belongs to user ${uid}`);
  }
  if ((mode & 0o022) !== 0) {
    const octal = (mode & 0o7777).toString(8).padStart(4, '0');
    throw new TsrunError(
      `state root ${root}: others must not be able to write there, its mode is ${octal}: name a directory that is for this alone`,
    );
  }
}

export function writeState(path: string, state: ContainerState): void {
  native().writeFileAtomic(`${path}/state.json`, JSON.stringify(state), 0o600);
}

/** The container's state; `does not exist` when there is none, and an error that says so when the file is damaged. */
export function readState(root: string, id: string): ContainerState {
  checkId(id);
  checkStateRoot(root);
  let text: string;
  try {
    text = native().readFile(`${statePath(root, id)}/state.json`, LARGEST_STATE);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) throw notFound(id);
    throw error;
  }
  const state = parseState(text);
  if (state === null) throw new TsrunError(`container "${id}": its state file is damaged; "delete --force" removes what is left of it`);
  return state;
}

function parseState(text: string): ContainerState | null {
  try {
    const state = JSON.parse(text) as Partial<ContainerState>;
    const whole = typeof state.id === 'string' && typeof state.pid === 'number' && typeof state.cgroup === 'string';
    return whole ? (state as ContainerState) : null;
  } catch {
    return null;
  }
}

/** The container's cgroup, as the note beside the state has it. */
export type CgroupNote = Pick<ContainerState, 'cgroup' | 'cgroupBefore'>;

/** Notes the cgroup beside the state: should that be damaged, `delete --force` still finds the processes. */
export function writeCgroupNote(path: string, { cgroup, cgroupBefore }: CgroupNote): void {
  const lines = [cgroup, ...(cgroupBefore === undefined ? [] : ['before', ...cgroupBefore])];
  native().writeFileAtomic(`${path}/cgroup`, lines.map((line) => `${line}\n`).join(''), 0o600);
}

/** The cgroup's absolute directory as it was noted; empty when it was not. */
export function readCgroupNote(root: string, id: string): CgroupNote {
  try {
    const note = native().readFile(`${statePath(root, id)}/cgroup`, 1 << 20);
    // cut short it would name the parent, and with that other containers
    if (!note.endsWith('\n')) return { cgroup: '' };
    const [cgroup = '', before, ...names] = note.slice(0, -1).split('\n');
    return before === 'before' ? { cgroup, cgroupBefore: names } : { cgroup };
  } catch {
    return { cgroup: '' };
  }
}

/** The config as it was at `create`, with the resources as they are since the last `update`. */
export function readSavedConfig(root: string, id: string): string {
  return native().readFile(`${statePath(root, id)}/config.json`, LARGEST_STATE);
}

/** Saves the config as it has become; `path` is the state directory's. */
export function writeSavedConfig(path: string, text: string): void {
  native().writeFileAtomic(`${path}/config.json`, text, 0o600);
}

/** The names below the state root that are containers; none when the root does not exist. */
export function listIds(root: string): string[] {
  checkStateRoot(root);
  try {
    return native()
      .readDirectory(root)
      .filter((name) => native().lstat(`${root}/${name}/state.json`) !== null)
      .sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
