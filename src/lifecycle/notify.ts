/**
 * sd_notify(3): what a container says to the service manager that called us goes through a socket of our own, which is in the container, and
 * from there to the manager's, which is not.
 */
import { installation, launch } from '../launch.js';
import { native } from '../native.js';
import { NOTIFY_SOCKET } from '../plan/notify.js';
import { namespaceOf } from '../plan/namespaces.js';
import type { Spec } from '../spec/types.js';

/** The directory that the container gets to see, in its state directory. */
export function notifyDirectory(state: string): string {
  return `${state}/notify`;
}

/** Bytes of a socket's address, less the NUL (man 7 unix). */
const LONGEST = 107;

/** The manager's socket, as the caller gave it to us; empty: there is none, or none that we can use. */
export function notifyHost(warn: (message: string) => void): string {
  const host = launch().variable('NOTIFY_SOCKET') ?? '';
  if (host === '' || (/^[/@]./.test(host) && host.length <= LONGEST)) return host;
  warn('ignoring NOTIFY_SOCKET: neither an absolute path nor an abstract name of a unix socket');
  return '';
}

/** The same for a container in the making. */
export function notifyHostFor(spec: Spec, warn: (message: string) => void): string {
  if (spec.process === undefined) return '';
  const host = notifyHost(warn);
  if (host === '' || namespaceOf(spec, 'mount') !== undefined) return host;
  warn('ignoring NOTIFY_SOCKET: without a mount namespace the container cannot have a socket of its own');
  return '';
}

/** The proxy of one container, from before its program runs until that is ready. */
export class Notify {
  /** The manager's. */
  readonly host: string;
  /** Ours. */
  readonly socket: number;

  /** @param state the state directory */
  constructor(state: string, host: string) {
    this.host = host;
    this.socket = native().bindNotify(`${notifyDirectory(state)}/${NOTIFY_SOCKET}`);
  }

  /**
   * Passes on until the container is ready, as runc does: a manager of Type=notify takes our end before that for a failure. Then leaves
   * a process behind for the rest: whatever else is said, until the container's process ends.
   * @param wait false: nobody waits for it to be ready
   */
  detach(process: { readonly pid: number; readonly pidfd: number }, wait: boolean): void {
    const { init, self } = installation();
    const request = { socket: this.socket, host: this.host, pid: process.pid, pidfd: process.pidfd };
    try {
      if (!wait || native().waitReady(request)) native().leaveNotifyProxy(request, init, self);
    } finally {
      this.close();
    }
  }

  close(): void {
    native().close(this.socket);
  }
}
