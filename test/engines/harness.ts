/**
 * What the tests of engines share: the same use of an engine is made with runc and with tsrun, at the same time, and what
 * the engine then says (output, errors, exit status, its own records) is compared. Everything an engine keeps is below one
 * scratch directory; an engine is started and ended by the test.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';

import { busyboxRoot, dist, skipped, sleep, until, whyNoContainers } from '../integration/harness.js';

/** The one under test, and the one that it is compared with. */
export type Runtime = 'runc' | 'tsrun';

export type CgroupDriver = 'cgroupfs' | 'systemd';

/** Both; TSRUN_TEST_DRIVER names one, for a machine that takes too long over both. */
export const drivers: readonly CgroupDriver[] = (['cgroupfs', 'systemd'] as const).filter(
  (driver) => !skipped(`the cgroup driver ${driver}`, left(driver)),
);

function left(driver: CgroupDriver): string | undefined {
  const only = process.env['TSRUN_TEST_DRIVER'] ?? driver;
  return only === driver ? undefined : `TSRUN_TEST_DRIVER=${only}`;
}

/** The image that every engine is given: a busybox. */
export const IMAGE = 'busybox';

/** Why engines cannot be tested here; undefined when they can. */
export function whyNoEngine(...programs: readonly string[]): string | undefined {
  const reason = whyNoContainers();
  if (reason !== undefined) return reason;
  const missing = ['runc', ...programs].find((program) => which(program) === undefined);
  if (missing !== undefined) return `needs ${missing}`;
  return existsSync('/sys/fs/cgroup/cgroup.controllers') ? undefined : 'needs cgroup v2 on /sys/fs/cgroup';
}

/** Why there is no systemd to make units with; undefined when there is one. */
export function whyNoSystemd(): string | undefined {
  return existsSync('/run/systemd/system') ? undefined : 'needs systemd as pid 1';
}

export function which(program: string): string | undefined {
  return ['/usr/bin', '/usr/sbin', '/bin', '/sbin'].map((directory) => join(directory, program)).find((path) => existsSync(path));
}

// --- calls

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const signals: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

let calls = 0;

/**
 * Runs a program to its end. Files take the output: what a container's monitor keeps open does not hold us.
 *
 * @param options.timeout Milliseconds, then SIGKILL; four minutes if absent.
 */
export async function call(
  scratch: string,
  [program = '', ...args]: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly timeout?: number; readonly input?: string } = {},
): Promise<Outcome> {
  calls += 1;
  const base = join(scratch, `call${calls}`);
  writeFileSync(`${base}.in`, options.input ?? '');
  const fds = [openSync(`${base}.in`, 'r'), openSync(`${base}.out`, 'a'), openSync(`${base}.err`, 'a')];
  const child = spawn(program, args, {
    stdio: fds,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: scratch, ...options.env },
    cwd: scratch,
    timeout: options.timeout ?? 240_000,
    killSignal: 'SIGKILL',
  });
  for (const fd of fds) closeSync(fd);
  const status = await ended(child);
  return { status, stdout: readFileSync(`${base}.out`, 'utf8'), stderr: readFileSync(`${base}.err`, 'utf8') };
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      resolve(status ?? 128 + (signals[signal ?? ''] ?? 0));
    });
  });
}

// --- comparing

/** What differs between two runs whatever the runtime: names, ids, times. */
export function plain(text: string, runtime: Runtime): string {
  return (
    text
      .replaceAll(join(dist, 'tsrun'), 'RUNTIME')
      .replaceAll('/usr/sbin/runc', 'RUNTIME')
      .replaceAll(runtime, 'RUNTIME')
      // Debian gives what these programs execute a name, and lets it do everything
      .replace(/^(RUNTIME|buildah) \(unconfined\)$/gm, 'unconfined')
      .replace(/\b[0-9a-f]{64}\b/g, 'ID')
      .replace(/\b[0-9a-f]{12}\b/g, 'ID')
      // between one sleep and the next of a loop, `top` shows none
      .replace(/^sleep *\n/gm, '')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
  );
}

/**
 * Makes a use with both runtimes at once; fails unless both come to the same.
 *
 * @returns What both came to.
 */
