// What a process of a container gets to see of those that the runtime brings in: a program inside looks into every new process by
// every way there is, while processes are executed in its container, or other containers are made in its pid namespace.
// TSRUN_ONLOOKER_ROUNDS says how many, or TSRUN_ONLOOKER_MINUTES for how long each of the two files goes on; then it says what it has done.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { until, whyNoContainers, type CallOptions, type Change, type Harness, type TestHost } from './harness.js';

const minutes = Number(process.env['TSRUN_ONLOOKER_MINUTES'] ?? 0);
const noCompiler = spawnSync('gcc', ['--version']).status === 0 ? undefined : 'needs gcc and a static C library';

export const why = whyNoContainers() ?? noCompiler;

/** What is looked at is the same program under both hosts: most of the rounds are those of the executable. */
const roundsUnder = ({ name }: TestHost): number => Number(process.env['TSRUN_ONLOOKER_ROUNDS'] ?? (name === 'tsrun' ? 40 : 10));

/** Milliseconds that a test of them may take. */
export const timeout = 60_000 + minutes * 120_000 + Number(process.env['TSRUN_ONLOOKER_ROUNDS'] ?? 40) * 2_000;

/** What was seen, and of how many processes that were looked at. */
interface Found {
  readonly seen: readonly string[];
  /** Those that were not yet the user's program. */
  readonly caught: number;
  /** By the number of the looker. */
  readonly by: readonly number[];
  readonly looked: number;
}

export interface Onlooker {
  readonly id: string;
  readonly pid: number;
  readonly found: () => Found;
}

const mayTrace: Change = (config) => {
  const sets = (config.process.capabilities ??= {});
  for (const name of ['bounding', 'effective', 'permitted'] as const) sets[name] = [...(sets[name] ?? []), 'CAP_SYS_PTRACE'];
};

/** It may make cgroups below its own, and move processes there. */
const mayMove: Change = (config) => {
  config.mounts = config.mounts.map((mount) =>
    mount.destination === '/sys/fs/cgroup' ? { ...mount, options: ['nosuid', 'noexec', 'nodev', 'rw'] } : mount,
  );
};

/** A filter as engines have it: it knows nothing of what the runtime itself does, but forbids little. */
export const filtered: Change = (config) => {
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['keyctl', 'clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
  };
};

/** One that lets through nothing that makes a process or a session. */
export const strict: Change = (config) => {
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['clone', 'clone3', 'fork', 'vfork', 'setsid'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
  };
};

export const runs =
  (...args: string[]): Change =>
  (config) => {
    config.process.args = args;
  };

/** The container is in the pid namespace of that process. */
export const sharing =
  (pid: number): Change =>
  (config) => {
    for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'pid') namespace.path = `/proc/${pid}/ns/pid`;
  };

/** What a process of the container may have: the image's programs, init's sealed copy, and the streams of its caller. */
const harmless = [
  /^exe \/bin\/(busybox|onlooker)$/,
  /^exe \/memfd:tsrun-init \(deleted\)$/,
  /^mapped \/bin\/(busybox|onlooker)$/,
  /^mapped \/memfd:tsrun-init \(deleted\)$/,
  // over which it says that the program could not be executed
  /^sockets 1$/,
];

/** The onlookers of one test file. */
export class Onlookers {
  private readonly h: Harness;
  private readonly secret = `secret-${randomBytes(16).toString('hex')}`;

  constructor(h: Harness) {
    this.h = h;
  }

