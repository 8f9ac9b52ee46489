// What a process of a container gets to see of those that the runtime brings in: a program inside looks into every new process by
// every way there is, while processes are executed in its container and other containers are made in its pid namespace.
// TSRUN_ONLOOKER_ROUNDS says how many (by hand: 2000).
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { harness, hosts, skipped, until, whyNoContainers, type Change, type Config } from './harness.js';

const h = harness('onlookers');
const rounds = Number(process.env['TSRUN_ONLOOKER_ROUNDS'] ?? 40);
const noCompiler = spawnSync('gcc', ['--version']).status === 0 ? undefined : 'needs gcc and a static C library';

let program = '';
/** Runs a program as on a kernel where a procfs is always that of the process which opens it. */
let oldProcfs = '';
const secret = `secret-${randomBytes(16).toString('hex')}`;
const callers = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', SECRET: secret };

const mayTrace: Change = (config) => {
  const sets = (config.process.capabilities ??= {});
  for (const name of ['bounding', 'effective', 'permitted'] as const) sets[name] = [...(sets[name] ?? []), 'CAP_SYS_PTRACE'];
};

/** A filter as engines have it: it knows nothing of what the runtime itself does, but forbids little. */
const filtered: Change = (config) => {
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['keyctl', 'clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
  };
};

/** One that lets through nothing that makes a process or a session. */
const strict: Change = (config) => {
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['clone', 'clone3', 'fork', 'vfork', 'setsid'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
  };
};

interface Onlooker {
  readonly id: string;
  readonly pid: number;
  /** What it has written so far: what was seen, and how often it caught a process that was not yet the user's program. */
  readonly found: () => { readonly seen: string[]; readonly caught: number };
}

/** A container in which everything that is new is looked at. */
async function onlooker(...changes: Change[]): Promise<Onlooker> {
  const root = h.ownRoot();
  const mark = h.path('mark');
  writeFileSync(mark, secret);
  chmodSync(mark, 0o644);
  execFileSync('cp', [program, join(root, 'bin/onlooker')]);
  const look: Change = (config) => {
    config.root = { path: root };
    config.process.args = ['/bin/onlooker', mark, secret, '/tmp/found'];
  };
  const id = h.running([look, mayTrace, ...changes], {});
  const file = join(root, 'tmp/found');
  const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
  expect(await until(() => lines().includes('begun'))).toBe(true);
  return {
    id,
    pid: h.state(id).pid,
    found: () => ({
      seen: [...new Set(lines().filter((line) => line !== 'begun' && !line.startsWith('init ')))].sort(),
      caught: lines().filter((line) => line.startsWith('init ')).length,
    }),
  };
}

/** What a process of the container may have: the image's programs, init's sealed copy, and the streams of its caller. */
const harmless = [
  /^exe \/bin\/(busybox|onlooker)$/,
  /^exe \/memfd:tsrun-init \(deleted\)$/,
  /^mapped \/bin\/(busybox|onlooker)$/,
  /^mapped \/memfd:tsrun-init \(deleted\)$/,
  // over which it says that the program could not be executed
  /^sockets 1$/,
];

function unexpected(seen: readonly string[], ...more: RegExp[]): string[] {
  // The streams are files of ours.
  const streams = new RegExp(`^(fd|taken) .*${h.tag}`);
  return seen.filter((line) => ![...harmless, ...more, streams].some((known) => known.test(line)));
}

function compiled(name: string): string {
  const path = h.path(name);
  const source = join(import.meta.dirname, `../fixtures/${name}.c`);
  if (!existsSync(path)) execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-static', '-o', path, source]);
  return path;
}

/** A program of the host's, with its root. */
const hooked: Change = (config) => {
  config.hooks = { createContainer: [{ path: '/bin/sh', args: ['sh', '-c', ':'] }] };
};

const runs =
  (...args: string[]): Change =>
  (config) => {
    config.process.args = args;
  };

