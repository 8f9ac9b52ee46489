// The calls that Docker, Podman and Buildah made to their runtime, made here: with their command lines, in their order.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import type { Resources } from '../../src/spec/types.js';
import { adaptedConfig, bySystemd, callsOf, printAdapted, profiles, withoutLimits, type Call } from './captured.js';
import {
  cgroupMount,
  commandOf,
  dist,
  executes,
  harness,
  isAlive,
  skipped,
  until,
  whyNoContainers,
  type CallOptions,
  type Called,
  type Config,
} from './harness.js';

const h = harness('calls');
const none = whyNoContainers();
const noPython = spawnSync('python3', ['--version']).status === 0 ? undefined : 'needs python3';

/** The commands of this version, by its own help; `version` is the call with --version. */
const help = none === undefined ? spawnSync(join(dist, 'tsrun'), ['--help'], { encoding: 'utf8' }).stdout : '';
const commands = new Set(['version', ...[...help.matchAll(/^ {2}(\w+) {3}/gm)].map(([, name]) => name ?? '')]);

const helpers: ChildProcess[] = [];
afterEach(() => {
  for (const child of helpers.splice(0)) child.kill('SIGKILL');
});

/** The options of a recorded call that are not passed on as they are. */
const REWRITTEN: Readonly<Record<string, string>> = {
  '--root': "the test's own",
  '--systemd-cgroup': 'left out where systemd does not run, or not for this user',
  '--log': 'a file of the test',
  '--bundle': 'a directory of the test, with the adapted config',
  '--pid-file': 'a file of the test',
  '--process': 'a copy, without what the config was adapted in',
  '--console-socket': 'a socket of the test',
  '--resources': 'a copy, or as it was: standard input',
};

interface Replay {
  readonly options: CallOptions;
  /** The recorded calls of one engine's use, or several that belong together. */
  readonly uses: readonly string[];
  /** Who owns the root file systems. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** A directory for bundles and the like. */
  readonly home: string;
}

/** Goes through the calls. `pids` are those of the containers made so far, by their ids. */
async function replay({ uses, options, owner, home }: Replay): Promise<void> {
  const pids = new Map<string, number>();
  const outputs = new Map<string, { rootfs: string; sleeps: boolean; later: () => string }>();
  for (const call of uses.flatMap(callsOf)) {
    if (skipped(call.name, commands.has(call.command) ? undefined : `this version has no ${call.command}`)) continue;
    const made = await makeCall(call, options, owner, home, [...pids.values()][0]);
    await expectResult(call, made, { pids, outputs, options });
  }
}

interface Made extends Called {
  readonly later: () => string;
  readonly pidFile: string;
  readonly rootfs: string;
  readonly config: Config | undefined;
  readonly terminal: Promise<string> | undefined;
}

async function makeCall(call: Call, options: CallOptions, owner: Replay['owner'], home: string, joined: number | undefined): Promise<Made> {
  const directory = join(home, h.id('call'));
  mkdirSync(directory, { mode: 0o755 });
  const { uid, gid } = statSync(home);
  chownSync(directory, uid, gid);
  const files = {
    log: join(directory, 'log'),
    pid: join(directory, 'pid'),
    process: join(directory, 'process.json'),
    resources: join(directory, 'resources.json'),
    socket: join(directory, 's'),
  };
  let terminal: Promise<string> | undefined;
  const args: string[] = [];
  for (let at = 0; at < call.argv.length; at++) {
    const word = call.argv[at] ?? '';
    if (word.startsWith('--resources=')) {
      copyFileSync(join(call.directory, 'resources.json'), files.resources);
      args.push(word === '--resources=-' ? word : `--resources=${files.resources}`);
      continue;
    }
    if (!(word in REWRITTEN)) {
      args.push(word);
      continue;
    }
    if (word === '--systemd-cgroup') {
      if (bySystemd(owner !== undefined)) args.push(word);
      continue;
    }
    at += 1;
    switch (word) {
      case '--log':
        args.push(word, files.log);
        break;
      case '--bundle':
        args.push(word, directory);
        break;
      case '--pid-file':
        args.push(word, files.pid);
        break;
      case '--process':
        adaptProcess(call, files.process);
        args.push(word, files.process);
        break;
      case '--console-socket':
        terminal = receiveTerminal(files.socket);
        expect(await until(() => existsSync(files.socket))).toBe(true);
        args.push(word, files.socket);
        break;
    }
  }
  const rootfs = call.command === 'create' ? h.ownRoot(owner) : '';
  const sources = join(directory, 'sources');
  mkdirSync(sources);
  const systemd = args.includes('--systemd-cgroup');
  const place = { rootfs, parent: h.tag, sources, systemd, ordinary: owner !== undefined, ...(joined === undefined ? {} : { joined }) };
  const config = call.command === 'create' ? adaptedConfig(call.name, place) : undefined;
  const make = (): ReturnType<typeof h.tsrun> => {
    if (config !== undefined) writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    const result = h.tsrun(args, { ...options, env: call.env, input: text(files.resources) });
    return { ...result, stderr: result.stderr + text(files.log) };
  };
  if (config !== undefined) {
    const complete = structuredClone(config.linux.resources);
    const missing = withoutLimits(config, call.name);
    if (missing.length > 0) {
      const reduced = config.linux.resources;
      config.linux.resources = complete ?? {};
      expectRefusal(make(), missing);
      config.linux.resources = reduced ?? {};
      writeFileSync(files.log, '');
    }
  }
  return { ...make(), pidFile: files.pid, rootfs, config, terminal };
}

