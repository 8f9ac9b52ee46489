/**
 * What the tests of whole containers share: bundles on a small root file system, calls of the built tsrun under both of its
 * hosts, and a look at what the machine holds, so that a test can say that nothing was left. Everything is below one
 * scratch directory a test file, whose unique name is part of every container's id, cgroup and mount.
 */
import { spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, expect } from 'vitest';

import { aptSource, type AptSource } from '../../scripts/lib/apt.mjs';
import type { Mount, NamespaceType, Process, Spec } from '../../src/spec/types.js';

export const dist = process.env['TSRUN_DIST'] ?? join(import.meta.dirname, '../../dist');

// --- hosts

/** A way to run the TypeScript: the executable, or Node. */
export interface TestHost {
  readonly name: 'tsrun' | 'node';
  readonly command: readonly string[];
}

const everyHost: readonly TestHost[] = [
  { name: 'tsrun', command: [join(dist, 'tsrun')] },
  { name: 'node', command: [process.execPath, join(dist, 'lib/cli/main.js')] },
];

/** Both, or the one that TSRUN_TEST_HOST names. */
export const hosts = everyHost.filter(({ name }) => (process.env['TSRUN_TEST_HOST'] ?? name) === name);

// --- what the machine lacks

/** Why no container can be made here; undefined when one can. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(join(dist, 'tsrun')) || !existsSync(join(dist, 'lib/cli/main.js'))) return 'needs the built dist/ (npm run build)';
  return whyNoBusybox();
}

function whyNoBusybox(): string | undefined {
  const path = busyboxPath();
  if (path === undefined) return 'needs a busybox (package busybox-static)';
  return isStatic(path) ? undefined : `needs a static busybox (package busybox-static), ${path} is not`;
}

/** Prints why something is skipped; whether there is a reason. For `describe.skipIf` and `it.skipIf`. */
export function skipped(what: string, reason: string | undefined): boolean {
  if (reason !== undefined) process.stdout.write(`skipped: ${what}: ${reason}\n`);
  return reason !== undefined;
}

/** How many times longer everything may take here than on the machine that the tests were written on. */
const slowness = Number(process.env['TSRUN_TEST_SLOWNESS'] ?? 1);

/** An ordinary user, without a name or subordinate ids. */
export const USER = 54321;

const setpriv = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];

/** The same host, called by an ordinary user. */
export function asUser({ name, command }: TestHost): TestHost {
  return { name, command: [...setpriv, ...command] };
}

/** Why an ordinary user can make no container here; undefined when he can. */
export function whyNoUser(): string | undefined {
  const reason = whyNoContainers();
  if (reason !== undefined) return reason;
  const may = (...command: string[]): boolean => spawnSync(setpriv[0] ?? '', [...setpriv.slice(1), ...command]).status === 0;
  if (!may('true')) return 'needs setpriv(1)';
  if (!may('unshare', '--user', '--map-root-user', 'true')) return 'ordinary users may make no user namespaces here';
  const unreadable = [join(dist, 'libexec/tsrun.node'), join(dist, 'lib/cli/main.js'), process.execPath].find(
    (path) => !may('test', '-r', path),
  );
  return unreadable === undefined ? undefined : `an ordinary user may not read ${unreadable}`;
}

// --- root file systems

function busyboxPath(): string | undefined {
  return ['/bin/busybox', '/usr/bin/busybox', '/sbin/busybox'].find((path) => existsSync(path));
}

/** A dynamic program names its loader in a PT_INTERP segment. */
function isStatic(path: string): boolean {
  return !/\/lib(64)?\/ld-[\w.-]+\.so/.test(readFileSync(path).subarray(0, 4096).toString('latin1'));
}

/** Outlives the run, belongs to us alone, and can be entered by the ids of a user namespace. */
function cacheDirectory(recipe: string): string {
  const hash = createHash('sha256')
    .update(`${recipe}\0${process.arch}\0${process.getuid?.() ?? ''}`)
    .digest('hex')
    .slice(0, 12);
  const path = join(process.env['TSRUN_TEST_CACHE'] ?? tmpdir(), `tsrun-test-cache-${hash}`);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const status = lstatSync(path);
  if (!status.isDirectory() || status.uid !== process.getuid?.()) throw new Error(`${path} is not ours`);
  return path;
}

