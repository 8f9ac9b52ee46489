/**
 * The typed face of the addon (native/addon): everything TypeScript can ask of the kernel. All calls are synchronous, act
 * at once and throw a SystemError (errors.ts) when the kernel refuses. Descriptors are plain numbers, close-on-exec, and
 * owned by the caller: `close` them.
 */
import { executable, installation } from './launch.js';
import type { NodePlan } from './plan/plan.js';

/** What a path leads to, without following a last symlink. Times and sizes that nobody asks for are left out. */
export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Device and inode number of the file as `dev:ino`: equal for the same file. */
  readonly identity: string;
  /** Of a device node. */
  readonly major: number;
  readonly minor: number;
}

export interface SpawnRequest {
  /** Path of the tsrun-init program; it is executed from a sealed copy. */
  readonly init: string;
  /** Path of tsrun itself (launch.ts), which its parts are compared with. */
  readonly self: string;
  /** The encoded plan (plan/encode.ts). */
  readonly plan: string;
  /** Descriptors by slot number; they stay the caller's. */
  readonly slots: readonly number[];
  /** CLONE_NEW* for clone3. */
  readonly flags: number;
  /** Directory descriptor of the cgroup it is born in (CLONE_INTO_CGROUP), or -1. */
  readonly cgroup: number;
  /** How many descriptors from 3 on stay open for the user's program. */
  readonly preserved: number;
  /** Descriptors that were open when tsrun was called: only these are preserved. */
  readonly inherited: readonly number[];
  /** Descriptors for 0, 1 and 2; -1 leaves ours. */
  readonly stdio: readonly [number, number, number];
  /** Init tells of each step that it is done. */
  readonly trace: boolean;
}

export interface Spawned {
  readonly pid: number;
  readonly pidfd: number;
  /** Our end of the conversation: `receive` and `reply`. */
  readonly sync: number;
  /** `dev:ino` of the program it runs, to tell a waiting init from a running program by /proc/PID/exe. */
  readonly exe: string;
}

/** A step that failed. */
export interface StepFailure {
  /** From 1; 0: before the first. */
  readonly step: number;
  readonly op: string;
  readonly errno: number;
  /** What was being done on which object. */
  readonly doing: string;
}

/**
 * What tsrun-init says. `forked`: the second stage took over. `born`: so did the one that processes of a container can see, as its parent
 * says, which they cannot. `listener` is a descriptor that SCMP_ACT_NOTIFY reports to. `sender` is the process that said so as the
 * kernel knows it (0: one that has no number in our pid namespace). Texts have no control characters.
 */
export type Message = Said | { readonly type: 'end' };

export type Said = { readonly sender: number } & (
  | ({ readonly type: 'step' } & StepDone)
  /** `fd`: what it is about; the receiver's to close. */
  | { readonly type: 'ask'; readonly what: string; readonly fd?: number }
  | { readonly type: 'forked' | 'born'; readonly pid: number; readonly pidfd: number }
  | { readonly type: 'listener'; readonly listener: number }
  | ({ readonly type: 'failed' } & StepFailure)
  /** `unknown`: anything else. */
  | { readonly type: 'ready' | 'begin' | 'unknown' }
);

/** A step is done: its number from 1, and how many microseconds it took. Only where `SpawnRequest.trace` asked for it. */
export interface StepDone {
  readonly step: number;
  readonly op: string;
  readonly microseconds: number;
}

export interface HookRequest {
  readonly path: string;
  /** argv including argv[0]; empty: the path. */
  readonly args: readonly string[];
  /** `K=V`, complete. */
  readonly env: readonly string[];
  /** Milliseconds; 0 waits for ever. */
  readonly timeout: number;
  /** Goes to its standard input, which is then closed. */
  readonly input: string;
  readonly cwd: string;
  /** Ended by a signal that is to end us (`endAtSignals`). */
  readonly interrupted: boolean;
}

/** sd_notify(3) for a container (native/process/notify_host.h). */
export interface NotifyRequest {
  /** Bound by `bindNotify`; stays the caller's. */
  readonly socket: number;
  /** Of the container's process; stays the caller's. */
  readonly pidfd: number;
  /** The caller's NOTIFY_SOCKET. */
  readonly host: string;
  /** MAINPID. */
  readonly pid: number;
}

