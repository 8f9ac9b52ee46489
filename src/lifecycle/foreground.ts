/** Staying with a program until it ends: our signals are its, and its exit status is ours. */
import { native } from '../native.js';
import { end, type Child } from './converse.js';
import type { Notify } from './notify.js';

/** Before the program begins: from now on signals wait for it, and its terminal looks like ours. */
export function enterForeground(terminal: number): void {
  native().catchSignals(true);
  if (terminal >= 0) native().prepareTerminal(terminal);
}

/** Undoes `enterForeground` when there will be no program. */
export function leaveForeground(): void {
  native().catchSignals(false);
}

/**
 * Waits for the end of the program, and gives back its descriptors. Should that fail the program is ended, for nobody else
 * would reap it. What it says by sd_notify(3) is passed on. What the caller holds
 * stays in memory for as long.
 * @returns its exit status, 128 + N when signal N ended it
 */
export function stay(child: Child, terminal: number, notify?: Notify): number {
  let status: number | undefined;
  try {
    status = native().supervise({ pid: child.pid, pidfd: child.pidfd, pty: terminal, notify: notify ?? null });
    return status;
  } finally {
    if (status === undefined) end(child);
    else native().close(child.pidfd);
    if (terminal >= 0) native().close(terminal);
    notify?.close();
  }
}
