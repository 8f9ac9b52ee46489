// Processes by way of the addon, without a container: pidfds, hooks, limits.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { HookRequest, HookResult } from '../../src/native.js';
import { addon } from '../fixtures/addon.js';
import { isAlive, until } from './harness.js';

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tsrun-processes-'));
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** A hook that is a shell script. */
function hook(script: string, request: Partial<HookRequest> = {}): HookResult {
  return addon.runHook({
    path: '/bin/sh',
    args: ['sh', '-c', script],
    env: [`PATH=${process.env['PATH'] ?? ''}`],
    timeout: 0,
    interrupted: false,
    input: '',
    cwd: '',
    ...request,
  });
}

/** How long `action` takes, in milliseconds. */
function duration(action: () => unknown): number {
  const before = performance.now();
  action();
  return performance.now() - before;
}

/** A process that has ended and been reaped. */
function deadPid(): number {
  return spawnSync('/bin/true').pid;
}

function failure(action: () => unknown): { code?: string; message?: string } {
  try {
    action();
  } catch (error) {
    return error as { code?: string; message?: string };
  }
  return {};
}

describe('a hook', () => {
  it('gets the state on its stdin, its arguments with argv[0], exactly its environment and its directory', () => {
    const result = hook('cat >&2; echo " $0 $1" >&2; env >&2; pwd >&2', {
      args: ['sh', '-c', 'cat >&2; echo " $0 $1" >&2; env >&2; pwd >&2', 'zero', 'one'],
      env: ['A=b'],
      input: '{"id":"c"}',
      cwd: '/tmp',
    });
    expect(result).toEqual({ status: 0, timedOut: false, stderr: '{"id":"c"} zero one\nA=b\nPWD=/tmp\n/tmp\n' });
  });

  it('without arguments has its path as argv[0]', () => {
    expect(hook('', { path: '/bin/cat', args: [] })).toMatchObject({ status: 0 });
  });

  it('need not read its stdin, however long the state is', () => {
    expect(hook('exit 0', { input: 'x'.repeat(4 << 20) })).toMatchObject({ status: 0 });
  });

  it('reads a long state in full', () => {
    expect(hook('wc -c >&2', { input: 'x'.repeat(1 << 20) }).stderr.trim()).toBe(String(1 << 20));
  });

  it('that fails says its status and the end of its stderr', () => {
    const result = hook('seq 1 10000 >&2; echo the end >&2; exit 3');
    expect(result.status).toBe(3);
    expect(result.stderr).toHaveLength(4096);
    expect(result.stderr).toMatch(/10000\nthe end\n$/);
  });

  it('is not held up by what it writes to its stdout', () => {
    expect(hook('seq 1 100000')).toMatchObject({ status: 0, stderr: '' });
  });

  it('ended by a signal has 128 and the signal', () => {
    expect(hook('kill -9 $$').status).toBe(137);
  });

  it('is killed with its children when its time is up', async () => {
    // what it takes to begin comes before that
    const { stderr, ...result } = hook('sleep 1000 & echo $! >&2; wait', { timeout: 3000 });
    expect(result).toEqual({ status: 137, timedOut: true });
    expect(stderr).toMatch(/^\d+\n$/);
    expect(await until(() => !isAlive(Number(stderr)))).toBe(true);
  });

  it('in time is not disturbed by its timeout', () => {
    expect(hook('sleep 0.1; exit 4', { timeout: 5000 })).toMatchObject({ status: 4, timedOut: false });
  });

  it('is over when it ends, though a child of its keeps its streams open', () => {
    const { status, stderr } = hook('sleep 1000 & echo $! >&2; exit 0');
    expect(status).toBe(0);
    expect(isAlive(Number(stderr))).toBe(true);
    process.kill(Number(stderr), 'SIGKILL');
  });

  it('is over when it ends, though a child of its keeps writing', () => {
    expect(hook('yes >&2 & exit 0', { timeout: 30_000 })).toMatchObject({ status: 0, timedOut: false });
  });

  it('that cannot be run is told apart from one that fails', () => {
    expect(failure(() => hook('', { path: '/nonexistent/hook' }))).toMatchObject({
      code: 'ENOENT',
      message: 'exec /nonexistent/hook: no such file or directory',
    });
    expect(failure(() => hook('', { path: '/etc/passwd' }))).toMatchObject({ code: 'EACCES' });
    expect(failure(() => hook('', { cwd: '/nonexistent' }))).toMatchObject({ code: 'ENOENT' });
  });

  it('starts with default signals and nothing open but its streams', () => {
    // what the caller left: the engine's own descriptors and its ignored SIGPIPE
    const { stderr } = hook('grep -E "Sig(Blk|Ign)" /proc/self/status >&2; ls /proc/$$/fd | tr "\\n" " " >&2', {
      path: '/bin/bash',
      args: [
        'bash',
        '-c',
        'grep -E "Sig(Blk|Ign)" /proc/self/status >&2; for f in /proc/$$/fd/*; do [ -e $f ] && echo -n "${f##*/} " >&2; done',
      ],
    });
    expect(stderr).toBe('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0 1 2 ');
  });
});

