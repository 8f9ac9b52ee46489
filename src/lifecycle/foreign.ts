/** The namespaces of a process compared with ours. */
import { isSystemError } from '../errors.js';
import { native } from '../native.js';
import { CLONE_FLAG } from '../plan/namespaces.js';
import type { NamespaceType } from '../spec/types.js';

/** The files in /proc/PID/ns that name a process's own namespaces. */
const FILES: Readonly<Record<NamespaceType, string>> = {
  user: 'user',
  mount: 'mnt',
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  time: 'time',
};

/**
 * Whether that process is in another namespace of the type than we are. A type that the kernel was built without (CONFIG_TIME_NS and the
 * like) has no file: then nobody is.
 * @throws SystemError ENOENT when there is no such process
 */
export function isForeign(pid: number, type: NamespaceType): boolean {
  const file = FILES[type];
  let own: string;
  try {
    own = native().readlink(`/proc/self/ns/${file}`);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
  return native().readlink(`/proc/${pid}/ns/${file}`) !== own;
}

/** CLONE_NEW* of the namespaces in which that process is and we are not. */
export function foreignNamespaces(pid: number): number {
  let flags = 0;
  for (const type of Object.keys(FILES) as NamespaceType[]) if (isForeign(pid, type)) flags |= CLONE_FLAG[type];
  return flags;
}

/** Whether /proc/PID/setgroups says `deny`, which it does in user namespaces only; a kernel without them has no such file. */
export function deniesSetgroups(pid: number): boolean {
  try {
    return native().readFile(`/proc/${pid}/setgroups`, 64).startsWith('deny');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') && !isForeign(pid, 'user')) return false;
    throw error;
  }
}
