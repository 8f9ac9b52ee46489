/** The systemd cgroup manager on a host that systemd does not run, and tsrun-systemd by itself; the rest is test/vm/systemd.test.ts. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ServiceManager } from '../../src/cgroups/bus.js';
import { native } from '../../src/native.js';
import type { BusValue } from '../../src/plan/systemd/value.js';
import { commandOf, copyRoot, dist, harness, hosts, isAlive, skipped, until, whyNoContainers, type TestHost } from './harness.js';

const h = harness('systemd');
const missing = whyNoContainers();
const reason = missing ?? (existsSync('/run/systemd/system') ? 'systemd runs here' : undefined);

describe.skipIf(skipped('the systemd cgroup manager without systemd', reason))('--systemd-cgroup without systemd', () => {
  it('is refused in words that say what to do, and leaves nothing', async () => {
    const refused = h.tsrun(['--systemd-cgroup', 'run', '--bundle', h.bundle(), h.id()]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(
      'the systemd cgroup manager needs a host that systemd runs (there is no /run/systemd/system): use --cgroup-manager cgroupfs',
    );
    await h.expectNothingLeft();
  });
});

/** A service manager that is none, at a socket of its own. */
let manager: ChildProcess | undefined;
const socket = h.path('manager');
const address = `unix:path=${socket}`;
const fixtures = join(import.meta.dirname, '../fixtures');
const helper = join(dist, 'libexec/tsrun-systemd');