describe('a process', () => {
  it('is recognised by its start time', () => {
    const stat = addon.processStat(process.pid);
    expect(stat?.state).toMatch(/[RS]/);
    expect(stat?.startTime).toBe(
      readFileSync('/proc/self/stat', 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19],
    );
  });

  it('may be called anything', async () => {
    const name = `${scratch}/) R 1 (x`;
    symlinkSync('/bin/sleep', name);
    const child = spawn(name, ['30']);
    try {
      expect(child.pid).toBeDefined();
      const pid = child.pid ?? 0;
      // it is called so once it has executed
      expect(await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === ') R 1 (x\n')).toBe(true);
      // and then it sleeps
      expect(await until(() => addon.processStat(pid)?.state === 'S')).toBe(true);
      expect(addon.processStat(pid)).toEqual({
        state: 'S',
        startTime: expect.stringMatching(/^\d{3,}$/) as string,
      });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('that is not there has no state, no program and no pidfd', () => {
    const pid = deadPid();
    expect(addon.processStat(pid)).toBeNull();
    expect(addon.processExe(pid)).toBeNull();
    expect(failure(() => addon.pidfdOpen(pid))).toMatchObject({ code: 'ESRCH' });
  });

  it('is known by the program it executes', () => {
    expect(addon.processExe(process.pid)).toBe(addon.stat('/proc/self/exe')?.identity);
    expect(addon.processExe(process.pid)).toBe(addon.stat(process.execPath)?.identity);
  });

  it('is signalled and waited for by pidfd, and never mistaken for the next of its number', () => {
    const child = spawn('/bin/sleep', ['30']);
    const pidfd = addon.pidfdOpen(child.pid ?? 0);
    expect(duration(() => expect(addon.waitPidfd(pidfd, 50)).toBe(false))).toBeGreaterThan(45);
    addon.signal(pidfd, 0);
    addon.signal(pidfd, 15);
    expect(addon.waitPidfd(pidfd, 5000)).toBe(true);
    expect(addon.reap(pidfd)).toBe(128 + 15);
    expect(failure(() => addon.signal(pidfd, 15))).toMatchObject({ code: 'ESRCH' });
    expect(failure(() => addon.reap(pidfd))).toMatchObject({ code: 'ECHILD' });
    expect(addon.waitPidfd(pidfd, 0)).toBe(true);
    addon.close(pidfd);
  });

  it('gets limits, up to no limit at all', () => {
    const child = spawn('/bin/sleep', ['30']);
    try {
      const pid = child.pid ?? 0;
      const RLIMIT_CORE = 4;
      addon.setLimit(pid, RLIMIT_CORE, '4096', '18446744073709551615');
      expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size +4096 +unlimited/);
      expect(failure(() => addon.setLimit(pid, RLIMIT_CORE, '2', '1'))).toMatchObject({ code: 'EINVAL' });
      expect(failure(() => addon.setLimit(pid, RLIMIT_CORE, '-1', '1')).message).toMatch(/decimal/);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('the output of a program', () => {
  it('is all it wrote, of any length', () => {
    expect(addon.output('seq', ['1', '50000']).split('\n')).toHaveLength(50001);
  });

  it('is nothing when it failed or is not there', () => {
    expect(failure(() => addon.output('/bin/false', [])).message).toBe('/bin/false: exit status 1');
    expect(failure(() => addon.output('no-such-program', []))).toMatchObject({ code: 'ENOENT' });
  });
});
