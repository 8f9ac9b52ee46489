/** Where a container's terminal goes: to the caller's console socket, or to us in the foreground. */
import { TsrunError } from '../errors.js';
import { native } from '../native.js';

export interface Console {
  /** What init sends the pty's master over; undefined without a terminal. */
  readonly socket: number | undefined;
  /** The master, for a terminal in the foreground; else -1. Init has sent it by the time the container is made. */
  receive(): number;
  close(): void;
}

/** Milliseconds; the master was sent before. */
const RECEIVE_TIMEOUT = 5000;

/**
 * @param terminal the config wants one
 * @param path the caller's console socket
 * @param foreground we stay with the container, and copy
 */
export function openConsole(terminal: boolean, path: string | undefined, foreground: boolean): Console {
  if (!terminal) {
    if (path !== undefined) throw new TsrunError('cannot use console socket if tsrun will not allocate tty: /process/terminal is not true');
    return { socket: undefined, receive: () => -1, close: () => undefined };
  }
  if (path !== undefined) {
    const socket = native().connect(path);
    return { socket, receive: () => -1, close: closeOnce([socket]) };
  }
  if (!foreground) throw new TsrunError('cannot allocate tty if tsrun will detach without setting console socket (--console-socket)');
  const [ours, theirs] = native().socketPair();
  return {
    socket: theirs,
    receive: () => native().receiveFd(ours, RECEIVE_TIMEOUT),
    close: closeOnce([ours, theirs]),
  };
}

function closeOnce(descriptors: number[]): () => void {
  return () => {
    for (const fd of descriptors.splice(0)) native().close(fd);
  };
}