export interface HookResult {
  /** Exit status, or 128 + the signal that ended it. */
  readonly status: number;
  readonly timedOut: boolean;
  /** The end of what it wrote to stderr, 4 KiB at most. */
  readonly stderr: string;
}

/** tsrun-systemd as it runs (native/systemd/helper_host.h). Both are the caller's: `signal`, `reap`, `close`. */
export interface StartedHelper {
  /** `askSystemdHelper` it; it ends when this is closed. */
  readonly socket: number;
  readonly pidfd: number;
}

/** A network device. */
export interface NetDevice {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  /** Of the link (MAC), in hexadecimal. */
  readonly address: string;
}

/** An address of a network device. */
export interface NetAddress {
  /** AF_INET, AF_INET6. */
  readonly family: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  /** It has no lifetime. */
  readonly permanent: boolean;
  /** For `addNetAddress`: prefix, peer, broadcast address, metric and the flags that may be asked for. */
  readonly request: Uint8Array;
}

export interface Native {
  // --- files and paths (addon/files.cc, addon/paths.cc), who and where we are (addon/machine.cc)
  /** The whole file as UTF-8; EFBIG over `max` bytes, EISDIR for a directory. */
  readFile(path: string, max: number): string;
  /** What is left of an open descriptor, to its end, as UTF-8; EFBIG over `max` bytes. */
  read(fd: number, max: number): string;
  /** Creates or replaces `path` by way of a new file with a name nobody can guess, and rename: whole or not at all. */
  writeFileAtomic(path: string, text: string, mode: number): void;
  /** Creates `path`; EEXIST when there is something, also a symlink. */
  createFile(path: string, text: string, mode: number): void;
  /** One write(2) of the whole text to an existing file: procfs and cgroup files. */
  writeFile(path: string, text: string): void;
  /**
   * Opens for appending (created 0644) and closes: afterwards it is known that `appendFile` can. A FIFO's reader is waited for. EACCES for
   * what another user planted in a directory like /tmp.
   */
  openToAppend(path: string): void;
  /** Opens for appending with O_SYNC, writes as `write` does, closes. EPIPE for a FIFO without a reader, else the same errors. */
  appendFile(path: string, text: string): boolean;
  /**
   * Writes all of it to an open descriptor; who does not read is waited for. False, with a part of it or nothing written, when a signal
   * is to end us (`endAtSignals`): it ends the next thing that waits. EPIPE and EFBIG, without a signal: those are ignored.
   */
  write(fd: number, text: string): boolean;
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  /** lchown(2). */
  chown(path: string, uid: number, gid: number): void;
  /** Entries without `.` and `..`, unsorted. */
  readDirectory(path: string): string[];
  /** The directories among them, on a file system that says so (d_type): cgroup2 and procfs do. */
  readSubdirectories(path: string): string[];
  /** Removes a directory with all below it, following no symlink and crossing no mount; nothing there is success. */
  removeTree(path: string): void;
  /** lstat; null for ENOENT and ENOTDIR. */
  lstat(path: string): FileStatus | null;
  /** stat, following symlinks; null for ENOENT and ENOTDIR. */
  stat(path: string): FileStatus | null;
  realpath(path: string): string;
  readlink(path: string): string;
  /** `f_type` of statfs(2). */
  fileSystemType(path: string): number;
  /** open(2) for reading. There are no O_* flags on this side: they differ from one architecture to another. */
  open(path: string): number;
  /** The same, ENOTDIR for what is no directory. */
  openDirectory(path: string): number;
  close(fd: number): void;
  /** flock(2), LOCK_EX; with `wait` false EWOULDBLOCK when someone has it. */
  lock(fd: number, wait: boolean): void;
  /** _exit(2), without the engine's own end. */
  exit(status: number): never;
  /** Does nothing for so many milliseconds, which no signal cuts short. */
  sleep(milliseconds: number): void;
  identity(): { readonly pid: number; readonly uid: number; readonly euid: number; readonly gid: number; readonly egid: number };
  /** Our bounding set as a bit mask in decimal, and the number of the kernel's last capability. */
  capabilities(): { readonly bounding: string; readonly last: number };
  /** Of the machine that the addon was built for. */
  architecture(): 'x86_64' | 'aarch64';
  /** errno in words, as Go and its readers know them: `no such file or directory`; empty where a failure's own text says it all. */
  errorText(errno: number): string;
  /** Wall clock as RFC 3339 with nanoseconds, UTC. */
  now(): string;

