// A profile's way: plan, libseccomp, cache, tsrun-init, kernel. Without a container around it.
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SeccompRequest } from '../../src/native.js';
import { encodeSteps } from '../../src/plan/encode.js';
import { planSeccomp } from '../../src/plan/seccomp.js';
import type { SeccompPlan } from '../../src/plan/plan.js';
import type { Step } from '../../src/plan/steps.js';
import type { Seccomp, Spec } from '../../src/spec/types.js';
import { addon, dist } from '../fixtures/addon.js';
import { runFilter } from '../fixtures/cbpf.js';
import type { SystemCall } from '../fixtures/cbpf.js';
import { host } from '../unit/plan/host.js';
import { isAlive, skipped, until } from './harness.js';

const X86_64 = 0xc000003e;
const I386 = 0x40000003;
const AARCH64 = 0xc00000b7;
const X32 = 0x40000000;

const ALLOW = 0x7fff0000;
const KILL = 0;
const EPERM = 0x50001;
const ENOSYS = 0x50026;
const NOTIFY = 0x7fc00000;

const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const onX86 = architecture === 'x86_64';
/** Numbers that tests need of the machine they run on. */
const NR = onX86
  ? { getppid: 110, personality: 135, ptrace: 101, mkdirat: 258, keyctl: 250, getpid: 39, clone3: 435 }
  : { getppid: 173, personality: 92, ptrace: 117, mkdirat: 34, keyctl: 219, getpid: 172, clone3: 435 };
const NATIVE = onX86 ? X86_64 : AARCH64;
/** No kernel has it, for years to come. */
const FUTURE = 1000;

let scratch = '';
let program = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tsrun-seccomp-'));
  // where there is no compiler, as in the virtual machine, it has been brought along
  program = join(import.meta.dirname, '../fixtures/system-calls');
  if (existsSync(program)) return;
  program = join(scratch, 'system-calls');
  execFileSync('gcc', ['-O1', '-D_GNU_SOURCE', '-static', '-o', program, join(import.meta.dirname, '../fixtures/system-calls.c')]);
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function plan(seccomp: Partial<Seccomp>): SeccompPlan {
  return planSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', ...seccomp }, { ...host, architecture });
}

function compile(seccomp: Partial<Seccomp>): Uint8Array {
  return addon.compileSeccomp(plan(seccomp).request);
}

/** The profile that an engine sent. */
function captured(name: string): Seccomp {
  const config = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/captures', name, 'config.json'), 'utf8')) as Spec;
  if (config.linux?.seccomp === undefined) throw new Error(`${name} has no profile`);
  return config.linux.seccomp;
}

function answer(filter: Uint8Array, number: number, args: readonly bigint[] = [], audit = NATIVE): number {
  const call: SystemCall = { number, architecture: audit, args };
  return runFilter(filter, call);
}

function failure(action: () => unknown): { code?: string; message?: string } {
  try {
    action();
  } catch (error) {
    return error as { code?: string; message?: string };
  }
  return {};
}