/** The container is in the pid namespace of that process. */
const sharing =
  (pid: number): Change =>
  (config) => {
    for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'pid') namespace.path = `/proc/${pid}/ns/pid`;
  };

const why = whyNoContainers() ?? noCompiler;
describe.skipIf(skipped('onlookers', why)).each(hosts)('under $name, an onlooker in the container', (host) => {
  const on = { host, env: callers, cwd: '/' };

  beforeAll(() => {
    program = compiled('onlooker');
    oldProcfs = compiled('old-procfs');
  });

  const kinds: readonly [string, readonly Change[]][] = [
    ['without a filter', []],
    ['with a filter', [filtered]],
    ['with a filter and no_new_privs', [filtered, (config: Config) => (config.process.noNewPrivileges = true)]],
    ['with a filter that allows no new process', [strict]],
  ];

  it.each(kinds)(
    'sees nothing of the host in what exec brings in, %s (CVE-2019-5736 by exec)',
    { timeout: 60_000 + rounds * 2_000 },
    async (_, changes) => {
      const { id, found } = await onlooker(...changes);
      for (let round = 0; round < rounds; round++) h.ok(['exec', id, 'true'], on);
      const { seen, caught } = found();
      expect(unexpected(seen)).toEqual([]);
      // It has looked into processes that were not yet the user's program.
      expect(caught).toBeGreaterThan(rounds / 10);
    },
  );

  it.each([
    ['', []],
    [', and a procfs opened by a helper', ['old']],
  ])('sees the processes of a container that is made in its pid and user namespaces, and no others%s', (_, old) => {
    const mapped: Change = (config) => {
      config.linux.namespaces?.push({ type: 'user' });
      config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
      config.root = { path: h.ownRoot({ uid: 100000, gid: 100000 }) };
    };
    const id = h.running([mapped, runs('sleep', '1000')]);
    const { pid } = h.state(id);
    const user: Change = (config) => {
      config.linux.namespaces?.push({ type: 'user', path: `/proc/${pid}/ns/user` });
    };
    const from = old.length === 0 ? on : { ...on, host: { ...host, command: [oldProcfs, ...host.command] } };
    const result = h.run([sharing(pid), user, runs('cat', '/proc/1/comm', '/proc/self/stat')], from);
    expect(result).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^sleep\n\d+ \(cat\) /) as string });
    expect(h.ok(['exec', id, 'cat', '/proc/1/comm'], on)).toBe('sleep\n');
  });

  it.each([
    ['of its own', []],
    ['opened by a helper, as on an older kernel', ['old']],
  ])(
    'sees nothing of the host in a container that is made in its pid namespace, with a procfs %s (CVE-2019-5736 by exec)',
    { timeout: 60_000 + rounds * 2_000 },
    async (_, old) => {
      const { pid, found } = await onlooker();
      const from = old.length === 0 ? on : { ...on, host: { ...host, command: [oldProcfs, ...host.command] } };
      for (let round = 0; round < rounds; round++) {
        const changes = round % 2 === 0 ? [] : [filtered, hooked];
        // It sees the onlooker as the first process, and no process of the host's.
        const result = h.run([sharing(pid), ...changes, runs('cat', '/proc/1/comm', '/proc/self/stat')], from);
        expect(result).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^onlooker\n\d+ \(cat\) /) as string });
      }
      const { seen, caught } = found();
      // Another container has namespaces and files of its own, and a socket at which it would wait for "start". The helper has all
      // capabilities in a user namespace that nothing belongs to.
      const files = /^(fd|taken) \/proc\/\d+\/(comm|stat)$/;
      const helpers =
        old.length === 0 ? [] : [/^capabilities Cap(Prm|Eff|Bnd): /, /^namespace user$/, /^(fd|taken) anon_inode:\[fscontext\]$/];
      expect(unexpected(seen, /^namespace (cgroup|ipc|mnt|net|uts)$/, /^sockets 2$/, files, ...helpers)).toEqual([]);
      expect(caught).toBeGreaterThan(rounds / 10);
    },
  );
});