  // --- tsrun-init (addon/init.cc, addon/conversation.cc)
  /** EACCES where others could have put tsrun-init there than those who could have replaced tsrun itself (native/base/part_host.h). */
  spawnInit(request: SpawnRequest): Spawned;
  /**
   * The next message; `end` when init is gone. EAGAIN after `timeout` milliseconds (-1: wait for ever). With `pidfd`, its process's, `end`
   * also when that has ended, whoever else holds its end of the conversation, and an error when a signal is to end us (`endAtSignals`);
   * -1: the latter only.
   */
  receive(sync: number, timeout: number, pidfd?: number): Message;
  /** Answers an `ask`, or lets go after `ready`. With `pidfd`, who does not listen is not waited for any longer than by `receive`. */
  reply(sync: number, text: string, pidfd?: number): void;
  /**
   * While it is on, SIGHUP, SIGINT and SIGTERM do not end us but what waits for a process in the making (`receive`, `reply`, `startInit`),
   * for a hook (`runHook`) or for the other end of a socket (`connect`, `sendFd`), which fails with the words `ended by signal N`. Ignored
   * ones stay ignored. What has ended nothing when it is off again goes to the program that we stay with; where there is none it is forgotten,
   * or has its own effect with `again`.
   */
  endAtSignals(on: boolean, again?: boolean): void;
  /** Opens a namespace file and checks that it is of the kind `flag` (CLONE_NEW*) says: EINVAL otherwise. */
  openNamespace(path: string, flag: number): number;
  /** A user namespace with these mappings, without a process in it. */
  makeUserNamespace(uidMap: string, gidMap: string): number;
  /**
   * A detached copy of the mount at `source` (man 2 open_tree), with `recursive` those below too. `propagation` is an MS_* word
   * that it gets, or 0; `userNamespace` a descriptor of the one whose mappings it gets, or -1.
   */
  openTree(source: string, recursive: boolean, propagation: number, userNamespace: number, idmapRecursive: boolean): number;
  /** Gives the detached mount `tree` the mappings of a user namespace, a descriptor. */
  mapTree(tree: number, userNamespace: number, recursive: boolean): void;
  /**
   * A detached mount of a file system whose only entry is the device `node`; where none can be made, of the host's node at `path`,
   * which must be that device (ENODEV).
   */
  makeDevice(request: NodePlan): number;
  /** /proc/PID/uid_map and gid_map; `deny` writes setgroups first. With helpers, newuidmap and newgidmap do it. */
  writeIdMaps(pid: number, uidMap: string, gidMap: string, deny: boolean, helpers: boolean): void;
  /** A listening SOCK_SEQPACKET unix socket at `path`, however long the path. */
  listen(path: string): number;
  /**
   * Connects to the unix stream socket at `path`. EACCES for one that another user planted in a directory like /tmp. Where nobody takes
   * connections any more that is waited for, until a signal is to end us (`endAtSignals`).
   */
  connect(path: string): number;
  /** A connected pair of stream sockets. */
  socketPair(): [number, number];
  /**
   * Sends `fd` over a unix socket with `text`, which is not empty, as its message. Who does not listen is waited for until a signal is to end us
   * (`endAtSignals`); with `pidfd`, its process's, EPIPE when that has ended.
   */
  sendFd(socket: number, fd: number, text: string, pidfd?: number): void;
  /** Receives one descriptor; EAGAIN after `timeout` ms, ECONNRESET when the peer is gone. */
  receiveFd(socket: number, timeout: number): number;
  /**
   * Connects to a waiting init (the `listen` socket), whose process has the descriptor `pidfd`, sends `state` and waits until it has
   * executed the program. null, or what failed. `done` hears of the steps, if init tells. Ends as `receive` does; EAGAIN when init does
   * not take connections.
   */
  startInit(
    path: string,
    state: string,
    pidfd: number,
    done?: (step: number, op: string, microseconds: number) => void,
  ): StepFailure | null;