  /** How tsrun is called while they look: with a secret in the environment, and the host's root as its working directory. */
  calledBy(host: TestHost): CallOptions & { readonly host: TestHost } {
    return { host, env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', SECRET: this.secret }, cwd: '/' };
  }

  /** Runs a program as on a kernel where a procfs is always that of the process which opens it. */
  withOldProcfs(host: TestHost): TestHost {
    return { ...host, command: [this.compiled('old-procfs'), ...host.command] };
  }

  private compiled(name: string): string {
    const path = this.h.path(name);
    const source = join(import.meta.dirname, `../fixtures/${name}.c`);
    if (!existsSync(path)) execFileSync('gcc', ['-O1', '-D_GNU_SOURCE', '-Wall', '-Werror', '-static', '-o', path, source]);
    return path;
  }

  /** A container in which everything that is new is looked at. */
  async begin(...changes: Change[]): Promise<Onlooker> {
    const { h } = this;
    const root = h.ownRoot();
    const mark = h.path('mark');
    writeFileSync(mark, this.secret);
    chmodSync(mark, 0o644);
    execFileSync('cp', [this.compiled('onlooker'), join(root, 'bin/onlooker')]);
    const look: Change = (config) => {
      config.root = { path: root };
      config.process.args = ['/bin/onlooker', mark, this.secret, h.scratch, '/tmp/found'];
    };
    const id = h.running([look, mayTrace, mayMove, ...changes], {});
    const file = join(root, 'tmp/found');
    // but for the last, which may be half written
    const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
    expect(await until(() => lines().includes('begun'))).toBe(true);
    return {
      id,
      pid: h.state(id).pid,
      found: () => {
        const all = lines();
        const caught = all.filter((line) => line.startsWith('init '));
        return {
          seen: [...new Set(all.filter((line) => !/^(begun$|init |looked )/.test(line)))].sort(),
          caught: caught.length,
          by: [0, 1, 2, 3].map((kind) => caught.filter((line) => line.endsWith(` ${kind}`)).length),
          looked: all.filter((line) => line === 'looked 100').length * 100,
        };
      },
    };
  }

  /** What it should not have seen; `more` is what it may have seen beside the usual. */
  unexpected(seen: readonly string[], ...more: RegExp[]): string[] {
    // The streams are files of ours.
    const streams = new RegExp(`^(fd|taken) .*${this.h.tag}`);
    return seen.filter((line) => ![...harmless, ...more, streams].some((known) => known.test(line)));
  }

  /** Calls `round` as often as is to be, or for as long: how often. @param part what part of the time of its file the test has */
  async often(host: TestHost, part: number, round: (number: number) => void | Promise<void>): Promise<number> {
    const end = Date.now() + minutes * 60_000 * part;
    const rounds = roundsUnder(host);
    let done = 0;
    for (; minutes > 0 ? Date.now() < end : done < rounds; done++) {
      await round(done);
      // what the calls have left is not needed any more
      if (done % 100 === 99) this.forget();
      // whoever runs the tests wants to hear of us
      await new Promise((resolve) => setImmediate(resolve));
    }
    return done;
  }

  private forget(): void {
    const { status } = spawnSync('find', [this.h.scratch, '-maxdepth', '1', '-name', 'call*', '-delete']);
    expect(status).toBe(0);
  }

  /** After a long time of it. */
  report(what: string, { name }: TestHost, rounds: number, { caught, by, looked }: Found): void {
    if (minutes === 0) return;
    const lookers = by.map((count, kind) => `${kind}: ${count}`).join(', ');
    process.stdout.write(
      `onlookers: ${what}, under ${name} on Linux ${release()}: ${rounds} rounds, ${looked} looks, ${caught} before the program (${lookers})\n`,
    );
  }

  /** As engines call it: whoever calls is the parent of what is left behind, and the call ends with that. */
  byAnEngine(host: TestHost): TestHost {
    return { ...host, command: [this.compiled('shim'), ...host.command] };
  }

  /** A health check: detached, from a file. */
  check(id: string, options: CallOptions & { readonly host: TestHost }): void {
    const [file, pidFile] = [this.h.path('check.json'), this.h.path('check.pid')];
    rmSync(pidFile, { force: true });
    const { capabilities } = this.h.config().process;
    writeFileSync(file, JSON.stringify({ cwd: '/', args: ['true'], env: ['PATH=/bin'], capabilities }));
    const host = this.byAnEngine(options.host);
    this.h.ok(['exec', '--process', file, '--detach', '--pid-file', pidFile, id], { ...options, host });
    expect(readFileSync(pidFile, 'utf8')).toMatch(/^\d+$/);
  }
}
