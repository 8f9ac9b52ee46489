/** Tells the caller who a new process is. */
import { native } from '../native.js';

export interface Announcement {
  /** File for the pid; written whole or not at all, without a newline. */
  readonly pidFile?: string;
  /** Unix socket for a pidfd. */
  readonly pidfdSocket?: string;
}

export function announce(process: { readonly pid: number; readonly pidfd: number }, { pidFile, pidfdSocket }: Announcement): void {
  if (pidfdSocket !== undefined) {
    const socket = native().connect(pidfdSocket);
    try {
      native().sendFd(socket, process.pidfd, 'pidfd');
    } finally {
      native().close(socket);
    }
  }
  if (pidFile !== undefined) native().writeFileAtomic(pidFile, String(process.pid), 0o644);
}