  // --- processes (addon/processes.cc)
  pidfdOpen(pid: number): number;
  /** Field 22 of /proc/PID/stat (clock ticks since boot) and field 3; null when there is no such process. */
  processStat(pid: number): { readonly startTime: string; readonly state: string } | null;
  /** `dev:ino` of /proc/PID/exe; null when it cannot be read. */
  processExe(pid: number): string | null;
  /** pidfd_send_signal(2). */
  signal(pidfd: number, signal: number): void;
  /** Waits for the end of a process; false after `timeout` milliseconds (-1: for ever). */
  waitPidfd(pidfd: number, timeout: number): boolean;
  /** Exit status or 128 + signal of a child that has ended, without reaping it; -1 while it runs. */
  peek(pidfd: number): number;
  /** waitid(2) on a child: exit status or 128 + signal. */
  reap(pidfd: number): number;
  runHook(request: HookRequest): HookResult;
  /** A datagram socket at `path`, in place of what is there, that everybody in the container may send to. */
  bindNotify(path: string): number;
  /** Passes on what the container says until it is ready and the manager has heard so; false when its process ends before. */
  waitReady(request: NotifyRequest): boolean;
  /** Leaves a process behind, the program `init`, that goes on passing on until the container's process ends. */
  leaveNotifyProxy(request: NotifyRequest, init: string, self: string): void;
  /** prlimit(2); soft and hard as decimal text. */
  setLimit(pid: number, resource: number, soft: string, hard: string): void;
  /** prctl(PR_SET_CHILD_SUBREAPER). */
  setSubreaper(on: boolean): void;
  /** Runs a program to its end with our stderr, its stdout as the result (ps(1) and the like). */
  output(path: string, args: readonly string[]): string;

  // --- the foreground (addon/terminal.cc)
  /** From now on signals wait for `supervise`, which would otherwise come too late for some; false: they act again. */
  catchSignals(on: boolean): void;
  /** Before a program writes to the pty with this master: our window's size, and line ends left to our own terminal. */
  prepareTerminal(pty: number): void;
  /**
   * Stays with a foreground child: forwards every signal it can, reaps, and with `pty` (the pty's master, else -1) copies
   * between it and our stdin and stdout, in raw mode, with the window's size kept the same. With `notify` passes on what the container
   * says by sd_notify(3), with our pid as MAINPID. Returns the exit status, 128 + N for a signal.
   */
  supervise(request: {
    readonly pid: number;
    readonly pidfd: number;
    readonly pty: number;
    readonly notify: Pick<NotifyRequest, 'socket' | 'host'> | null;
  }): number;

  // --- a screen to draw on (addon/terminal.cc)
  /** Of the terminal at `fd`, 0 by 0 when it does not know; null when `fd` is no terminal. */
  windowSize(fd: number): { readonly columns: number; readonly rows: number } | null;
  /**
   * Until `closeScreen`, the terminal at stdin gives every key at once and unechoed, but for those that send a signal, and
   * signals wait for `waitScreen`. In the background we stop first, until we are in front.
   */
  openScreen(): void;
  /**
   * What comes first: the number of a signal, or keys as they were typed, a character a byte; `\x04` at the input's end. Empty after
   * `timeout` milliseconds (-1: wait for ever).
   */
  waitScreen(timeout: number): string | number;
  /** Terminal and signals as they were. */
  closeScreen(): void;
  /** Stops us, as SIGTSTP does on its own, with terminal and signals as they were; back in front, opens the screen again. */
  suspendScreen(): void;