beforeAll(async () => {
  if (missing !== undefined) return;
  const program = h.path('service_manager');
  const flags = ['-O1', '-D_GNU_SOURCE', '-o', program, join(fixtures, 'service_manager.c'), '-lsystemd'];
  const built = spawnSync('gcc', flags, { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`gcc: ${built.error?.message ?? built.stderr}`);
  manager = spawn(program, [socket], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (manager.stdout !== null) await once(manager.stdout, 'data');
});

afterAll(() => {
  manager?.stdin?.end();
});

/** Processes that are tsrun-systemd and a child of this one. */
function helpersOf(parent: number): number[] {
  const status = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8');
    } catch {
      return '';
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => new RegExp(`^Name:\ttsrun-systemd\n[^]*\nPPid:\t${parent}\n`).test(status(pid))).map(Number);
}

/** The descriptors of a process and what they lead to; those that it closes just now are left out. */
function openOf(pid: number): (readonly [fd: string, to: string])[] {
  return readdirSync(`/proc/${pid}/fd`)
    .sort()
    .flatMap((fd) => {
      try {
        return [[fd, readlinkSync(`/proc/${pid}/fd/${fd}`)] as const];
      } catch {
        return [];
      }
    });
}

function connected<T>(act: (manager: ServiceManager) => T): T {
  const open = ServiceManager.connect([{ address, direct: true }]);
  try {
    return act(open);
  } finally {
    open.close();
  }
}

describe.skipIf(skipped('tsrun-systemd', missing))('tsrun-systemd', () => {
  it('hands every kind of value over and back', () => {
    const least = [0, -(2 ** 15), 0, -(2 ** 31), 0, -(2n ** 63n), 0n, -1.5e300];
    const most = [255, 2 ** 15 - 1, 2 ** 16 - 1, 2 ** 31 - 1, 2 ** 32 - 1, 2n ** 63n - 1n, 2n ** 64n - 1n, 5e-324];
    const deep: BusValue = { type: '(a{sv}aayag)', value: [[['k', { type: 'o', value: '/a/b' }]], [[1], []], ['a(ss)', '']] };
    const values = connected((open) => {
      expect(open.version).toBe('257.0 (none)');
      return [
        open.call('EchoLeast', 'ynqiuxtd', least),
        open.call('EchoMost', 'ynqiuxtd', most),
        open.call('EchoText', 'sbbas', ['\u{1f40b} "\n\t', true, false, ['', 'a']]),
        open.call('EchoDeep', 'vay', [deep, new Uint8Array([0, 255])]),
        open.call('EchoNone', '', []),
      ];
    });
    expect(values).toEqual([
      least,
      most,
      ['\u{1f40b} "\n\t', true, false, ['', 'a']],
      [
        [[['k', '/a/b']], [[1], []], ['a(ss)', '']],
        [0, 255],
      ],
      [],
    ]);
  });

  it('takes what goes into no single message, up to 16 MiB', () => {
    const text = 'x\u00e9'.repeat(1 << 20);
    connected((open) => {
      expect(open.call('Echo', 's', [text])[0] === text).toBe(true);
      const many = Array.from({ length: 50_000 }, (_, index) => [`/dev/${index}`, 'rwm']);
      expect(open.call('Echo', 'a(ss)', [many])).toEqual([many]);
      expect(() => open.call('Echo', 's', ['x'.repeat(16 << 20)])).toThrow(`${helper}: send a request: message too long`);
    });
  });

  it.each([
    ['y', 256],
    ['u', -1],
    ['t', 2n ** 64n],
    ['n', 40_000],
    ['o', 'no path'],
    ['g', '('],
  ])('refuses a value that is not of its type: %s', (type, value) => {
    connected((open) => {
      expect(() => open.call('Echo', type, [value])).toThrow(/D-Bus value of type "?[a-z]"?: (bad message|invalid argument)/);
      // and goes on
      expect(open.call('Echo', 's', ['x'])).toEqual(['x']);
    });
  });

  it('waits for its own job, also when that ends before the reply', () => {
    connected((open) => {
      expect(open.job('StartTransientUnit', '', [])).toBe('done');
      expect(open.job('EarlyEnd', '', [])).toBe('done');
      expect(() => open.job('Refuse', '', [])).toThrow('Unit x.scope not loaded.');
      expect(() => open.call('Leave', '', [])).toThrow('Connection reset by peer');
    });
  });

  it('has nothing of ours but its socket, and ends with that', async () => {
    const { socket: ours, pidfd } = native().startSystemdHelper(helper, join(dist, 'libexec/tsrun.node'));
    const [pid = 0] = await untilSome(() => helpersOf(process.pid));
    expect(await commandOf(pid)).toBe('tsrun-systemd\0');
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
    // the dynamic loader opens libraries, and closes them; behind the last the helper sleeps, until it is asked
    const isLoaded = (): boolean => readFileSync(`/proc/${pid}/maps`, 'utf8').includes('libsystemd');
    await untilSome(() => (isLoaded() && native().processStat(pid)?.state === 'S' ? [pid] : []));
    const open = openOf(pid);
    const [[, to] = ['', '']] = open;
    expect(to).toMatch(/^socket:/);
    expect(open).toEqual([
      ['0', to],
      ['1', to],
      ['2', to],
    ]);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    expect(/^SigIgn:\s*0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))).toBe(true);
    native().close(ours);
    expect(native().reap(pidfd)).toBe(0);
    native().close(pidfd);
  });

  it('is started by tsrun only', () => {
    const { status, stderr } = spawnSync(helper, [], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'tsrun-systemd is started by tsrun\n' });
  });

  it('leaves no process behind, whatever became of the call', () => {
    connected((open) => {
      expect(() => open.call('Refuse', '', [])).toThrow();
    });
    expect(() => ServiceManager.connect([{ address: `unix:path=${h.path('nobody')}`, direct: true }])).toThrow(
      /^cannot talk to systemd: unix:path=.*\/nobody: .*no such file or directory$/,
    );
    expect(() => ServiceManager.connect([{ address: 'nonsense', direct: true }])).toThrow(
      'nonsense: connect to nonsense: connection refused',
    );
    expect(helpersOf(process.pid)).toEqual([]);
  });

  /** A caller that waits for an answer that does not come, and the helper that it has. */
  async function hanging(): Promise<{ caller: ChildProcess; pid: number; said: () => string }> {
    const caller = spawn(process.execPath, [join(fixtures, 'ask-systemd.mjs'), address, 'Hang'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    caller.stdout.on('data', (data: Buffer) => (said += data.toString()));
    // a second socket: the bus
    const connectedTo = (pid: number): boolean =>
      new Set(
        openOf(pid)
          .map(([, to]) => to)
          .filter((to) => to.startsWith('socket:')),
      ).size > 1;
    const [pid = 0] = await untilSome(() => helpersOf(caller.pid ?? 0).filter(connectedTo));
    return { caller, pid, said: () => said };
  }

  it('that dies in the middle is an error', async () => {
    const { caller, pid, said } = await hanging();
    process.kill(pid, 'SIGKILL');
    await once(caller, 'close');
    expect(JSON.parse(said())).toEqual({ error: `${helper} ended with status 137` });
  });

  it('dies with its parent in the middle of a call', async () => {
    const { caller, pid } = await hanging();
    caller.kill('SIGKILL');
    await once(caller, 'close');
    expect(await until(() => !isAlive(pid))).toBe(true);
  });
});

async function untilSome<T>(list: () => readonly T[]): Promise<readonly T[]> {
  let found: readonly T[] = [];
  await until(() => (found = list()).length > 0);
  expect(found.length).toBeGreaterThan(0);
  return found;
}