function text(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** What was said, but for what only a machine with fewer capabilities hears. */
function complaints(said: string): string {
  return said.replace(/^.*ignoring unknown or unavailable capabilities.*\n/gm, '');
}

/** The profile is an engine's, which loads it when it starts; the config is adapted alike. */
function adaptProcess(call: Call, to: string): void {
  const { apparmorProfile, ...process } = JSON.parse(readFileSync(join(call.directory, 'process.json'), 'utf8')) as Record<string, unknown>;
  const isThere = typeof apparmorProfile === 'string' && profiles.includes(apparmorProfile);
  writeFileSync(to, JSON.stringify(isThere ? { ...process, apparmorProfile } : process));
}

function receiveTerminal(socket: string): Promise<string> {
  const child = spawn('python3', [join(import.meta.dirname, '../fixtures/receive.py'), socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  helpers.push(child);
  let out = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  return new Promise((resolve) => child.on('close', () => resolve(out)));
}

/** The limits that a recorded `update` asks for, or the refusal that names a controller which is not here. */
function expectUpdate(call: Call, { status, stderr }: Called, pid: number): void {
  const resources = JSON.parse(text(join(call.directory, 'resources.json'))) as Resources;
  const { memory: { limit = 0, swap = 0 } = {}, cpu, pids } = resources;
  const cgroup = `${cgroupMount() ?? ''}${/^0::(.*)$/m.exec(text(`/proc/${pid}/cgroup`))?.[1] ?? ''}`;
  const files: [string, string, string][] = [
    ['memory', 'memory.max', String(limit)],
    ['memory', 'memory.swap.max', String(Number(swap) - Number(limit))],
    ...(cpu === undefined ? [] : [['cpu', 'cpu.max', `${cpu.quota ?? 0} ${cpu.period ?? 0}`] as [string, string, string]]),
    ...(pids === undefined ? [] : [['pids', 'pids.max', String(pids.limit)] as [string, string, string]]),
  ];
  const controllers = text(join(cgroup, 'cgroup.controllers')).trim().split(' ');
  const missing = files.map(([controller]) => controller).filter((controller) => !controllers.includes(controller));
  if (missing.length > 0) {
    expect(status).toBe(1);
    const [, named = ''] = /\/linux\/resources\/[\w/]+: the cgroup \S+ has no \\?"(\w+)\\?" controller/.exec(stderr) ?? [];
    expect(missing, stderr).toContain(named);
    return;
  }
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(files.map(([, file]) => [file, text(join(cgroup, file)).trim()])).toEqual(files.map(([, file, value]) => [file, value]));
}

/** A limit that this machine cannot give is an error that names it, and leaves nothing. */
function expectRefusal({ status, stderr }: Called, missing: readonly string[]): void {
  expect(status).toBe(1);
  const [, pointer, controller] = /(\/linux\/resources\/[\w/]+): this host's cgroup v2 has no \\?"(\w+)\\?" controller/.exec(stderr) ?? [];
  expect(pointer, stderr).toBeDefined();
  expect(missing).toContain(controller);
  expect(h.cgroups()).toEqual([]);
}

interface Containers {
  readonly pids: Map<string, number>;
  readonly outputs: Map<string, { rootfs: string; sleeps: boolean; later: () => string }>;
  readonly options: CallOptions;
}

async function expectResult(call: Call, made: Made, { pids, outputs, options }: Containers): Promise<void> {
  const id = call.command === 'kill' ? (call.argv.at(-2) ?? '') : (call.argv.at(-1) ?? '');
  if (call.command === 'update') {
    expectUpdate(call, made, pids.get(id) ?? 0);
    return;
  }
  const what = { call: call.name, status: made.status, stderr: complaints(made.stderr) };
  expect(what).toEqual({ call: call.name, status: 0, stderr: '' });
  const state = (): { status: string; pid: number } => JSON.parse(h.ok(['state', id], options)) as { status: string; pid: number };
  const pid = existsSync(made.pidFile) ? Number(readFileSync(made.pidFile, 'utf8')) : 0;
  const output = outputs.get(id);
  switch (call.command) {
    case 'create':
      // a pid of another namespace is not ours to look at
      if (call.argv.includes('--pid-file')) expect(pid).toBe(state().pid);
      expect(state()).toMatchObject({ id, status: 'created' });
      pids.set(id, pid);
      outputs.set(id, { rootfs: made.rootfs, sleeps: made.config?.process.args?.[0] === 'sleep', later: made.later });
      if (made.terminal !== undefined) outputs.set(`${id} terminal`, { rootfs: '', sleeps: false, later: () => '' });
      break;
    case 'start':
      if (output?.sleeps === true) {
        expect(state().status).toBe('running');
        expect(await commandOf(pids.get(id) ?? 0)).toBe('sleep\x00100\0');
      } else {
        expect(await until(() => state().status === 'stopped')).toBe(true);
        expect(output?.later()).toBe('');
        // docker-build says so to a file
        if (call.name.startsWith('docker-build/')) expect(readFileSync(join(output?.rootfs ?? '', 'x'), 'utf8')).toBe('hi\n');
      }
      break;
    case 'version':
      // containerd takes the line that begins with it
      expect(made.stdout).toMatch(/^\w+ version \d+\.\d+\.\d+/);
      break;
    case 'features':
      // dockerd reads both streams as one document, and looks for this word
      expect(made.stderr).toBe('');
      expect((JSON.parse(made.stdout) as { mountOptions: string[] }).mountOptions).toContain('rro');
      break;
    case 'state':
      expect(JSON.parse(made.stdout)).toMatchObject({ id, status: 'stopped', pid: 0 });
      break;
    case 'exec':
      await expectExec(call, made, pid);
      break;
    case 'ps':
      expect(JSON.parse(made.stdout)).toEqual([pids.get(id)]);
      break;
    case 'kill':
      // as the first process of its namespace it does not hear what it has no handler for
      if (call.argv.at(-1) === '9') expect(await until(() => state().status === 'stopped')).toBe(true);
      else expect(state().status).toBe('running');
      break;
    case 'pause':
    case 'resume':
      expect(state().status).toBe(call.command === 'pause' ? 'paused' : 'running');
      break;
    case 'delete':
      expect(h.tsrun(['state', id], options)).toMatchObject({ status: 1, stderr: expect.stringContaining('does not exist') as string });
      break;
    default:
      throw new Error(`nothing is known of ${call.name}`);
  }
}

async function expectExec(call: Call, made: Made, pid: number): Promise<void> {
  expect(pid).toBeGreaterThan(0);
  expect(await until(() => !isAlive(pid))).toBe(true);
  const { args } = JSON.parse(readFileSync(join(call.directory, 'process.json'), 'utf8')) as { args: string[] };
  if (made.terminal !== undefined) expect(JSON.parse(await made.terminal)).toMatchObject({ count: 1, terminal: true });
  expect(made.later()).toBe(args[0] === 'id' ? 'uid=1(daemon) gid=1(daemon) groups=1(daemon)\n' : '');
}

describe.skipIf(skipped('the recorded calls', none))('the recorded calls', () => {
  const alone = [
    'buildah',
    'docker-build',
    'docker-hardened',
    'docker-host',
    'docker-limits',
    'docker-plain',
    'docker-privileged',
    'podman-limits',
    'podman-plain',
    'podman-privileged',
  ];

  afterAll(printAdapted);

  const everything = async (uses: readonly string[], owner?: Replay['owner']): Promise<void> => {
    await replay({ uses, options: {}, home: h.scratch, ...(owner === undefined ? {} : { owner }) });
    h.clean();
    await h.expectNothingLeft();
  };

  it.each(alone)('of %s', async (use) => {
    await everything([use]);
  });

  it('of podman-userns', async () => {
    await everything(['podman-userns'], { uid: 100000, gid: 100000 });
  });

  it.skipIf(skipped('docker-tty', noPython))('of docker-tty', async () => {
    await everything(['docker-tty']);
  });

  it.skipIf(skipped('docker-exec-tty', noPython))('of one container of Docker, with another in its namespaces', async () => {
    await everything([
      'docker-detached',
      'docker-exec',
      'docker-exec-tty',
      'docker-top',
      'docker-net-container',
      'docker-pause',
      'docker-update',
      'docker-stop',
    ]);
  });

  it('of one container of Podman', async () => {
    await everything(['podman-detached', 'podman-exec', 'podman-misc']);
  });

  it('of docker, about the runtime', async () => {
    await everything(['docker']);
  });

  it('of podman-rootless, as root of a user namespace with a user and his subordinate ids', async () => {
    const ids = { uid: 1000, gid: 1000 };
    const home = h.path('home');
    mkdirSync(home, { mode: 0o755 });
    chownSync(home, ids.uid, ids.gid);
    const podman = spawn('unshare', ['--user', '--mount', 'sleep', '1000'], { stdio: 'ignore' });
    helpers.push(podman);
    const pid = podman.pid ?? 0;
    await executes(pid, 'sleep');
    writeFileSync(`/proc/${pid}/uid_map`, '0 1000 1\n1 100000 65536\n');
    writeFileSync(`/proc/${pid}/gid_map`, '0 1000 1\n1 100000 65536\n');
    const command = ['nsenter', '-t', String(pid), '-U', '-m', '--', join(dist, 'tsrun')];
    const options: CallOptions = { host: { name: 'tsrun', command }, root: join(home, 'state') };
    await replay({ uses: ['podman-rootless'], options, owner: ids, home });
    await h.expectNothingLeft();
  });
});
