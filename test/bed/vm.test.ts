// `npm run vm` itself, from the host: what goes in, what comes out, and that nothing stays.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipped, sleep } from '../integration/harness.js';

const reason = process.getuid?.() === 0 ? undefined : 'needs root, for the image';

/** What a machine that runs keeps is below; the image is where it always is. */
let scratch = '';

/** The calls that have not ended: each leads a process group. */
const begun = new Set<number>();

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `npm run -s vm -- WORDS` as a shell would, in a process group of its own. */
function begin(
  words: readonly string[],
  input = '',
): { readonly pid: number; readonly ended: Promise<Outcome>; readonly out: () => string } {
  const env = { ...process.env, TMPDIR: scratch, TSRUN_TEST_CACHE: process.env['TSRUN_TEST_CACHE'] ?? tmpdir() };
  const child = spawn('npm', ['run', '-s', 'vm', '--', ...words], { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  begun.add(pid);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  child.stdin.end(input);
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      begun.delete(pid);
      resolve({ status, stdout, stderr });
    });
  });
  return { pid, ended, out: () => stdout };
}

const vm = (...words: string[]): Promise<Outcome> => begin(words).ended;

/** The processes of machines of ours. */
function machines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes('/linux\0ubd0=') && command.includes(scratch);
      } catch {
        return false;
      }
    });
}

async function expectNothingLeft(): Promise<void> {
  for (let round = 0; round < 100 && (machines().length > 0 || readdirSync(scratch).length > 0); round++) await sleep(100);
  expect(machines()).toEqual([]);
  expect(readdirSync(scratch)).toEqual([]);
}

describe.skipIf(skipped('the virtual machine', reason))('npm run vm', () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'tsrun-bed-'));
  });

  afterAll(() => {
    for (const pid of begun) process.kill(-pid, 'SIGTERM');
    for (const pid of machines()) process.kill(Number(pid), 'SIGKILL');
    rmSync(scratch, { recursive: true });
  });

  it('explains itself, and refuses what it does not know', async () => {
    const help = await vm('--help');
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(/^usage: npm run -s vm -- /);
    expect(await vm('--release', 'sarge', 'true')).toMatchObject({ status: 1, stderr: 'vm: no release sarge: trixie, bookworm\n' });
    expect(await vm('--kernel', '2.4', 'true')).toMatchObject({ status: 1, stderr: 'vm: no kernel 2.4: 7.2, 6.1, emulated\n' });
    expect((await vm('--nonsense')).status).toBe(1);
  });

  describe('a machine that stays', () => {
    beforeAll(async () => {
      const { status, stderr } = await vm('--keep');
      expect(status).toBe(0);
      // somebody's own would be ended below
      if (!stderr.includes(' stays as process ')) throw new Error('a machine is kept for this tree: npm run vm -- --stop');
    });

    it('brings out the status, 128 and the signal of what a signal ends', async () => {
      expect(await vm('sh', '-c', 'exit 7')).toEqual({ status: 7, stdout: '', stderr: '' });
      expect((await vm('sh', '-c', 'kill -TERM $$')).status).toBe(143);
      expect((await vm('no-such-program')).status).toBe(127);
    });

    it('keeps the streams apart, and the words whole', async () => {
      expect(await vm('sh', '-c', 'echo out; echo err >&2')).toEqual({ status: 0, stdout: 'out\n', stderr: 'err\n' });
      expect((await vm('printf', '%s\n', 'a b', "it's", '$HOME', '', '--keep')).stdout).toBe("a b\nit's\n$HOME\n\n--keep\n");
      const much = 'x'.repeat(1 << 20);
      expect((await begin(['cat'], much).ended).stdout === much).toBe(true);
    });

    it('runs as root in this tree, or as an ordinary user, with a terminal on demand', async () => {
      expect((await vm('sh', '-c', 'id -u; pwd; ls package.json')).stdout).toBe(`0\n${process.cwd()}\npackage.json\n`);
      expect((await vm('--user', 'id', '-un')).stdout).toBe('user\n');
      expect((await vm('tty')).stdout).toBe('not a tty\n');
      expect((await vm('-t', 'tty')).stdout).toMatch(/^\/dev\/pts\/\d+\r\n$/);
    });

    it('has what testing needs: cgroup v2 on the newest kernel, systemd, AppArmor', async () => {
      const { stdout } = await vm(
        'sh',
        '-c',
        'uname -r; cat /sys/fs/cgroup/cgroup.controllers; systemctl is-system-running; cat /sys/module/apparmor/parameters/enabled',
      );
      expect(stdout).toMatch(/^7\.2\.\d+\n.*\bcpuset cpu io memory pids rdma\b.*\nrunning\nY\n$/);
    });

    it('is the same for every call, until it is ended', async () => {
      expect((await vm('touch', '/var/tmp/mark')).status).toBe(0);
      expect((await vm('test', '-e', '/var/tmp/mark')).status).toBe(0);
      expect((await vm('--stop')).status).toBe(0);
      await expectNothingLeft();
    });
  });

  it('comes without systemd too', async () => {
    const script = 'cat /proc/1/comm /sys/fs/cgroup/cgroup.controllers; ls package.json; id -un';
    const { status, stdout, stderr } = await vm('--bare', '--user', 'sh', '-c', script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^vm-init\n.*\bcpuset cpu io memory pids\b.*\npackage.json\nuser\n$/);
    await expectNothingLeft();
  });

  it('takes every process of it along, of the older kernel too, which only traces them', async () => {
    const script = '(while :; do :; done) </dev/null >/dev/null 2>&1 & sleep 1000 </dev/null >/dev/null 2>&1 & sleep 1; exit 3';
    expect(await vm('--kernel', '6.1', '--release', 'bookworm', '--bare', 'sh', '-c', script)).toMatchObject({ status: 3 });
    expect(machines()).toEqual([]);
  });

  it('says so when the kernel ends under a command', async () => {
    const { status, stderr } = await vm('--bare', 'sh', '-c', 'echo c >/proc/sysrq-trigger; sleep 1000');
    expect(status).not.toBe(0);
    expect(stderr).toContain('vm: the machine is down:');
    await expectNothingLeft();
  });

  it('is a fresh one otherwise, and Ctrl-C ends it', async () => {
    const { pid, ended, out } = begin(['sh', '-c', 'ls /var/tmp/mark; echo begun; sleep 1000']);
    for (let round = 0; round < 3000 && !out().includes('begun'); round++) await sleep(100);
    expect(out()).toBe('begun\n');
    expect(machines()).not.toEqual([]);
    // the terminal's way: to all of the foreground
    process.kill(-pid, 'SIGINT');
    expect((await ended).status).not.toBe(0);
    await expectNothingLeft();
  });
});