describe.skipIf(skipped('--systemd-cgroup with other programs', missing)).each(hosts)('--systemd-cgroup under $name', (host) => {
  /** libexec/ with something else in the place of tsrun-systemd. */
  function libexec(change: (path: string) => void): string {
    const directory = h.path(h.id('libexec').slice(h.tag.length + 1));
    copyRoot(join(dist, 'libexec'), directory);
    const path = join(directory, 'tsrun-systemd');
    // a file of its own, which can be written to
    rmSync(path);
    copyFileSync(helper, path);
    change(path);
    return directory;
  }

  /** tsrun in a mount namespace in which systemd seems to run, and `parts` is its libexec/. */
  function booted(parts?: string): TestHost {
    const script = [
      'mount -t tmpfs none /run && mkdir -p /run/systemd/system && ln -s "$1" /run/systemd/private',
      '{ [ -z "$2" ] || mount --bind "$2" "$3"; }',
      'shift 3',
      'exec "$@"',
    ].join(' && ');
    const inside = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', socket, parts ?? '', join(dist, 'libexec')];
    return { name: host.name, command: [...inside, ...host.command] };
  }

  const create = (parts?: string): { status: number; stderr: string } =>
    h.tsrun(['--systemd-cgroup', 'create', '--bundle', h.bundle(), h.id()], { host: booted(parts) });

  it('talks to the service manager, and is not content with a unit that is none', async () => {
    const { status, stderr } = create();
    expect(status).toBe(1);
    expect(stderr).toMatch(/unit tsrun-\S+\.scope in system\.slice: systemd left the container's process in cgroup \//);
    await h.expectNothingLeft();
  });

  /** Another text of the same length in the program. */
  const patched =
    (from: string, to: string) =>
    (path: string): void => {
      const bytes = readFileSync(path);
      const at = bytes.indexOf(from);
      expect(at).toBeGreaterThan(0);
      bytes.write(to, at);
      writeFileSync(path, bytes);
    };
  const replaced =
    (text: string) =>
    (path: string): void => {
      writeFileSync(path, text);
    };

  const unread = (path: string): void => {
    const text =
      '#include <poll.h>\n#include <unistd.h>\nint main(void) { struct pollfd p = {0, POLLIN, 0}; poll(&p, 1, -1); return write(2, "last words\\n", 11) == 11 ? 3 : 1; }\n';
    expect(spawnSync('gcc', ['-x', 'c', '-o', path, '-'], { input: text, encoding: 'utf8' }).stderr).toBe('');
  };

  const needs = /the systemd cgroup manager needs tsrun's own program \/\S+\/libexec\/tsrun-systemd: /.source;
  it.each<[string, (path: string) => void, string]>([
    ['is missing', (path) => rmSync(path), `${needs}open /\\S+: no such file or directory`],
    ['cannot be executed', (path) => chmodSync(path, 0o644), `${needs}exec /\\S+: permission denied`],
    ['is no program', replaced('nonsense'), `${needs}exec /\\S+: exec format error`],
    ['may be written by others', (path) => chmodSync(path, 0o775), `${needs}others may write to /\\S+: permission denied`],
    ["is another user's", (path) => chownSync(path, 12345, 0), `${needs}owned by another user: /\\S+: permission denied`],
    [
      "lies in another user's directory, as his",
      (path) => {
        chownSync(path, 12345, 0);
        chownSync(dirname(path), 12345, 0);
      },
      `${needs}owned by another user: the directory of /\\S+: permission denied`,
    ],
    [
      'is a symlink',
      (path) => {
        rmSync(path);
        symlinkSync(helper, path);
      },
      `${needs}not a regular file: /\\S+: permission denied`,
    ],
    [
      'finds no library',
      patched('libsystemd.so.0', 'libsystemx.so.0'),
      "systemd's library is needed to talk to systemd: tsrun-systemd: error while loading shared libraries: libsystemx.so.0: .*[Nn]o such file",
    ],
    [
      'finds no dynamic loader',
      patched('/ld-linux', '/ld-linuy'),
      `${needs}exec /\\S+: no such file or directory \\(of its dynamic loader\\)`,
    ],
    ['ends without reading what it was asked', unread, '/\\S+/libexec/tsrun-systemd ended with status 3: last words'],
    ['ends at once', (path) => copyFileSync('/bin/false', path), '/\\S+/libexec/tsrun-systemd ended with status 1'],
    // what it prints goes to its socket, which is a terminal of nobody's
    [
      'answers with nonsense',
      (path) => copyFileSync('/bin/cat', path),
      '/\\S+/libexec/tsrun-systemd: malformed answer: its kind \\\\"connect',
    ],
  ])('says so when tsrun-systemd %s, and leaves nothing', async (_, change, words) => {
    const { status, stderr } = create(libexec(change));
    expect(stderr).toMatch(new RegExp(words));
    expect(status).toBe(1);
    await h.expectNothingLeft();
  });

  it('says so where nobody listens', async () => {
    const { stderr, status } = h.tsrun(['--systemd-cgroup', 'create', '--bundle', h.bundle(), h.id()], {
      host: { name: host.name, command: booted().command.map((word) => (word === socket ? h.path('nobody') : word)) },
    });
    expect(stderr).toContain('cannot talk to systemd: no bus found');
    expect(status).toBe(1);
    await h.expectNothingLeft();
  });
});
