// SCMP_ACT_NOTIFY in containers: somebody outside answers for their system calls.
import { spawn, type ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('notify');
const noPython = spawnSync('python3', ['--version']).status === 0 ? undefined : 'needs python3';

const agents: ChildProcess[] = [];
afterEach(() => {
  for (const agent of agents.splice(0)) if (agent.exitCode === null) agent.kill('SIGKILL');
});

interface Told {
  readonly state: { readonly pid: number; readonly state: Record<string, unknown> };
  readonly fds: number;
}

/** Answers the first mkdir of each of `count` filters; what it was told, when it has. */
async function agent(count: number): Promise<{ readonly path: string; readonly told: Promise<Told[]> }> {
  const path = h.path(h.id('agent').slice(h.tag.length + 1));
  const child = spawn('python3', [join(import.meta.dirname, '../fixtures/seccomp_agent.py'), path, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  agents.push(child);
  let out = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  const told = new Promise<Told[]>((resolve) => {
    child.on('close', () => {
      resolve(
        out
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Told),
      );
    });
  });
  expect(await until(() => existsSync(path))).toBe(true);
  return { path, told };
}

const asks =
  (listenerPath: string, more: Record<string, string> = {}): Change =>
  (config) => {
    const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_NOTIFY' as const }];
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls, listenerPath, ...more };
  };

describe.skipIf(skipped('notify', whyNoContainers() ?? noPython)).each(hosts)('a listener under $name', (host) => {
  const on = { host };

  it('answers for the program, and for every process that is added', async () => {
    const { path, told } = await agent(2);
    const id = h.id();
    const script = `mkdir /tmp/a 2>&1; ${SLEEP}`;
    const change = asks(path, { listenerMetadata: 'of the config' });
    const created = h.tsrun(['create', '--bundle', h.bundle(shell(script), change), id], on);
    expect(created).toMatchObject({ status: 0, stderr: '' });
    const { pid } = h.state(id);
    h.ok(['start', id], on);
    expect(await until(() => created.later().endsWith('\n'))).toBe(true);
    expect(created.later()).toBe("mkdir: can't create directory '/tmp/a': Block device required\n");
    const { stderr } = h.tsrun(['exec', id, 'mkdir', '/tmp/b'], on);
    expect(stderr).toContain("mkdir: can't create directory '/tmp/b': Block device required");

    const [first, second] = await told;
    const common = { ociVersion: expect.any(String) as string, fds: ['seccompFd'], metadata: 'of the config' };
    expect(first).toMatchObject({ fds: 1, state: { ...common, pid, state: { id, status: 'creating', pid } } });
    expect(second).toMatchObject({ fds: 1, state: { ...common, state: { id, status: 'running', pid } } });
    expect(second?.state.pid).not.toBe(pid);
  });

  it('answers where capabilities are few and new privileges may come', async () => {
    const { path, told } = await agent(1);
    const few: Change = (config) => {
      config.process.noNewPrivileges = false;
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.capabilities = {};
    };
    const { stderr } = h.run([shell('mkdir /tmp/a'), asks(path), few], on);
    expect(stderr).toContain('Block device required');
    expect((await told)[0]?.state).not.toHaveProperty('metadata');
  });

  // It is loaded in create: behind it we talk to the runtime, wait for start, and execute. No more.
  it.each([true, false])('needs little of its profile, with no_new_privs %s', async (noNewPrivileges) => {
    const { path, told } = await agent(2);
    const names = ['rt_sigaction', 'rt_sigprocmask', 'close_range', 'prlimit64', 'poll', 'ppoll', 'fcntl', 'prctl', 'munmap', 'openat2'];
    const strict: Change = (config) => {
      config.process.noNewPrivileges = noNewPrivileges;
      config.linux.seccomp?.syscalls?.push({ names, action: 'SCMP_ACT_ERRNO' });
      config.process.args = ['mkdir', '/tmp/a'];
    };
    const bundle = h.bundle(asks(path), strict);
    const [first, second] = [h.id(), h.id()];
    const created = h.tsrun(['create', '--bundle', bundle, first], on);
    expect(created).toMatchObject({ status: 0, stderr: '' });
    expect(h.tsrun(['start', first], on)).toMatchObject({ status: 0, stderr: '' });
    expect(h.tsrun(['run', '--bundle', bundle, second], on).stderr).toContain('Block device required');
    expect(await told).toHaveLength(2);
  });

  it('that is not there is said before there is a container', () => {
    const { status, stderr } = h.run([asks(h.path('nobody'))], on);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/connect to \S+nobody: no such file or directory/);
    expect(h.holdings()).toMatchObject({ processes: [], cgroups: [], states: [] });
  });
});
