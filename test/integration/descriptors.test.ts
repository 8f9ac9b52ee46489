// Descriptors that go in and out: terminals, consoles, pidfds, `--preserve-fds`, LISTEN_FDS.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { harness, hosts, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('descriptors');

/** A terminal in the container. */
const terminal: Change = (config) => {
  config.process.terminal = true;
};

/** What a python fixture of ours prints. */
function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

const fixture = (name: string): string => join(import.meta.dirname, '../fixtures', name);
const noPython = spawnSync('python3', ['--version']).status === 0 ? undefined : 'needs python3';

/** The other end of a socket that a descriptor is sent over. */
function receiver(socket: string, input?: string): Promise<Record<string, unknown>> {
  const child = spawn('python3', [fixture('receive.py'), socket, ...(input === undefined ? [] : [input])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  helpers.push(child);
  let out = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  const got = new Promise<Record<string, unknown>>((resolve, reject) => {
    child.on('close', (status) => (status === 0 ? resolve(json(out)) : reject(new Error(`receive.py: status ${status}`))));
  });
  // a test that failed before does not wait for it
  got.catch(() => undefined);
  return got;
}

const helpers: ChildProcess[] = [];
afterEach(() => {
  for (const child of helpers.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

describe.skipIf(skipped('descriptors', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };
  const refusal = (args: readonly string[], status = 1): string => h.refusal(args, status, on);

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  async function stopped(id: string): Promise<void> {
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
  }

  describe.skipIf(skipped('descriptors and terminals', noPython))('a descriptor', () => {
    it('--console-socket gets the terminal', async () => {
      const socket = h.path(h.id('s'));
      const got = receiver(socket, 'typed\n');
      expect(await until(() => existsSync(socket))).toBe(true);
      const id = h.id();
      const script = 'tty; stty size; read line; echo "got $line"; test -t 0 && test -t 1 && test -t 2 && echo tty';
      const size: Change = (config) => (config.process.consoleSize = { height: 21, width: 87 });
      h.ok(['create', '--bundle', h.bundle(terminal, size, shell(script)), '--console-socket', socket, id], on);
      h.ok(['start', id], on);
      const { count, terminal: isTerminal, size: shownSize, shown } = await got;
      expect({ count, isTerminal, shownSize }).toEqual({ count: 1, isTerminal: true, shownSize: [21, 87] });
      expect(String(shown).replaceAll('\r', '')).toMatch(/^typed\n\/dev\/(console|pts\/0)\n21 87\ngot typed\ntty\n$/);
      await stopped(id);
      rmSync(socket);
    });

    it('exec --tty --console-socket gets one too', async () => {
      const id = h.running(undefined, on);
      const socket = h.path(h.id('s'));
      const got = receiver(socket);
      expect(await until(() => existsSync(socket))).toBe(true);
      h.ok(['exec', '--tty', '--detach', '--console-socket', socket, id, 'sh', '-c', 'tty; test -t 1 && echo yes'], on);
      expect(String((await got)['shown']).replaceAll('\r', '')).toMatch(/^\/dev\/pts\/\d+\nyes\n$/);
      rmSync(socket);
    });

    it('--pidfd-socket gets a pidfd', async () => {
      const socket = h.path(h.id('s'));
      const got = receiver(socket);
      expect(await until(() => existsSync(socket))).toBe(true);
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(), '--pidfd-socket', socket, id], on);
      expect(await got).toMatchObject({ count: 1, terminal: false, pid: h.state(id).pid });
      rmSync(socket);
    });

    it('a console socket and a terminal go together', async () => {
      expect(refusal(['create', '--bundle', h.bundle(terminal), h.id()])).toContain('--console-socket');
      expect(refusal(['run', '--detach', '--bundle', h.bundle(terminal), h.id()])).toContain('--console-socket');
      expect(refusal(['create', '--bundle', h.bundle(), '--console-socket', h.path('nowhere'), h.id()])).toContain('console socket');
      expect(refusal(['create', '--bundle', h.bundle(terminal), '--console-socket', h.path('nowhere'), h.id()])).toContain(
        'no such file or directory',
      );
      await h.expectNothingLeft();
    });

    it('run in the foreground copies between its terminal and the container', async () => {
      const script =
        'stty size; echo ready; read line; echo "got $line"; trap "stty size; exit 6" WINCH; echo again; while :; do sleep 0.05; done';
      const steps = [
        { after: 'ready', type: 'typed\r' },
        { after: 'again', resize: [44, 111] },
      ];
      const call = spawnSync(
        'python3',
        [
          fixture('at-terminal.py'),
          JSON.stringify(steps),
          ...host.command,
          '--root',
          h.root,
          'run',
          '--bundle',
          h.bundle(terminal, shell(script)),
          h.id(),
        ],
        { encoding: 'utf8' },
      );
      const { status, shown, restored } = json(call.stdout);
      expect(String(shown).replaceAll('\r', '')).toBe('33 99\nready\ntyped\ngot typed\nagain\n44 111\n');
      expect({ status, restored }).toEqual({ status: 6, restored: true });
      await h.expectNothingLeft();
    });

    it('exec --tty in the foreground does, too', () => {
      const id = h.running(undefined, on);
      const steps = [{ after: 'ready', type: 'typed\r' }];
      const command = [
        ...host.command,
        '--root',
        h.root,
        'exec',
        '--tty',
        id,
        'sh',
        '-c',
        'stty size; echo ready; read line; echo "got $line"; exit 3',
      ];
      const call = spawnSync('python3', [fixture('at-terminal.py'), JSON.stringify(steps), ...command], { encoding: 'utf8' });
      const { status, shown, restored } = json(call.stdout);
      expect(String(shown).replaceAll('\r', '')).toBe('33 99\nready\ntyped\ngot typed\n');
      expect({ status, restored }).toEqual({ status: 3, restored: true });
    });
  });

  describe('--preserve-fds', () => {
    /** Open files 3, 4, ... for a call. */
    function files(count: number): number[] {
      return Array.from({ length: count }, (_, at) => {
        writeFileSync(h.path(`file${at}`), `content ${at}\n`);
        return openSync(h.path(`file${at}`), 'r');
      });
    }
    /** Opens nothing itself. */
    const listing = (pid: string): string => `for n in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/${pid}/fd/$n && echo -n "$n "; done; true`;

    it('passes exactly those', () => {
      const fds = files(3);
      try {
        const result = h.run([shell(`${listing('$$')}; echo; cat <&3; cat <&4`)], {
          ...on,
          passed: fds,
          flags: ['--preserve-fds', '2'],
        });
        if (host.name === 'node') {
          // under Node nobody knows which descriptors are not the engine's own
          expect(result.stderr).toContain('descriptor 3 is not open');
          return;
        }
        expect(result.stderr).toBe('');
        expect(result.stdout).toBe('0 1 2 3 4 \ncontent 0\ncontent 1\n');
      } finally {
        fds.forEach((fd) => closeSync(fd));
      }
    });

    it('nothing else gets into a container, nor into an exec', () => {
      const fds = files(2);
      try {
        const seen = h.run([shell(listing('$$'))], { ...on, passed: fds });
        expect(seen.stdout).toBe('0 1 2 ');
        const id = h.running(undefined, { ...on, passed: fds });
        for (const pid of ['1', '$$']) expect(h.ok(['exec', id, 'sh', '-c', listing(pid)], { ...on, passed: fds })).toBe('0 1 2 ');
      } finally {
        fds.forEach((fd) => closeSync(fd));
      }
    });

    it('refuses descriptors that are not open', async () => {
      expect(refusal(['run', '--preserve-fds', '2', '--bundle', h.bundle(), h.id()])).toContain('descriptor 3 is not open');
      await h.expectNothingLeft();
    });

    it('LISTEN_FDS passes them, with LISTEN_PID as the container knows it', () => {
      const fds = files(1);
      try {
        const env = { PATH: process.env['PATH'] ?? '', LISTEN_FDS: '1' };
        const result = h.run([shell('echo $LISTEN_FDS $LISTEN_PID; cat <&3')], { ...on, passed: fds, env });
        if (host.name === 'node') return;
        expect(result).toMatchObject({ status: 0, stdout: '1 1\ncontent 0\n', stderr: '' });
      } finally {
        fds.forEach((fd) => closeSync(fd));
      }
    });
  });
});
