// Calls that wait for a process which does not go on: whoever may trace it can see to that. They end when it does, whoever holds its end of
// the conversation, and at a signal, undone.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('standstill');
const fixture = (name: string): string => join(import.meta.dirname, `../fixtures/${name}`);
const noTools = ['gcc', 'python3'].find((tool) => spawnSync(tool, ['--version']).status !== 0);

/** The number of connect(2). */
const CONNECT = process.arch === 'arm64' ? 203 : 42;

const hook =
  (kind: 'createRuntime' | 'startContainer' | 'poststart', path: string, begun: string): Change =>
  (config) => {
    config.hooks = { [kind]: [{ path, args: ['sh', '-c', `: > ${begun}; exec sleep 1000`] }] };
  };

describe.skipIf(skipped('standstill', whyNoContainers() ?? (noTools === undefined ? undefined : `needs ${noTools}`))).each(hosts)(
  'under $name, a signal ends',
  (host) => {
    let lateBorn = '';
    beforeAll(() => {
      lateBorn = h.path('late-born');
      if (!existsSync(lateBorn)) execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-static', '-o', lateBorn, fixture('late-born.c')]);
    });
    afterEach(() => {
      h.clean();
    });

    /** Where the process of the last fork is stopped for good, and the file is made then. */
    const holding = (held: string, more: Readonly<Record<string, string>> = {}) => ({
      host: { ...host, command: [lateBorn, ...host.command] },
      env: { PATH: process.env['PATH'] ?? '', LATE_BORN_HELD: held, ...more },
    });

    const processesOf = (id: string): unknown[] => JSON.parse(h.ok(['ps', '--format', 'json', id], { host })) as unknown[];

    /** A container whose processes stay the same from now on: the shell, and the sleep that it starts. */
    const atRest = async () => {
      const id = h.running([shell(SLEEP)], { host });
      expect(await until(() => processesOf(id).length === 2)).toBe(true);
      return { id, before: processesOf(id) };
    };

    const ended = (stderr: string, signal = 15): void => {
      expect(stderr).toMatch(new RegExp(`ended by signal ${signal}"?\n$`));
    };

    it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('exec, whose process somebody has stopped, by %s', async (signal) => {
      const { id, before } = await atRest();
      const held = h.path(h.id('held'));
      const call = h.spawn(['exec', '--detach', id, 'true'], holding(held));
      expect(await until(() => existsSync(held))).toBe(true);
      const [runtime = 0] = childrenOf(call.pid);
      process.kill(runtime, signal);
      const { status, stderr } = await call.ended;
      expect(status).toBe(255);
      ended(stderr, { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 }[signal]);
      expect(processesOf(id)).toEqual(before);
    });

    it('exec, of whose process nobody has spoken yet, and leaves none behind', async () => {
      const { id, before } = await atRest();
      const held = h.path(h.id('held'));
      const call = h.spawn(['exec', '--detach', id, 'sleep', '1000'], holding(held, { LATE_BORN_MUTE: '1' }));
      expect(await until(() => existsSync(held))).toBe(true);
      call.kill('SIGTERM');
      const { status, stderr } = await call.ended;
      expect(status).toBe(255);
      ended(stderr);
      expect(processesOf(id)).toEqual(before);
    });

    it('exec in the foreground, before its program has begun', async () => {
      const id = h.running([shell(SLEEP)], { host });
      const held = h.path(h.id('held'));
      const call = h.spawn(['exec', id, 'true'], holding(held));
      expect(await until(() => existsSync(held))).toBe(true);
      call.kill('SIGTERM');
      const { status, stderr } = await call.ended;
      expect(status).toBe(255);
      ended(stderr);
    });

    it('no exec whose program has begun: that gets it, however early it comes', async () => {
      const id = h.running([shell(SLEEP)], { host });
      const program = 'trap "echo got; exit 4" TERM; echo up; while :; do sleep 0.05; done';
      for (let round = 0; round < (host.name === 'tsrun' ? 100 : 20); round++) {
        const [command = '', ...args] = h.command(['exec', id, 'sh', '-c', program], { host });
        const call = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        call.stdout.once('data', () => call.kill('SIGTERM'));
        expect(await once(call, 'exit')).toEqual([4, null]);
      }
    });

    it('create, in the pid namespace of somebody who has stopped its process, and undoes it', async () => {
      const { pid } = h.state((await atRest()).id);
      const before = h.holdings();
      const sharing: Change = (config) => {
        for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'pid') namespace.path = `/proc/${pid}/ns/pid`;
      };
      const held = h.path(h.id('held'));
      const call = h.spawn(['create', '--bundle', h.bundle(sharing, shell(SLEEP)), h.id()], holding(held));
      expect(await until(() => existsSync(held))).toBe(true);
      call.kill('SIGTERM');
      const { status, stderr } = await call.ended;
      expect(status).toBe(1);
      ended(stderr);
      expect(await until(() => JSON.stringify(h.holdings()) === JSON.stringify(before))).toBe(true);
    });

    it.each([
      ['create', ['create'], 'createRuntime'],
      ['run in the foreground', ['run'], 'createRuntime'],
      ['run in the foreground', ['run'], 'startContainer'],
      ['run in the foreground', ['run'], 'poststart'],
      ['run --detach', ['run', '--detach'], 'startContainer'],
    ] as const)('%s with a hook that does not end, and undoes it (%j, %s)', async (_, args, kind) => {
      await h.expectNothingLeft();
      const begun = h.path(h.id('begun'));
      const mount: Change = (config) => {
        config.mounts.push({ destination: h.scratch, type: 'bind', source: h.scratch, options: ['rbind', 'rw'] });
      };
      const bundle = h.bundle(shell(SLEEP), mount, hook(kind, '/bin/sh', begun));
      const call = h.spawn([...args, '--bundle', bundle, h.id()], { host });
      expect(await until(() => existsSync(begun))).toBe(true);
      call.kill('SIGTERM');
      const { status, stderr } = await call.ended;
      expect(status).toBe(1);
      ended(stderr);
      await h.expectNothingLeft();
    });

    it('create by a terminal, whose signal is for its hooks too, and not for those that undo', async () => {
      const [begun, undone] = [h.path(h.id('begun')), h.path(h.id('undone'))];
      const bundle = h.bundle(shell(SLEEP), (config) => {
        config.hooks = {
          createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `: > ${begun}; exec sleep 1000`] }],
          poststop: [{ path: '/bin/sh', args: ['sh', '-c', `sleep 0.2; : > ${undone}`] }],
        };
      });
      const [command = '', ...args] = h.command(['create', '--bundle', bundle, h.id()], { host });
      const call = spawn(command, args, { stdio: 'ignore', detached: true });
      expect(await until(() => existsSync(begun))).toBe(true);
      process.kill(-(call.pid ?? 0), 'SIGINT');
      expect(await once(call, 'exit')).toEqual([1, null]);
      expect(existsSync(undone)).toBe(true);
      await h.expectNothingLeft();
    });

    const whyNode = host.name === 'node' ? 'Node itself no longer ignores what its caller had it ignore' : undefined;
    it.skipIf(skipped('an ignored signal', whyNode))('create not, where the signal is ignored', async () => {
      const id = h.running([shell(SLEEP)], { host });
      const begun = h.path(h.id('begun'));
      const go = h.path(h.id('go'));
      const waits: Change = (config) => {
        const script = `: > ${begun}; until [ -e ${go} ]; do sleep 0.02; done`;
        config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', script] }] };
      };
      const ignoring = { ...host, command: ['/bin/sh', '-c', 'trap "" HUP; exec "$@"', 'sh', ...host.command] };
      const made = h.id();
      const call = h.spawn(['create', '--bundle', h.bundle(shell(SLEEP), waits), made], { host: ignoring });
      expect(await until(() => existsSync(begun))).toBe(true);
      call.kill('SIGHUP');
      execFileSync('touch', [go]);
      expect(await call.ended).toMatchObject({ status: 0, stderr: '' });
      expect(h.state(made).status).toBe('created');
      expect(h.state(id).status).toBe('running');
    });

    it('start, of a process that somebody has stopped; it ends then', async () => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id], { host });
      const { pid } = h.state(id);
      process.kill(pid, 'SIGSTOP');
      const call = h.spawn(['start', id], { host });
      // it waits: the connection is there, and it has the lock
      expect(
        await until(
          () =>
            readFileSync('/proc/net/unix', 'utf8')
              .split('\n')
              .filter((line) => line.includes(id)).length > 1,
        ),
      ).toBe(true);
      call.kill('SIGTERM');
      const { status, stderr } = await call.ended;
      expect(status).toBe(1);
      ended(stderr);
      process.kill(pid, 'SIGCONT');
      expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
      h.ok(['delete', id], { host });
    });

    describe('with a socket of which nobody takes a connection,', () => {
      /** The other end of the caller's socket, at `path`: `said` is what it has printed. */
      const full = async (path: string, ...more: string[]) => {
        const peer = spawn('python3', [fixture('full.py'), path, ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
        let said = '';
        peer.stdout.on('data', (data: Buffer) => (said += data.toString()));
        expect(await until(() => said.includes('full'))).toBe(true);
        const end = (): void => {
          peer.kill();
        };
        return { said: () => said, go: () => peer.stdin.write('\n'), end };
      };
      /** Whether a thread of that process is in connect(2). */
      const connecting = (pid: number): boolean =>
        readdirSync(`/proc/${pid}/task`).some((task) =>
          readFileSync(`/proc/${pid}/task/${task}/syscall`, 'utf8').startsWith(`${CONNECT} `),
        );
      const notifying =
        (path: string): Change =>
        (config) => {
          config.linux.seccomp = {
            defaultAction: 'SCMP_ACT_ALLOW',
            listenerPath: path,
            listenerMetadata: 'x'.repeat(4 << 20),
            syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
          };
        };

      it.each([
        ['create', ['create']],
        ['run', ['run']],
        ['run --detach', ['run', '--detach']],
      ] as const)('%s --pidfd-socket, and undoes it', async (_, args) => {
        const path = h.path(h.id('socket'));
        const peer = await full(path);
        try {
          const call = h.spawn([...args, '--pidfd-socket', path, '--bundle', h.bundle(shell(SLEEP)), h.id()], { host });
          expect(await until(() => connecting(call.pid))).toBe(true);
          call.kill('SIGTERM');
          const { status, stderr } = await call.ended;
          expect(status).toBe(1);
          ended(stderr);
          await h.expectNothingLeft();
        } finally {
          peer.end();
        }
      });

      it('exec --pidfd-socket, and ends its process', async () => {
        const { id, before } = await atRest();
        const path = h.path(h.id('socket'));
        const peer = await full(path);
        try {
          const call = h.spawn(['exec', '--detach', '--pidfd-socket', path, id, 'sleep', '1000'], { host });
          expect(await until(() => connecting(call.pid))).toBe(true);
          call.kill('SIGTERM');
          const { status, stderr } = await call.ended;
          expect(status).toBe(255);
          ended(stderr);
          expect(processesOf(id)).toEqual(before);
        } finally {
          peer.end();
        }
      });

      it('no create --pidfd-socket whose connection is taken late: it goes on', async () => {
        const path = h.path(h.id('socket'));
        const peer = await full(path);
        try {
          const id = h.id();
          const call = h.spawn(['create', '--pidfd-socket', path, '--bundle', h.bundle(shell(SLEEP)), id], { host });
          expect(await until(() => connecting(call.pid))).toBe(true);
          peer.go();
          expect(await call.ended).toMatchObject({ status: 0, stderr: '' });
          expect(await until(() => peer.said().includes('pidfd'))).toBe(true);
        } finally {
          peer.end();
        }
      });

      it.each([
        ['of its own', false],
        ["of another's", true],
      ])('create with a seccomp agent, in a pid namespace %s, and undoes it', async (_, given) => {
        const { pid } = given ? h.state((await atRest()).id) : { pid: 0 };
        const sharing: Change = (config) => {
          if (!given) return;
          for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'pid') namespace.path = `/proc/${pid}/ns/pid`;
        };
        const before = h.holdings();
        const path = h.path(h.id('socket'));
        const peer = await full(path);
        try {
          const call = h.spawn(['create', '--bundle', h.bundle(sharing, notifying(path), shell(SLEEP)), h.id()], { host });
          expect(await until(() => connecting(call.pid))).toBe(true);
          call.kill('SIGTERM');
          const { status, stderr } = await call.ended;
          expect(status).toBe(1);
          ended(stderr);
          expect(await until(() => JSON.stringify(h.holdings()) === JSON.stringify(before))).toBe(true);
        } finally {
          peer.end();
        }
      });

      it('create with a seccomp agent that does not read what the runtime sends, and undoes it', async () => {
        const { pid } = h.state((await atRest()).id);
        const sharing: Change = (config) => {
          for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'pid') namespace.path = `/proc/${pid}/ns/pid`;
        };
        const before = h.holdings();
        const path = h.path(h.id('socket'));
        const peer = await full(path, 'mute');
        try {
          const call = h.spawn(['create', '--bundle', h.bundle(sharing, notifying(path), shell(SLEEP)), h.id()], { host });
          expect(await until(() => peer.said().includes('unread'))).toBe(true);
          call.kill('SIGTERM');
          const { status, stderr } = await call.ended;
          expect(status).toBe(1);
          ended(stderr);
          expect(await until(() => JSON.stringify(h.holdings()) === JSON.stringify(before))).toBe(true);
        } finally {
          peer.end();
        }
      });

      it('create --console-socket, which has done nothing yet', async () => {
        const path = h.path(h.id('socket'));
        const peer = await full(path);
        try {
          const terminal: Change = (config) => (config.process.terminal = true);
          const call = h.spawn(['create', '--console-socket', path, '--bundle', h.bundle(terminal, shell(SLEEP)), h.id()], { host });
          expect(await until(() => connecting(call.pid))).toBe(true);
          call.kill('SIGTERM');
          expect((await call.ended).status).toBe(128 + 15);
          await h.expectNothingLeft();
        } finally {
          peer.end();
        }
      });
    });

    it('no start whose process is gone is needed: it ends by itself, also if somebody else has the connection', async () => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id], { host });
      const { pid } = h.state(id);
      process.kill(pid, 'SIGSTOP');
      const thief = spawn('python3', [fixture('thief.py'), String(pid)], { stdio: ['pipe', 'pipe', 'inherit'] });
      try {
        let said = '';
        thief.stdout.on('data', (data: Buffer) => (said += data.toString()));
        expect(await until(() => said.includes('listening'))).toBe(true);
        const call = h.spawn(['start', id], { host });
        expect(await until(() => said.includes('connected'))).toBe(true);
        process.kill(pid, 'SIGKILL');
        const { status, stderr } = await call.ended;
        expect(status).toBe(1);
        expect(stderr).toContain("the container's waiting process ended");
      } finally {
        thief.kill();
      }
    });
  },
);

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}