export async function alike<T>(use: (runtime: Runtime) => Promise<T>): Promise<T> {
  const [theirs, ours] = await Promise.all([use('runc'), use('tsrun')]);
  expect(ours, 'with tsrun as with runc').toEqual(theirs);
  return ours;
}

/** The block device that the machine's root is on, as its kernel was told. */
export function rootDisk(): string {
  return /\broot=(\/dev\/\w+)/.exec(readFileSync('/proc/cmdline', 'utf8'))?.[1] ?? '/dev/vda';
}

// --- images

/** Where engines can keep what is too big for memory; anybody may enter it. */
export function makeScratch(name: string): string {
  const path = mkdtempSync(join('/var/tmp', `tsrun-${name}-`));
  chmodSync(path, 0o755);
  return path;
}

/** A busybox as an archive, for `import`. */
export function imageArchive(scratch: string): string {
  const path = join(scratch, 'busybox.tar');
  const { status, stderr } = spawnSync('tar', ['-C', busyboxRoot(), '--numeric-owner', '-cf', path, '.'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
  return path;
}

/** Removes a scratch directory and whatever an engine left mounted below it. */
export function removeScratch(path: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${path}/`));
  for (const target of mounts.reverse()) spawnSync('umount', [target]);
  rmSync(path, { recursive: true, force: true });
}

// --- a process that a test started and ends

/** A daemon, with its output in a file. */
export class Daemon {
  private readonly child: ChildProcess;
  private readonly end: Promise<number>;
  private readonly log: string;
  private gone = false;

  constructor(command: readonly string[], log: string, env: Readonly<Record<string, string>> = {}) {
    this.log = log;
    const [program = '', ...args] = command;
    const fd = openSync(log, 'a');
    this.child = spawn(program, args, {
      stdio: ['ignore', fd, fd],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
      detached: true,
    });
    closeSync(fd);
    this.end = ended(this.child);
    const over = (): void => {
      this.gone = true;
    };
    void this.end.then(over, over);
  }

  /** Waits until `ready`; throws with the end of the log when the daemon ends first or takes more than four minutes. */
  async wait(ready: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 240_000; Date.now() < end && !this.gone;) {
      if (await ready()) return;
      await sleep(300);
    }
    throw new Error(`${basename(this.child.spawnfile)} did not get ready: ${readFileSync(this.log, 'utf8').slice(-2000)}`);
  }

  /** SIGTERM, and SIGKILL a minute later. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    if (!(await until(() => this.gone, 60_000))) this.child.kill('SIGKILL');
    await this.end.catch(() => undefined);
  }
}

// --- Docker

/** A containerd of our own, without the part that serves Kubernetes. */
export async function startContainerd(scratch: string): Promise<Daemon> {
  const config = `version = 2
root = "${join(scratch, 'containerd')}"
state = "${join(scratch, 'containerd-state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${join(scratch, 'containerd.sock')}"
`;
  writeFileSync(join(scratch, 'containerd.toml'), config);
  const daemon = new Daemon(['containerd', '--config', join(scratch, 'containerd.toml')], join(scratch, 'containerd.log'));
  await daemon.wait(() => Promise.resolve(existsSync(join(scratch, 'containerd.sock'))));
  return daemon;
}

/** A dockerd of our own with its own containerd. */
export class Docker {
  readonly scratch: string;
  private readonly host: string;
  private readonly daemon: Daemon;
  private readonly containerd: Daemon;

  private constructor(scratch: string, host: string, containerd: Daemon, daemon: Daemon) {
    this.scratch = scratch;
    this.host = host;
    this.containerd = containerd;
    this.daemon = daemon;
  }

  /** Starts it, and gives it the image. */
  static async start(driver: CgroupDriver, flags: readonly string[] = []): Promise<Docker> {
    const scratch = makeScratch(`docker-${driver}`);
    const host = `unix://${scratch}/docker.sock`;
    writeFileSync(join(scratch, 'daemon.json'), JSON.stringify({ runtimes: { tsrun: { path: join(dist, 'tsrun') } } }));
    const command = ['dockerd', '--config-file', join(scratch, 'daemon.json'), '--data-root', join(scratch, 'data')];
    command.push('--exec-root', join(scratch, 'exec'), '--pidfile', join(scratch, 'pid'), '--host', host, '--storage-driver', 'overlay2');
    // no rule and no bridge stays on the machine
    command.push('--iptables=false', '--ip6tables=false', '--ip-forward=false', '--bridge=none');
    command.push('--exec-opt', `native.cgroupdriver=${driver}`, ...flags);
    // dockerd gives a containerd that it starts ten seconds, which a busy machine may not keep
    const containerd = await startContainerd(scratch);
    command.push('--containerd', join(scratch, 'containerd.sock'));
    const docker = new Docker(scratch, host, containerd, new Daemon(command, join(scratch, 'log')));
    await docker.daemon.wait(async () => (await docker.call('version')).status === 0);
    await docker.ok('import', imageArchive(scratch), IMAGE);
    return docker;
  }

  call(...args: readonly string[]): Promise<Outcome> {
    return call(this.scratch, ['docker', '--host', this.host, ...args]);
  }

  /** Standard output; throws when the command fails. */
  async ok(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.call(...args);
    if (status !== 0) throw new Error(`docker ${args.join(' ')}: status ${status}: ${stderr}`);
    return stdout;
  }

  /** The same with both runtimes; what is compared is free of names. */
  async alike(args: (runtime: Runtime) => readonly string[]): Promise<Outcome> {
    return alike(async (runtime) => {
      const { status, stdout, stderr } = await this.call(...args(runtime));
      return { status, stdout: plain(stdout, runtime), stderr: plain(stderr, runtime) };
    });
  }

  /** `docker run --rm` with both runtimes. */
  run(...args: readonly string[]): Promise<Outcome> {
    return this.alike((runtime) => ['run', '--rm', '--runtime', runtime, ...args]);
  }

  /** A script in a container of each runtime. */
  shell(script: string, ...flags: readonly string[]): Promise<Outcome> {
    return this.run(...flags, IMAGE, 'sh', '-c', script);
  }

  /** A property of a container, by a Go template. */
  async inspect<T>(name: string, template: string): Promise<T> {
    return JSON.parse(await this.ok('inspect', '--format', `{{json ${template}}}`, name)) as T;
  }

  log(): string {
    return readFileSync(join(this.scratch, 'log'), 'utf8');
  }

  async stop(): Promise<void> {
    const ids = (await this.call('ps', '--all', '--quiet')).stdout.split('\n').filter(Boolean);
    if (ids.length > 0) await this.call('rm', '--force', ...ids);
    await this.daemon.stop();
    await this.containerd.stop();
    removeScratch(this.scratch);
  }
}

// --- Podman and Buildah

/** Somebody with subordinate ids and a session of systemd's. */
export interface OrdinaryUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The first ordinary user who can make containers here. */
export function ordinaryUser(): OrdinaryUser | undefined {
  if (!existsSync('/etc/subuid')) return undefined;
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name = '', , uid = '0', gid = '0'] = line.split(':');
    const hasIds = new RegExp(`^(${name}|${uid}):`, 'm').test(readFileSync('/etc/subuid', 'utf8'));
    if (uid !== '0' && name !== '' && hasIds && existsSync(`/run/user/${uid}/bus`)) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** Podman or Buildah with a storage and a configuration of our own, as root or as somebody else. */
export class Containers {
  readonly scratch: string;
  private readonly user: OrdinaryUser | undefined;

  constructor(name: string, driver: CgroupDriver, user?: OrdinaryUser) {
    this.scratch = makeScratch(`${name}-${driver}`);
    this.user = user;
    mkdirSync(this.path('run'));
    writeFileSync(this.path('containers.conf'), configuration(driver, this.path('tmp')));
    imageArchive(this.scratch);
    if (user !== undefined) spawnSync('chown', ['--recursive', `${user.uid}:${user.gid}`, this.scratch]);
  }

  path(name: string): string {
    return join(this.scratch, name);
  }

  /** Calls `podman` or `buildah`. */
  call(program: string, ...args: readonly string[]): Promise<Outcome> {
    const storage = ['--root', this.path('root'), '--runroot', this.path('run'), '--storage-driver', 'overlay'];
    const env: Record<string, string> = { CONTAINERS_CONF: this.path('containers.conf'), TMPDIR: this.scratch };
    const as: string[] = [];
    if (this.user !== undefined) {
      const { name, uid, gid } = this.user;
      as.push('setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups');
      Object.assign(env, { USER: name, LOGNAME: name, XDG_RUNTIME_DIR: `/run/user/${uid}` });
      Object.assign(env, { DBUS_SESSION_BUS_ADDRESS: `unix:path=/run/user/${uid}/bus` });
    }
    return call(this.scratch, [...as, program, ...storage, ...args], { env });
  }

  /** Standard output; throws when the command fails. */
  async ok(program: string, ...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.call(program, ...args);
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}: ${stderr}`);
    return stdout;
  }

  /** `podman run --rm` of a script, with both runtimes; what is compared is free of names. */
  shell(script: string, ...flags: readonly string[]): Promise<Outcome> {
    return this.run(...flags, IMAGE, 'sh', '-c', script);
  }

  run(...args: readonly string[]): Promise<Outcome> {
    return alike(async (runtime) => {
      const { status, stdout, stderr } = await this.call('podman', '--runtime', runtime, 'run', '--rm', ...args);
      return { status, stdout: plain(stdout, runtime), stderr: plain(stderr, runtime) };
    });
  }

  /** Ends every container and Podman's own process that keeps an ordinary user's namespace, and removes all. */
  async end(): Promise<void> {
    await this.call('podman', 'rm', '--all', '--force', '--time', '0');
    if (this.user !== undefined) await this.call('podman', 'system', 'migrate');
    if (this.user !== undefined) await this.call('podman', 'unshare', 'rm', '-rf', this.path('root'));
    removeScratch(this.scratch);
  }
}

function configuration(driver: CgroupDriver, directory: string): string {
  return `[engine]
cgroup_manager = "${driver}"
events_logger = "file"
tmp_dir = "${directory}"
runtime_supports_json = ["runc", "tsrun"]
[engine.runtimes]
tsrun = ["${join(dist, 'tsrun')}"]
[containers]
log_driver = "k8s-file"
`;
}

// --- what a process sees

/** Mounts that hide something: their file systems are the runtime's own affair. */
const MASKS =
  '/proc/(acpi|asound|kcore|keys|latency_stats|timer_list|timer_stats|sched_debug|scsi|interrupts)|/sys/(firmware|devices/virtual/powercap|devices/system/cpu/.*)';

/** A script that writes what matters about the world of a container's process, alike in every run. */
export const SEEN = [
  'id; pwd; env | grep -v ^HOSTNAME= | sort; ulimit -a; ulimit -H -n; umask',
  "grep -E '^(Groups|Cap|NoNewPrivs|Seccomp)' /proc/self/status; cat /proc/self/attr/current 2>/dev/null",
  'cat /proc/self/cgroup /proc/self/oom_score_adj; ls -1 /proc/self/fd | head -3',
  // in a user namespace runc leaves the group of the message queues unmapped
  "ls -l /dev | grep -v mqueue | awk '{print $1,$3,$4,$5,$6}' | grep -v ^total; ls -1 /dev; readlink /dev/ptmx /dev/fd /dev/core",
  // Podman writes the mounts of a config in another order each time
  // the machine's own device nodes are nosuid and noexec in tsrun's containers, in older runcs' they are not
  `awk '$2 != "/" && $2 !~ "^(${MASKS})$" { print $2, $3, ($3 == "devtmpfs" ? "" : $4) }' /proc/mounts | sort; awk '$2 ~ "^(${MASKS})$" { print $2 }' /proc/mounts`,
  'for file in /proc/kcore /proc/keys /proc/timer_list; do head -c1 $file | wc -c; done; ls -A /sys/firmware /proc/acpi',
  'touch /proc/sysrq-trigger /proc/sys/kernel/printk /sys/kernel/x 2>&1',
].join('\n');

/** The options of the machine's own cgroup mount. */
export function cgroupMountOptions(): string {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return lines.find((line) => line.split(' ')[1] === '/sys/fs/cgroup')?.split(' ')[3] ?? '';
}

/** Makes a directory for both runtimes. */
export function directoriesOf(scratch: string, name: string): (runtime: Runtime) => string {
  return (runtime) => {
    const path = join(scratch, `${name}-${runtime}`);
    mkdirSync(path, { recursive: true });
    return path;
  };
}
