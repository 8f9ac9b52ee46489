// What the caller has handed over to write to: pipes that nobody reads, files that may not grow. No signal ends the call for that (man 7
// signal: SIGPIPE, SIGXFSZ): it fails, undone, or it has been read enough.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('output');

describe.skipIf(skipped('output', whyNoContainers())).each(hosts)('under $name', (host) => {
  const fifo = (): string => {
    const path = h.path(h.id('fifo'));
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    return path;
  };

  /** Calls tsrun by a shell that has done `before` in its own name. */
  const bySh = (before: string, args: readonly string[]) => {
    const call = spawnSync('sh', ['-c', `${before}; exec "$@"`, 'sh', ...h.command(args, { host })], {
      encoding: 'utf8',
      cwd: h.scratch,
      env: { PATH: process.env['PATH'] },
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    return { status: call.status, signal: call.signal, stdout: call.stdout, stderr: call.stderr };
  };
  /** Standard output is a pipe whose reader is gone. */
  const unread = (path: string): string => `exec 4<>${path}; exec >${path}; exec 4<&-`;

  /** A hook that says that it has begun, waits until it may go on, and gives the status. */
  const waits = (status: number): { readonly begun: string; readonly go: string; readonly change: Change } => {
    const begun = h.path(h.id('begun'));
    const go = h.path(h.id('go'));
    const script = `echo $$ > ${begun}.new; mv ${begun}.new ${begun}; until [ -e ${go} ]; do sleep 0.02; done; exit ${status}`;
    const change: Change = (config) => (config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', script] }] });
    return { begun, go, change };
  };

  it.each([[['list']], [['--version']], [['--help']], [['list', '--help']], [['features']]])(
    '%j whose reader is gone ends quietly',
    (args) => {
      mkdirSync(h.root, { mode: 0o700, recursive: true });
      expect(bySh(unread(fifo()), args)).toMatchObject({ status: 128 + 13, stderr: '' });
    },
  );

  it('a usage error is told though nobody reads the help', () => {
    const { status, stderr } = bySh(unread(fifo()), ['list', '--nonsense']);
    expect({ status, told: stderr.includes('nonsense') }).toEqual({ status: 1, told: true });
  });

  it('a log whose reader goes while it is written to is an error', async () => {
    const path = fifo();
    const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const [command = '', ...args] = h.command(['--log', path, 'state', 'nobody'], { host });
    // full, so that the line is under way when the reader goes
    expect(() => {
      for (;;) writeSync(reader, 'x'.repeat(4096));
    }).toThrow('EAGAIN');
    const call = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    call.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    expect(await until(() => stderr.includes('does not exist'))).toBe(true);
    // what is said to standard error is said before
    expect(await until(() => waitsToWrite(call.pid ?? 0))).toBe(true);
    closeSync(reader);
    expect(await once(call, 'close')).toEqual([1, null]);
    expect(stderr).toContain(`write ${path}: broken pipe`);
  });

  it('a log without a reader any more keeps no failure from being told and undone', async () => {
    const path = fifo();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { begun, go, change } = waits(3);
    const call = h.spawn(['--log', path, 'create', '--bundle', h.bundle(change, shell(SLEEP)), h.id()], { host });
    expect(await until(() => existsSync(begun))).toBe(true);
    closeSync(reader);
    writeFileSync(go, '');
    const { status, stderr } = await call.ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/createRuntime hook #0: exit status 3.*\nwrite .*: broken pipe\n$/);
    await h.expectNothingLeft();
  });

  it.each([
    ['in a hook', false],
    ['while it is written to', true],
  ])('a log that nobody reads keeps no signal from ending the call, %s', async (_, late) => {
    const path = fifo();
    const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      const { begun, go, change } = waits(0);
      const id = h.id();
      const call = h.spawn(['--debug', '--log', path, 'create', '--bundle', h.bundle(change, shell(SLEEP)), id], { host });
      expect(await until(() => existsSync(begun))).toBe(true);
      expect(() => {
        for (;;) writeSync(reader, 'x'.repeat(4096));
      }).toThrow('EAGAIN');
      if (late) {
        const hook = Number(readFileSync(begun, 'utf8'));
        writeFileSync(go, '');
        expect(await until(() => !existsSync(`/proc/${hook}`) && waitsToWrite(call.pid))).toBe(true);
      }
      call.kill('SIGTERM');
      const { status, stderr } = await call.ended;
      // where all was done meanwhile there was nothing left to wait for, and to end
      if (late && status === 0) {
        expect(h.state(id).status).toBe('created');
        return;
      }
      expect({ status, ended: stderr.endsWith('ended by signal 15\n') }).toEqual({ status: 1, ended: true });
      await h.expectNothingLeft();
    } finally {
      closeSync(reader);
    }
  });

  const many: Change = (config) => (config.annotations = { much: 'x'.repeat(3 << 20) });
  it.each([
    ['nothing', 0],
    ['the copy of tsrun-init, but no large config', 1 << 20],
  ])('create where files may hold no more than %s (RLIMIT_FSIZE) is undone', async (_, bytes) => {
    const { status, stderr } = bySh(`ulimit -f ${bytes / 512}`, ['create', '--bundle', h.bundle(many, shell(SLEEP)), h.id()]);
    expect({ status, told: /file too large/i.test(stderr) }).toEqual({ status: 1, told: true });
    await h.expectNothingLeft();
  });

  it('a log that may not grow is an error of its own, and the status stays that of what failed', () => {
    const path = h.path(h.id('log'));
    const { status, stderr } = bySh('ulimit -f 0', ['--log', path, 'exec', 'nobody', 'true']);
    expect(status).toBe(255);
    expect(stderr).toMatch(/does not exist\nwrite .*: file too large\n$/);
  });

  it('the program, whatever its caller ignored, has every default action', () => {
    const bundle = h.bundle((config) => (config.process.args = ['grep', 'SigIgn', '/proc/self/status']));
    const { status, stdout } = bySh('trap "" PIPE XFSZ', ['run', '--bundle', bundle, h.id()]);
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: 'SigIgn:\t0000000000000000\n' });
  });
});

/** Whether a thread of that process waits in write(2), or in poll(2) before it. */
function waitsToWrite(pid: number): boolean {
  const calls = process.arch === 'arm64' ? ['64', '73'] : ['1', '7'];
  return calls.includes(readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ', 1)[0] ?? '');
}