  // --- cgroups (addon/cgroups.cc)
  /** Loads instructions (8 bytes each) as BPF_PROG_TYPE_CGROUP_DEVICE and attaches or replaces it on the cgroup. */
  attachDeviceFilter(cgroup: number, instructions: Uint8Array): void;
  /** The cgroup's directory as an O_PATH descriptor: for CLONE_INTO_CGROUP and attachDeviceFilter. */
  openCgroup(path: string): number;
  /**
   * Waits until `event` of the cgroup's `cgroup.events` is `on`; false after `timeout` milliseconds (-1: for ever). A cgroup
   * that is gone has no event on.
   */
  waitCgroupEvent(path: string, event: 'populated' | 'frozen', on: boolean, timeout: number): boolean;
  /**
   * Waits at most `timeout` milliseconds until one of these open event files changes (`cgroup.events`, `memory.events`), and
   * gives their texts: null for a file that did not change since it was last read this way, empty when its cgroup has gone,
   * which nothing announces: look each second.
   */
  readChanged(request: { readonly files: readonly number[]; readonly timeout: number }): (string | null)[];

  // --- network devices (addon/net_devices.cc); `name` is for the words of a failure
  /** A socket for rtnetlink in the network namespace with that descriptor, or in ours for -1: the `socket` of all others. */
  openNetlink(namespace: number): number;
  /** The device with that name, or for an empty one with that index; null if there is none. */
  netDevice(socket: number, name: string, index: number): NetDevice | null;
  netAddresses(socket: number, index: number, name: string): NetAddress[];
  /**
   * Moves a device to the namespace with that descriptor; there it is down, and has another name (with `%d` the kernel puts a number there)
   * and index. A failure may leave it moved and not renamed.
   */
  moveNetDevice(request: {
    readonly socket: number;
    readonly index: number;
    readonly name: string;
    readonly namespace: number;
    readonly newName: string;
    readonly newIndex: number;
  }): void;
  /** Gives a device one of `netAddresses`. */
  addNetAddress(socket: number, index: number, request: Uint8Array, name: string): void;
  setNetDeviceUp(socket: number, index: number, name: string): void;

  // --- tsrun-systemd (addon/systemd.cc)
  /** Starts the program at `path`, with `self` as `spawnInit` has it. */
  startSystemdHelper(path: string, self: string): StartedHelper;
  /**
   * Sends a request and waits for the answer, both NUL-terminated fields. ECONNRESET when the helper has ended; `doing` is what it had to
   * say about that, empty if nothing.
   */
  askSystemdHelper(socket: number, request: string): string;

  // --- seccomp (addon/seccomp.cc)
  /** Compiles with libseccomp; the result is BPF as the kernel loads it. */
  compileSeccomp(profile: SeccompRequest): Uint8Array;
  /** The cached filter for exactly this `key` in `directory`: an open descriptor at the filter's first byte, or -1. */
  openSeccompCache(directory: string, key: string): number;
  /**
   * Whether a filter (its bytes, or a descriptor at its first one) lets all these calls through as tsrun-init makes them; `calls` are names
   * that native/seccomp/allows.cc lists.
   */
  seccompAllows(filter: number | Uint8Array, calls: readonly string[]): boolean;
  /**
   * Keeps a filter in `directory` (made when missing, 0700) and returns it open, as above. What cannot be kept (full disk,
   * read-only directory) comes back in memory all the same.
   */
  writeSeccompCache(directory: string, key: string, filter: Uint8Array): number;
}

/** A profile as libseccomp takes it: names resolved to numbers by the plan where they are ours, left to libseccomp where they are its. */
export interface SeccompRequest {
  /** SCMP_ACT_* words. */
  readonly defaultAction: number;
  /** SCMP_ARCH_* tokens; empty: the native one. */
  readonly architectures: readonly number[];
  readonly rules: readonly {
    readonly action: number;
    readonly names: readonly string[];
    readonly args: readonly { readonly index: number; readonly op: number; readonly value: string; readonly valueTwo: string }[];
  }[];
  /** Answer ENOSYS to system calls newer than any the profile names. */
  readonly unknownIsEnosys: boolean;
}

/** Puts another in the addon's place: one that tells what it is asked for. */
export function overNative(other: Native): void {
  loaded = other;
}

declare const process: { dlopen(module: { exports: unknown }, path: string): void };

let loaded: Native | undefined;

/** The addon. The first call loads it from beside the executable or the library, never by a search. */
export function native(): Native {
  if (loaded === undefined) {
    const module = { exports: executable?.addon ?? {} };
    if (executable === undefined) process.dlopen(module, installation().addon);
    loaded = module.exports as Native;
  }
  return loaded;
}