/** Makes `name` in `directory` once, whoever else tries at the same time. */
function once(directory: string, name: string, make: (path: string) => void): string {
  const path = join(directory, name);
  if (existsSync(path)) return path;
  const fresh = mkdtempSync(`${path}.`);
  chmodSync(fresh, 0o755);
  try {
    make(fresh);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  return path;
}

const directories = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'tmp', 'usr/bin', 'var'];
const passwd = 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\nuser:x:1000:1000:user:/home:/bin/sh\n';
const group = 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nuser:x:1000:\n';

function makeBusyboxRoot(path: string): void {
  const source = busyboxPath() ?? '';
  for (const directory of directories) mkdirSync(join(path, directory), { recursive: true, mode: 0o755 });
  chmodSync(join(path, 'tmp'), 0o1777);
  copyFileSync(source, join(path, 'bin/busybox'));
  chmodSync(join(path, 'bin/busybox'), 0o755);
  const applets = spawnSync(source, ['--list'], { encoding: 'utf8' }).stdout.split('\n');
  for (const applet of applets) if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(path, 'bin', applet));
  writeFileSync(join(path, 'etc/passwd'), passwd);
  writeFileSync(join(path, 'etc/group'), group);
}

/** The busybox root that all tests' roots are copied from. Do not write to it. */
export function busyboxRoot(): string {
  return once(cacheDirectory(`busybox ${statSync(busyboxPath() ?? '/').size} 2`), 'root', makeBusyboxRoot);
}

/** Copies a tree, its files by hard links: replace them, do not write into them. */
export function copyRoot(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-al', from, to], { encoding: 'utf8' });
  if (status === 0) return;
  rmSync(to, { recursive: true, force: true });
  const copied = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(`copy ${from}: ${stderr}${copied.stderr}`);
}

