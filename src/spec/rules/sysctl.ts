import { pointerPart, refuse } from '../problem.js';
import type { Linux, NamespaceType } from '../types.js';
import { checkUtsName, isNewNamespace, namespaceOf } from './namespaces.js';

/** Keys of the ipc namespace (man 7 ipc_namespaces). */
const IPC_KEYS: readonly string[] = [
  'kernel/msgmax',
  'kernel/msgmnb',
  'kernel/msgmni',
  'kernel/sem',
  'kernel/shmall',
  'kernel/shmmax',
  'kernel/shmmni',
  'kernel/shm_rmid_forced',
  'kernel/msg_next_id',
  'kernel/sem_next_id',
  'kernel/shm_next_id',
];

const DOMAINNAME = 'kernel/domainname';

/** The namespace whose setting a file below /proc/sys is (kernel: Documentation/admin-guide/sysctl); undefined: the host's. */
function namespaceOfKey(path: string): NamespaceType | undefined {
  if (path.startsWith('net/')) return 'network';
  if (path.startsWith('user/')) return 'user';
  if (path.startsWith('fs/mqueue/') || IPC_KEYS.includes(path)) return 'ipc';
  return path === DOMAINNAME ? 'uts' : undefined;
}

/**
 * A sysctl's file below /proc/sys: `net.ipv4.ip_forward` and `net/ipv4/ip_forward` are the same. The separator that comes
 * first is the one of the whole key, the other then stands for a dot in a name: `net.ipv4.conf.eth0/1.mtu` (man 5 sysctl.d).
 */
export function sysctlPath(key: string): string {
  const slash = key.indexOf('/');
  const dot = key.indexOf('.');
  if (dot < 0 || (slash >= 0 && slash < dot)) return key;
  if (slash < 0) return key.split('.').join('/');
  return key.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

/** Only what changes a namespace of the container's own may be set, and only once; all else is the host's. `domainname`: the config's. */
export function checkSysctl(linux: Linux, domainname = ''): void {
  const seen = new Set<string>();
  for (const key of Object.keys(linux.sysctl ?? {})) {
    const path = sysctlPath(key);
    const pointer = `/linux/sysctl/${pointerPart(key)}`;
    const problem = seen.has(path) ? 'is given twice' : problemOf(path, linux);
    if (problem !== null) refuse(pointer, problem);
    if (path === DOMAINNAME) {
      // Docker sets it this way, and not by /domainname, which is younger.
      if (domainname !== '') refuse(pointer, 'is set by /domainname');
      checkUtsName(linux.sysctl?.[key] ?? '', pointer);
    }
    seen.add(path);
  }
}

function problemOf(path: string, linux: Linux): string | null {
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..' || part.includes('\0')) return 'is not the name of a sysctl';
  }
  if (path === 'kernel/hostname') return 'is set by /hostname';
  const type = namespaceOfKey(path);
  if (type === undefined) return 'is not in a namespace: it would change the host';
  // A user namespace that is joined may be another container's too, and its limits with it.
  if (type === 'user' ? isNewNamespace(linux, type) : namespaceOf(linux, type) !== undefined) return null;
  return `needs a ${type} namespace: it would change the host`;
}
