/** What callers of the operations say: the command line, and programs that use tsrun as a library. */
import type { Resources } from '../spec/types.js';

export interface CommonOptions {
  /** The state root; see `defaultRoot` of the command line. */
  readonly root: string;
  readonly id: string;
}

export interface CreateOptions extends CommonOptions {
  /** Absolute path of the bundle. */
  readonly bundle: string;
  /** Absolute path of the config; `config.json` in the bundle if absent. */
  readonly config?: string;
  /** Unix socket that the terminal's master is sent to. */
  readonly consoleSocket?: string;
  /** Unix socket that a pidfd of the container's process is sent to. */
  readonly pidfdSocket?: string;
  readonly pidFile?: string;
  readonly noPivot?: boolean;
  readonly noNewKeyring?: boolean;
  /** Nobody vouches for the config: refuse what reaches out of the container (spec/untrusted.ts). */
  readonly untrusted?: boolean;
  /** How many descriptors from 3 on go to the program. */
  readonly preserveFds?: number;
  readonly cgroupManager: 'cgroupfs' | 'systemd' | 'disabled';
  /** Kept for callers; what is possible is found out from the kernel. */
  readonly rootless: 'auto' | boolean;
  readonly warn: (message: string) => void;
}

export interface RunOptions extends CreateOptions {
  /** Return once the program runs. */
  readonly detach?: boolean;
  /** Keep the container when the program has ended. */
  readonly keep?: boolean;
  /** Leave orphans of the container to init(1) instead of reaping them. */
  readonly noSubreaper?: boolean;
}

export interface ExecOptions extends CommonOptions {
  /** File with the process as JSON. */
  readonly process?: string;
  /** Nobody vouches for that file: refuse a process that is less confined than the container. */
  readonly untrusted?: boolean;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly tty?: boolean;
  readonly user?: { readonly uid: number; readonly gid?: number };
  readonly additionalGids?: readonly number[];
  readonly detach?: boolean;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  readonly pidfdSocket?: string;
  readonly processLabel?: string;
  readonly apparmor?: string;
  readonly noNewPrivs?: boolean;
  readonly caps?: readonly string[];
  readonly preserveFds?: number;
  /** Path below the container's cgroup. */
  readonly cgroup?: string;
  readonly ignorePaused?: boolean;
  readonly warn: (message: string) => void;
}

export interface UpdateOptions extends CommonOptions {
  /** The OCI resources that are to change; what they leave out stays as it is. */
  readonly resources: Resources | { /** Absolute path of a file with them as JSON; `-`: standard input. */ readonly file: string };
  readonly warn: (message: string) => void;
}