/** A Debian root made by debootstrap, or why there is none. The first call of a machine takes a minute. */
export function debianRoot(): { readonly path: string } | { readonly missing: string } {
  const source = aptSource();
  if (source === undefined) return { missing: 'apt has no Debian source' };
  const directory = cacheDirectory(`debian ${source.uri} ${source.suite} 1`);
  try {
    return { path: once(directory, 'root', (path) => bootstrap(source, path)) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function bootstrap({ uri, suite, keyring }: AptSource, path: string): void {
  process.stdout.write(`making a Debian root: debootstrap ${suite} from ${uri}, kept in ${path.replace(/\.\w+$/, '')}\n`);
  const args = ['--variant=minbase', ...(keyring === undefined ? [] : [`--keyring=${keyring}`]), suite, path, uri];
  // what it mounts is nobody else's
  const result = spawnSync('unshare', ['--mount', 'debootstrap', ...args], { encoding: 'utf8', timeout: 600_000 });
  if (result.error !== undefined) throw new Error(`debootstrap cannot run: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(`debootstrap failed: ${(result.stderr + result.stdout).trim().split('\n').slice(-3).join('; ')}`);
}

// --- calls

export interface Called {
  /** Exit status, or 128 + the signal that ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly host?: TestHost;
  readonly input?: string;
  /** The whole environment; only PATH if absent. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds, then SIGKILL; 60 s times TSRUN_TEST_SLOWNESS if absent. */
  readonly timeout?: number;
  /** Descriptors from 3 on that are passed, in order. */
  readonly passed?: readonly number[];
  /** In place of `--root` with the test file's own. */
  readonly root?: string | null;
}

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
  SIGABRT: 6,
};

// --- configs

type Writable<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends readonly unknown[]
    ? { -readonly [K in keyof T]: Writable<T[K]> }
    : T extends object
      ? { -readonly [K in keyof T]: Writable<T[K]> }
      : T;

type Linux = NonNullable<Spec['linux']>;

/** A config to be changed: what `spec` writes has a process, a root, mounts and a linux part. */
export type Config = Omit<Writable<Spec>, 'process' | 'linux' | 'mounts' | 'root'> & {
  process: Writable<Process>;
  linux: Writable<Linux>;
  mounts: Writable<Mount>[];
  root: { path: string; readonly?: boolean };
};

export type Change = (config: Config) => void;

/** Runs this shell script in place of a shell. */
export function shell(script: string): Change {
  return (config) => {
    config.process.args = ['sh', '-c', script];
  };
}

/** Takes a namespace out of the config: the container is then in ours. */
export function without(...types: NamespaceType[]): Change {
  return (config) => {
    config.linux.namespaces = (config.linux.namespaces ?? []).filter(({ type }) => !types.includes(type));
  };
}

// --- one test file

export interface Holdings {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly states: readonly string[];
}

const nothing: Holdings = { processes: [], mounts: [], cgroups: [], states: [] };

/** A program that sleeps until it is told to end; pid 1 of a namespace gets no signal that it has no handler for. */
export const SLEEP = 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done';

export class Harness {
  /** Unique in the machine. */
  readonly tag: string;
  /** Can be entered by anybody. */
  readonly scratch: string;
  /** The state root. */
  readonly root: string;
  private count = 0;
  private written: string | undefined;

  constructor(name: string) {
    this.scratch = mkdtempSync(join(tmpdir(), `tsrun-${name}-`));
    chmodSync(this.scratch, 0o755);
    this.tag = basename(this.scratch);
    this.root = join(this.scratch, 'state');
  }

  /** A new name, for a container or a file. */
  id(name = 'c'): string {
    this.count += 1;
    return `${this.tag}-${name}${this.count}`;
  }

  path(name: string): string {
    return join(this.scratch, name);
  }

  /** A root file system that the containers of this file share; they do not write to it. */
  get rootfs(): string {
    const path = this.path('rootfs');
    if (!existsSync(path)) copyRoot(busyboxRoot(), path);
    return path;
  }

  /** What `tsrun spec` writes, without a terminal and with the shared root, and then these changes. */
  config(...changes: readonly Change[]): Config {
    if (this.written === undefined) {
      const directory = mkdtempSync(this.path('spec-'));
      const { status, stderr } = spawnSync(join(dist, 'tsrun'), ['spec', '--bundle', directory], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`tsrun spec: ${stderr}`);
      this.written = readFileSync(join(directory, 'config.json'), 'utf8');
    }
    const config = JSON.parse(this.written) as Config;
    config.process.terminal = false;
    config.root.path = this.rootfs;
    config.process.args = ['true'];
    for (const change of changes) change(config);
    return config;
  }

  /** A bundle with that config. */
  bundle(...changes: readonly Change[]): string {
    return this.bundleOf(this.config(...changes));
  }

  /** A bundle with this text or object as its config.json. */
  bundleOf(config: unknown): string {
    const path = this.path(this.id('bundle').slice(this.tag.length + 1));
    mkdirSync(path, { mode: 0o755 });
    writeFileSync(join(path, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config, null, 2));
    return path;
  }

  /** A root file system of its own, to be written to, optionally with another owner than root. */
  ownRoot(owner?: { readonly uid: number; readonly gid: number }): string {
    const path = this.path(this.id('root').slice(this.tag.length + 1));
    if (owner === undefined) {
      copyRoot(busyboxRoot(), path);
    } else {
      const { status, stderr } = spawnSync('cp', ['-a', busyboxRoot(), path], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`copy the root: ${stderr}`);
      spawnSync('chown', ['--recursive', '--no-dereference', `${owner.uid}:${owner.gid}`, path]);
    }
    return path;
  }

  command(args: readonly string[], { host = hosts[0], root = this.root }: CallOptions): string[] {
    if (host === undefined) throw new Error('TSRUN_TEST_HOST names no host');
    return [...host.command, ...(root === null ? [] : ['--root', root]), ...args];
  }

  /** Files take the output: a container that goes on keeps them open, and a pipe would be waited for. */
  private streams(options: CallOptions): { stdio: StdioOptions; read: (name: 'out' | 'err') => string; close: () => void } {
    const base = this.path(this.id('call').slice(this.tag.length + 1));
    writeFileSync(`${base}.in`, options.input ?? '');
    const fds = [openSync(`${base}.in`, 'r'), openSync(`${base}.out`, 'a+'), openSync(`${base}.err`, 'a+')];
    return {
      stdio: [...fds, ...(options.passed ?? [])],
      read: (name) => readFileSync(`${base}.${name}`, 'utf8'),
      close: () => fds.forEach((fd) => closeSync(fd)),
    };
  }

  /** Calls tsrun and waits for it. */
  tsrun(args: readonly string[], options: CallOptions = {}): Called & { readonly later: () => string } {
    const [program = '', ...rest] = this.command(args, options);
    const streams = this.streams(options);
    try {
      const { status, signal, error } = spawnSync(program, rest, {
        stdio: streams.stdio,
        env: options.env ?? { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
        cwd: options.cwd ?? this.scratch,
        timeout: options.timeout ?? 60_000 * slowness,
        killSignal: 'SIGKILL',
      });
      if (error !== undefined) throw error;
      return {
        status: status ?? 128 + (signalNumbers[signal ?? ''] ?? 0),
        stdout: streams.read('out'),
        stderr: streams.read('err'),
        later: () => streams.read('out'),
      };
    } finally {
      streams.close();
    }
  }

  /** Calls tsrun and goes on: `pid` is its process, `ended` its result, `out` what it has written so far. */
  spawn(
    args: readonly string[],
    options: CallOptions = {},
  ): {
    readonly pid: number;
    readonly ended: Promise<Called>;
    readonly out: () => string;
    /** False when it has ended already. */
    readonly kill: (signal: NodeJS.Signals) => boolean;
  } {
    const [program = '', ...rest] = this.command(args, options);
    const streams = this.streams(options);
    const child = spawn(program, rest, {
      stdio: streams.stdio,
      env: options.env ?? { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      cwd: options.cwd ?? this.scratch,
      timeout: options.timeout ?? 60_000 * slowness,
      killSignal: 'SIGKILL',
    });
    streams.close();
    const ended = new Promise<Called>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status, signal) => {
        resolve({ status: status ?? 128 + (signalNumbers[signal ?? ''] ?? 0), stdout: streams.read('out'), stderr: streams.read('err') });
      });
    });
    return { pid: child.pid ?? 0, ended, out: () => streams.read('out'), kill: (signal) => child.kill(signal) };
  }

  /** Calls tsrun; fails the test unless it succeeds. Its standard output. */
  ok(args: readonly string[], options: CallOptions = {}): string {
    const { status, stdout, stderr } = this.tsrun(args, options);
    if (status !== 0) throw new Error(`tsrun ${args.join(' ')}: status ${status}: ${stderr}`);
    return stdout;
  }

  /** Calls tsrun, which must fail with `status` and one line on standard error: that line's message. */
  refusal(args: readonly string[], status = 1, options: CallOptions = {}): string {
    const result = this.tsrun(args, options);
    expect(result.status).toBe(status);
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
    const message = /level=error msg=(".*")\n$/.exec(result.stderr)?.[1] ?? result.stderr;
    return JSON.parse(message) as string;
  }

  /** `run` with a bundle of these changes. */
  run(changes: readonly Change[], options: CallOptions & { readonly flags?: readonly string[] } = {}): Called {
    return this.tsrun(['run', ...(options.flags ?? []), '--bundle', this.bundle(...changes), this.id()], options);
  }

  /** A container that is running `script`; its id. */
  running(changes: readonly Change[] = [shell(SLEEP)], options: CallOptions = {}): string {
    const id = this.id();
    this.ok(['run', '--detach', '--bundle', this.bundle(...changes), id], options);
    return id;
  }

  state(id: string): { readonly status: string; readonly pid: number; readonly [key: string]: unknown } {
    return JSON.parse(this.ok(['state', id])) as { status: string; pid: number };
  }

  /** The status that `state` tells; undefined: it knows no such container, not yet or no longer. */
  status(id: string): string | undefined {
    const { status, stdout } = this.tsrun(['state', id]);
    return status === 0 ? (JSON.parse(stdout) as { status: string }).status : undefined;
  }

  /** Everything of this test file's that the machine holds now. */
  holdings(): Holdings {
    return { processes: this.processes(), mounts: this.mounts(), cgroups: this.cgroups(), states: this.states() };
  }

  /** Processes in one of our cgroups, or that see one of our mounts; zombies are their parents' to reap. */
  processes(): string[] {
    const found: string[] = [];
    const ours = link('/proc/self/ns/mnt');
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const stat = text(`/proc/${pid}/stat`);
      if (stat === '' || stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z') continue;
      const elsewhere = link(`/proc/${pid}/ns/mnt`) !== ours;
      const seen = text(`/proc/${pid}/cgroup`) + (elsewhere ? text(`/proc/${pid}/mountinfo`) : '');
      if (seen.includes(this.tag)) found.push(`${pid} ${text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
    }
    return found;
  }

  mounts(): string[] {
    return text('/proc/self/mountinfo')
      .split('\n')
      .filter((line) => line.includes(this.tag));
  }

  cgroups(): string[] {
    const mount = cgroupMount();
    return mount === undefined ? [] : below(mount).filter((path) => path.includes(this.tag));
  }

  states(): string[] {
    return existsSync(this.root) ? readdirSync(this.root).filter((name) => !name.startsWith('=')) : [];
  }

  /** Fails unless everything of ours is gone; what is about to end gets the time to. */
  async expectNothingLeft(): Promise<void> {
    await until(() => JSON.stringify(this.holdings()) === JSON.stringify(nothing));
    expect(this.holdings()).toEqual(nothing);
  }

  /** Removes all containers and, should tsrun not be able to, what is left of them. */
  clean(): void {
    for (const id of this.states()) this.tsrun(['delete', '--force', id]);
    for (const id of this.states()) rmSync(join(this.root, id), { recursive: true, force: true });
    for (const path of this.cgroups().reverse()) {
      try {
        writeFileSync(join(path, 'cgroup.kill'), '1');
        rmdirSync(path);
      } catch {
        // not empty yet: the next round has it
      }
    }
  }

  /** For the end of the file. */
  async end(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      this.clean();
      if (JSON.stringify(this.holdings()) === JSON.stringify(nothing)) break;
      await sleep(100);
    }
    // never into a mount that is still there
    if (this.mounts().length === 0) rmSync(this.scratch, { recursive: true, force: true });
  }
}

/** A harness that cleans up after every test and at the file's end. */
export function harness(name: string): Harness {
  const made = new Harness(name);
  afterEach(() => {
    made.clean();
  });
  afterAll(async () => {
    await made.end();
  });
  return made;
}

// --- looking

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The cgroup v2 mount; undefined when there is none. */
export function cgroupMount(): string | undefined {
  return ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find(
    (path) => existsSync(join(path, 'cgroup.procs')) && existsSync(join(path, 'cgroup.controllers')),
  );
}

/** Directories below a cgroup, parents first. */
function below(path: string): string[] {
  let names: string[];
  try {
    names = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name));
  } catch {
    return [];
  }
  return names.flatMap((name) => [name, ...below(name)]);
}