describe('a compiled profile', () => {
  it.skipIf(skipped('the architectures of x86-64', onX86 ? undefined : 'needs x86-64'))(
    'of Docker answers as its text says, on every architecture it names',
    () => {
      const filter = compile(captured('docker-plain/1-create'));
      // read, openat, execve; keyctl, mount, unshare, kexec_load: not in the list
      for (const number of [0, 257, 59]) expect(answer(filter, number)).toBe(ALLOW);
      for (const number of [250, 165, 272, 246]) expect(answer(filter, number)).toBe(EPERM);
      // socket: any domain but vsock
      expect(answer(filter, 41, [2n])).toBe(ALLOW);
      expect(answer(filter, 41, [40n])).toBe(EPERM);
      // personality: five values
      for (const value of [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn]) expect(answer(filter, 135, [value])).toBe(ALLOW);
      for (const value of [1n, 0x40000n, 0x1ffffffffn]) expect(answer(filter, 135, [value])).toBe(EPERM);
      // clone: no new namespaces; clone3 hides its flags in memory
      expect(answer(filter, 56, [0x1200011n])).toBe(ALLOW);
      expect(answer(filter, 56, [0x10000000n])).toBe(EPERM);
      expect(answer(filter, 435)).toBe(ENOSYS);
      // i386 and x32: read, keyctl
      expect(answer(filter, 3, [], I386)).toBe(ALLOW);
      expect(answer(filter, 288, [], I386)).toBe(EPERM);
      expect(answer(filter, X32)).toBe(ALLOW);
      expect(answer(filter, X32 + 250)).toBe(EPERM);
      // an architecture that it does not name
      expect(answer(filter, 63, [], AARCH64)).toBe(KILL);
    },
  );

  it.skipIf(skipped('the architectures of x86-64', onX86 ? undefined : 'needs x86-64'))(
    'answers ENOSYS to calls newer than itself, on every architecture it names',
    () => {
      const filter = compile(captured('docker-plain/1-create'));
      for (const [number, audit] of [
        [FUTURE, X86_64],
        [X32 + FUTURE, X86_64],
        [FUTURE, I386],
        [0x3fffffff, X86_64],
      ] as const) {
        expect(answer(filter, number, [], audit)).toBe(ENOSYS);
      }
      expect(answer(filter, FUTURE, [], AARCH64)).toBe(KILL);
    },
  );

  it('knows no newer calls without unknownIsEnosys', () => {
    expect(answer(compile({ defaultErrnoRet: 38, syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] }), FUTURE)).toBe(ENOSYS);
    expect(answer(compile({ defaultAction: 'SCMP_ACT_LOG' }), FUTURE)).toBe(0x7ffc0000);
    expect(answer(compile({}), FUTURE)).toBe(EPERM);
  });

  it('is for the native architecture when it names none', () => {
    const filter = compile({ syscalls: [{ names: ['getpid', 'openat2'], action: 'SCMP_ACT_ALLOW' }] });
    expect(answer(filter, NR.getpid)).toBe(ALLOW);
    expect(answer(filter, NR.keyctl)).toBe(EPERM);
    expect(answer(filter, FUTURE)).toBe(ENOSYS);
    expect(answer(filter, NR.getpid, [], onX86 ? I386 : X86_64)).toBe(KILL);
    if (onX86) expect(answer(filter, X32 + FUTURE)).toBe(KILL);
  });

  it('leaves unknown names out', () => {
    const filter = compile({ syscalls: [{ names: ['no_such_call', 'getpid'], action: 'SCMP_ACT_ALLOW' }] });
    expect(answer(filter, NR.getpid)).toBe(ALLOW);
  });

  it('takes conditions on one argument as alternatives, on several together', () => {
    const filter = compile({
      syscalls: [
        {
          names: ['personality'],
          action: 'SCMP_ACT_ALLOW',
          args: [
            { index: 0, op: 'SCMP_CMP_EQ', value: 5 },
            { index: 0, op: 'SCMP_CMP_EQ', value: 7 },
          ],
        },
        {
          names: ['keyctl'],
          action: 'SCMP_ACT_ALLOW',
          args: [
            { index: 0, op: 'SCMP_CMP_GE', value: 2n ** 63n },
            { index: 1, op: 'SCMP_CMP_MASKED_EQ', value: 0xf0, valueTwo: 0x10 },
          ],
        },
      ],
    });
    expect([5n, 6n, 7n].map((value) => answer(filter, NR.personality, [value]))).toEqual([ALLOW, EPERM, ALLOW]);
    expect(answer(filter, NR.keyctl, [2n ** 63n, 0x1fn])).toBe(ALLOW);
    expect(answer(filter, NR.keyctl, [2n ** 63n - 1n, 0x1fn])).toBe(EPERM);
    expect(answer(filter, NR.keyctl, [2n ** 64n - 1n, 0x2fn])).toBe(EPERM);
  });

  it('may repeat its default action, and have no rules at all', () => {
    const filter = compile({ syscalls: [{ names: ['getpid'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }] });
    expect(answer(filter, NR.getpid)).toBe(EPERM);
    expect(answer(compile({ defaultAction: 'SCMP_ACT_ALLOW' }), NR.getpid)).toBe(ALLOW);
  });

  it('returns the data of its actions', () => {
    const filter = compile({
      syscalls: [
        { names: ['getpid'], action: 'SCMP_ACT_TRACE', errnoRet: 77 },
        { names: ['getppid'], action: 'SCMP_ACT_NOTIFY' },
        { names: ['keyctl'], action: 'SCMP_ACT_KILL_PROCESS' },
      ],
      listenerPath: '/l',
    });
    expect(answer(filter, NR.getpid)).toBe(0x7ff0004d);
    expect(answer(filter, NR.getppid)).toBe(NOTIFY);
    expect(answer(filter, NR.keyctl)).toBe(0x80000000);
  });

  it('names the rule that is wrong', () => {
    const request: SeccompRequest = {
      defaultAction: EPERM,
      architectures: [],
      rules: [
        { action: ALLOW, names: ['read'], args: [] },
        { action: ALLOW, names: ['write'], args: [{ index: 1, op: 99, value: '0', valueTwo: '0' }] },
      ],
      unknownIsEnosys: false,
    };
    expect(failure(() => addon.compileSeccomp(request))).toMatchObject({
      code: 'EINVAL',
      message: 'compile seccomp rule 1 (write): invalid argument',
    });
    expect(failure(() => addon.compileSeccomp({ ...request, architectures: [0x12345678] })).message).toMatch(
      /^add seccomp architecture 0x12345678: /,
    );
  });
});