/** What our open descriptors lead to, by number. */
export function openFds(): Record<string, string> {
  const fds: Record<string, string> = {};
  for (const fd of readdirSync('/proc/self/fd')) {
    const to = link(`/proc/self/fd/${fd}`);
    if (to !== '' && !to.startsWith('/proc/')) fds[fd] = to;
  }
  return fds;
}

/** Our own children, zombies too, by what /proc/PID/stat says. */
export function children(): string[] {
  return readdirSync('/proc/self/task')
    .flatMap((task) => text(`/proc/self/task/${task}/children`).trim().split(' '))
    .filter((pid) => pid !== '')
    .map((pid) => text(`/proc/${pid}/stat`).split(' ').slice(0, 3).join(' '));
}

/**
 * The arguments of a process, each with its NUL. Of one that executes just now there are none for a moment: who waits for the end of its
 * descriptors, as `start` and `exec` do, hears of the program before (fs/exec.c, begin_new_exec).
 */
export async function commandOf(pid: number): Promise<string> {
  let command = '';
  await until(() => (command = text(`/proc/${pid}/cmdline`)) !== '');
  return command;
}

/** Waits until a process, or a child of its, executes the program of that name: what had to be done before, such as by unshare(1), is done. */
export async function executes(pid: number, program: string): Promise<void> {
  const runs = (): boolean =>
    [String(pid), ...text(`/proc/${pid}/task/${pid}/children`).trim().split(' ')].some((each) =>
      link(`/proc/${each}/exe`).endsWith(`/${program}`),
    );
  expect(await until(runs)).toBe(true);
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  const stat = text(`/proc/${pid}/stat`);
  return stat !== '' && !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until `holds`; false when it still does not after `timeout` milliseconds, times TSRUN_TEST_SLOWNESS. */
export async function until(holds: () => boolean, timeout = 30_000): Promise<boolean> {
  for (const end = Date.now() + timeout * slowness; ;) {
    if (holds()) return true;
    if (Date.now() > end) return false;
    await sleep(20);
  }
}