describe('the cache', () => {
  const filter = Uint8Array.from({ length: 64 }, (_, index) => index);
  let number = 0;
  const fresh = () => join(scratch, `cache-${number++}`);

  function content(fd: number): Uint8Array {
    try {
      return Uint8Array.from(readFileSync(fd));
    } finally {
      closeSync(fd);
    }
  }
  function only(directory: string): string {
    const [file, ...more] = readdirSync(directory);
    if (file === undefined || more.length > 0) throw new Error('not one file');
    return join(directory, file);
  }

  it('gives back what it was given, for the same key only', () => {
    const cache = fresh();
    expect(addon.openSeccompCache(cache, 'key')).toBe(-1);
    expect(content(addon.writeSeccompCache(cache, 'key', filter))).toEqual(filter);
    expect(content(addon.openSeccompCache(cache, 'key'))).toEqual(filter);
    expect(addon.openSeccompCache(cache, 'kez')).toBe(-1);
    expect(addon.openSeccompCache(cache, 'key ')).toBe(-1);
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    expect(statSync(only(cache)).mode & 0o777).toBe(0o600);
    // a second writer replaces it, and leaves nothing beside it
    expect(content(addon.writeSeccompCache(cache, 'key', filter.slice(8)))).toEqual(filter.slice(8));
    expect(content(addon.openSeccompCache(cache, 'key'))).toEqual(filter.slice(8));
    expect(only(cache)).toMatch(/[0-9a-f]{16}\.bpf$/);
  });

  it('does not believe a file for another key under the same name', () => {
    const cache = fresh();
    closeSync(addon.writeSeccompCache(cache, 'key', filter));
    const path = only(cache);
    const bytes = readFileSync(path);
    const at = bytes.indexOf('key');
    bytes.write('kez', at);
    writeFileSync(path, bytes);
    expect(addon.openSeccompCache(cache, 'key')).toBe(-1);
  });

  it.each<[string, (path: string) => void]>([
    ['cut short', (path) => truncateSync(path, statSync(path).size - 8)],
    ['empty', (path) => truncateSync(path, 0)],
    ['longer', (path) => writeFileSync(path, '12345678', { flag: 'a' })],
    ['never written out', (path) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
    [
      'changed in its filter',
      (path) => {
        const bytes = readFileSync(path);
        bytes.writeUInt8(0xff, bytes.length - 1);
        writeFileSync(path, bytes);
      },
    ],
    ['writable for others', (path) => chmodSync(path, 0o622)],
    [
      'a symlink',
      (path) => {
        writeFileSync(`${path}.real`, readFileSync(path), { mode: 0o600 });
        rmSync(path);
        symlinkSync(`${path}.real`, path);
      },
    ],
  ])('does not believe a file that is %s', (_, spoil) => {
    const cache = fresh();
    closeSync(addon.writeSeccompCache(cache, 'key', filter));
    spoil(only(cache));
    expect(addon.openSeccompCache(cache, 'key')).toBe(-1);
    // and replaces it
    expect(content(addon.writeSeccompCache(cache, 'key', filter))).toEqual(filter);
    expect(content(addon.openSeccompCache(cache, 'key'))).toEqual(filter);
  });

  it('holds 64 filters at most, of 16 MiB together: new ones take the place of the oldest', () => {
    const cache = fresh();
    mkdirSync(cache, { mode: 0o700 });
    // of a writer that was killed
    writeFileSync(join(cache, '0123456789abcdef.bpf.1.tmp'), 'half');
    utimesSync(join(cache, '0123456789abcdef.bpf.1.tmp'), 1, 1);
    const held = addon.writeSeccompCache(cache, 'key 0', filter);
    for (let key = 1; key < 200; key++) closeSync(addon.writeSeccompCache(cache, `key ${key}`, filter));
    expect(readdirSync(cache)).toHaveLength(64);
    expect(readdirSync(cache).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(content(addon.openSeccompCache(cache, 'key 199'))).toEqual(filter);
    expect(addon.openSeccompCache(cache, 'key 0')).toBe(-1);
    expect(content(held)).toEqual(filter);
    const large = 'x'.repeat(900_000);
    for (let key = 0; key < 40; key++) closeSync(addon.writeSeccompCache(cache, `${key} ${large}`, filter));
    const bytes = readdirSync(cache).reduce((sum, name) => sum + statSync(join(cache, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(16 << 20);
    expect(content(addon.writeSeccompCache(cache, 'x'.repeat(2 << 20), filter))).toEqual(filter);
    expect(readdirSync(cache).every((name) => statSync(join(cache, name)).size < 1 << 20)).toBe(true);
  });

  it('gives every one of many callers its own filter while others take files away', async () => {
    const cache = fresh();
    const script = `
      const { addon, cache, from } = JSON.parse(process.argv[1]);
      const native = require(addon), { readFileSync, closeSync } = require('node:fs');
      for (let round = 0; round < 400; round++) {
        const key = 'key ' + ((from + round) % 100);
        const filter = Uint8Array.from({ length: 64 }, (_, at) => (((from + round) % 100) + at) & 255);
        let fd = native.openSeccompCache(cache, key);
        if (fd < 0) fd = native.writeSeccompCache(cache, key, filter);
        if (Buffer.compare(readFileSync(fd), Buffer.from(filter)) !== 0) throw new Error('not the filter of ' + key);
        closeSync(fd);
      }`;
    const calls = [0, 25, 50, 75].map((from) => {
      const request = { addon: join(dist, 'libexec/tsrun.node'), cache, from };
      return promisify(execFile)(process.execPath, ['-e', script, JSON.stringify(request)]);
    });
    const ended = await Promise.all(calls);
    expect(ended.map(({ stderr }) => stderr)).toEqual(['', '', '', '']);
    expect(readdirSync(cache).length).toBeLessThanOrEqual(64);
  });

  it('is not needed', () => {
    for (const directory of ['/proc/no/such', '/dev/full', '/proc/self']) {
      expect(content(addon.writeSeccompCache(directory, 'key', filter))).toEqual(filter);
    }
  });
});

/** Runs steps and then the test program with `calls`; what init said failed, or what the program printed. */
async function run(
  seccomp: SeccompPlan,
  steps: readonly Step[],
  calls: readonly string[],
  more: Record<string, number> = {},
): Promise<string[]> {
  const filter = addon.writeSeccompCache(join(scratch, 'none', 'no'), seccomp.key, addon.compileSeccomp(seccomp.request));
  const output = join(scratch, 'output');
  const out = openSync(output, 'w');
  const names = ['start', 'seccomp', ...Object.keys(more)];
  try {
    const { pidfd, sync } = addon.spawnInit({
      init: join(dist, 'libexec/tsrun-init'),
      self: join(dist, 'libexec/tsrun.node'),
      plan: encodeSteps(
        [
          ...(steps.some(({ op }) => op === 'filter') ? [] : [{ op: 'filter', slot: 'seccomp' } as const]),
          ...steps.slice(0, -1),
          { op: 'program', args: [program, ...calls], env: [], preserved: 0, home: false },
          { op: 'seal', start: '', listener: 'listener' in more ? 'listener' : '' },
          ...steps.slice(-1),
          { op: 'exec' },
        ],
        names,
      ),
      slots: [filter, filter, ...Object.values(more)],
      flags: 0,
      cgroup: -1,
      preserved: 0,
      inherited: [],
      stdio: [-1, out, -1],
      trace: false,
    });
    const said: string[] = [];
    for (;;) {
      const message = addon.receive(sync, 10_000);
      if (message.type === 'end') break;
      if (message.type === 'ask') {
        addon.reply(sync, `{"asked":"${message.what}"}`);
      }
      if (message.type === 'failed') said.push(`${message.op}: ${message.doing}`);
    }
    // whoever answers the notifications lives in this process, and has to get the time to
    const pid = Number(/^Pid:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${pidfd}`, 'utf8'))?.[1]);
    expect(await until(() => !isAlive(pid))).toBe(true);
    const status = addon.reap(pidfd);
    closeSync(pidfd);
    closeSync(sync);
    return said.length > 0 ? said : [...readFileSync(output, 'utf8').trim().split('\n'), ...(status === 0 ? [] : [`status ${status}`])];
  } finally {
    closeSync(out);
    closeSync(filter);
  }
}

const isRoot = process.getuid?.() === 0;

describe('the kernel', () => {
  const noNewPrivileges: Step = { op: 'noNewPrivileges' };
  const load = (flags: number, listener = ''): Step => ({
    op: 'seccomp',
    flags,
    listener,
    handOver: false,
    direct: false,
    mayBlockReport: false,
  });

  it('answers by the profile of Docker', async () => {
    const seccomp = plan({ ...captured('docker-plain/1-create'), ...(onX86 ? {} : { architectures: [] }) });
    const calls = [
      [`${NR.getppid}`, 'ok'],
      [`${NR.keyctl}`, 'EPERM'],
      [`${NR.personality},0xffffffff`, 'ok'],
      [`${NR.personality},0x40000`, 'EPERM'],
      [`${NR.clone3}`, 'ENOSYS'],
      [`${FUTURE}`, 'ENOSYS'],
    ] as const;
    expect(
      await run(
        seccomp,
        [noNewPrivileges, load(seccomp.flags)],
        calls.map(([call]) => call),
      ),
    ).toEqual(calls.map(([, result]) => result));
  });

  it('ends a process by the profile', async () => {
    const seccomp = plan({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['getppid'], action: 'SCMP_ACT_KILL_PROCESS' }] });
    // SIGSYS
    expect(await run(seccomp, [noNewPrivileges, load(seccomp.flags)], [`${NR.getpid}`, `${NR.getppid}`])).toEqual(['ok', 'status 159']);
  });

  it.skipIf(skipped('a filter without no_new_privs', isRoot ? undefined : 'needs root'))(
    'takes a filter without no_new_privs as long as there is CAP_SYS_ADMIN',
    async () => {
      const seccomp = plan({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['keyctl'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 }] });
      const user: Step = { op: 'user', uid: 12345, gid: 12345, groups: [], setgroups: true, umask: 0o022 };
      const capabilities = (mask: number): Step => ({
        op: 'capabilities',
        effective: `${mask}`,
        permitted: `${mask}`,
        inheritable: '0',
        ambient: '0',
      });
      chmodSync(scratch, 0o755);
      expect(await run(seccomp, [user, capabilities(2 ** 21), load(seccomp.flags)], [`${NR.keyctl}`])).toEqual(['EIO']);
      expect(await run(seccomp, [user, capabilities(0), load(seccomp.flags)], [`${NR.keyctl}`])).toEqual([
        'seccomp: load the seccomp filter',
      ]);
    },
  );

  it('refuses what is no filter', async () => {
    const seccomp = plan({ defaultAction: 'SCMP_ACT_ALLOW' });
    const empty = openSync('/dev/null', 'r');
    const endless = openSync('/dev/zero', 'r');
    const odd = join(scratch, 'odd');
    writeFileSync(odd, '1234567');
    const short = openSync(odd, 'r');
    try {
      for (const slot of ['empty', 'endless', 'short']) {
        expect(await run(seccomp, [{ op: 'filter', slot }, noNewPrivileges, load(0)], [], { empty, endless, short })).toEqual([
          'filter: read the seccomp filter',
        ]);
      }
      expect(await run(seccomp, [noNewPrivileges, load(8)], [])).toEqual(['seccomp: load the seccomp filter: nobody takes its listener']);
    } finally {
      for (const fd of [empty, endless, short]) closeSync(fd);
    }
  });

  it('sends the listener with the runtime’s message, even when sending is what it is to be asked about', async () => {
    const path = join(scratch, 'listener');
    const received: string[] = [];
    const server = createServer((socket) => socket.on('data', (data) => received.push(data.toString())));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      const seccomp = plan({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['sendmsg', 'close', 'futex', 'nanosleep', 'keyctl'], action: 'SCMP_ACT_NOTIFY' }],
        listenerPath: path,
      });
      const listener = addon.connect(path);
      try {
        const steps: Step[] = [noNewPrivileges, { op: 'ask', what: 'seccomp' }, load(seccomp.flags, 'listener')];
        // Nobody keeps the descriptor, so the kernel answers for the listener: man 2 seccomp_unotify, "ENOSYS".
        expect(await run(seccomp, steps, [`${NR.keyctl}`, `${NR.getpid}`], { listener })).toEqual(['ENOSYS', 'ok']);
      } finally {
        closeSync(listener);
      }
      await until(() => received.join('').endsWith('}'));
      expect(received.join('')).toBe('{"asked":"seccomp"}');
    } finally {
      server.close();
    }
  });
});
