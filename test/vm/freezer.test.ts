// The freezer and processes that do not stop by themselves: trees that fork, vfork, SIGSTOP, ptrace, uninterruptible sleep.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, shell, skipped, sleep, until, whyNoContainers, without, type Change } from '../integration/harness.js';

const h = harness('vm-freezer');

// file systems are made by programs in sbin, which a remote shell does not look into
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const cgroupOf = (id: string): string => h.cgroups().find((path) => path.endsWith(id)) ?? '';
const read = (path: string): string => readFileSync(path, 'utf8');
const isFrozen = (id: string): boolean => read(join(cgroupOf(id), 'cgroup.events')).includes('frozen 1');
const procs = (id: string): string[] =>
  read(join(cgroupOf(id), 'cgroup.procs'))
    .trim()
    .split('\n')
    .sort();

/** Of /proc/PID/stat: T stopped, t traced, D not to be interrupted. */
function letter(pid: number | string): string {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .charAt(0);
}

/** A Python script of ours in the container's cgroup, once it has said so. */
async function inside(id: string, script: string, ...args: string[]): Promise<ChildProcess> {
  const enter = `import os, sys\nopen(sys.argv[1] + '/cgroup.procs', 'w').write(str(os.getpid()))\n`;
  const child = spawn('python3', ['-c', enter + script, cgroupOf(id), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  expect(await until(() => said.includes('up\n'))).toBe(true);
  return child;
}

/** Paused it is frozen to the last process; resumed it runs. */
function pauseAndResume(id: string): void {
  h.ok(['pause', id]);
  expect(h.state(id).status).toBe('paused');
  expect(isFrozen(id)).toBe(true);
  h.ok(['resume', id]);
  expect(h.state(id).status).toBe('running');
  expect(isFrozen(id)).toBe(false);
}

describe.skipIf(skipped('freezer in the virtual machine', whyNoContainers()))('pause', () => {
  it('stops a tree that forks all the time', async () => {
    const directory = h.path('chain');
    mkdirSync(directory);
    writeFileSync(join(directory, 'run'), 'sh /chain/run & exit');
    const chain: Change = (config) => {
      config.mounts.push({ destination: '/chain', type: 'bind', source: directory, options: ['bind', 'ro'] });
      config.linux.resources = { ...config.linux.resources, pids: { limit: 100 } };
    };
    const id = h.running([shell('sh /chain/run & sh /chain/run & sh /chain/run & while :; do sleep 1000; done'), chain]);
    for (let round = 0; round < 3; round++) {
      h.ok(['pause', id]);
      expect(isFrozen(id)).toBe(true);
      const before = procs(id);
      await sleep(200);
      expect(procs(id)).toEqual(before);
      h.ok(['resume', id]);
      expect(await until(() => procs(id).join() !== before.join())).toBe(true);
    }
    h.ok(['pause', id]);
    h.ok(['kill', id, 'KILL']);
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
    h.ok(['delete', id]);
    await h.expectNothingLeft();
  });

  it('stops a parent that waits for its vforked child', async () => {
    const id = h.running();
    const fifo = h.path('fifo');
    spawnSync('mkfifo', [fifo]);
    // glibc makes the child with CLONE_VFORK, and before it executes it waits for a writer of the fifo
    const parent = await inside(
      id,
      `print('up', flush=True)\nos.posix_spawn('/bin/true', ['true'], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, sys.argv[2], os.O_RDONLY, 0)])`,
      fifo,
    );
    // it waits so that only a signal that ends it is heard
    expect(await until(() => letter(parent.pid ?? 0) === 'D')).toBe(true);
    pauseAndResume(id);
    h.ok(['pause', id]);
    expect(isFrozen(id)).toBe(true);
    h.ok(['delete', '--force', id]);
    await h.expectNothingLeft();
  });

  it('stops what SIGSTOP has stopped, which stays so', async () => {
    const id = h.running([shell(`sleep 1000 & ${SLEEP}`)]);
    const { pid } = h.state(id);
    process.kill(pid, 'SIGSTOP');
    expect(await until(() => letter(pid) === 'T')).toBe(true);
    pauseAndResume(id);
    expect(await until(() => letter(pid) === 'T')).toBe(true);
    // continued while paused it still stands
    h.ok(['pause', id]);
    process.kill(pid, 'SIGCONT');
    await sleep(100);
    expect(isFrozen(id)).toBe(true);
    h.ok(['resume', id]);
    expect(await until(() => letter(pid) === 'S')).toBe(true);
  });

  it('stops what is traced, in its stop and beside it', async () => {
    const id = h.running([shell('while :; do sleep 0.05; done')]);
    const { pid } = h.state(id);
    const tracer = spawn(
      'python3',
      [
        '-c',
        `import ctypes, os, sys, time
c = ctypes.CDLL(None, use_errno=True); pid = int(sys.argv[1])
assert c.ptrace(16, pid, 0, 0) == 0
os.waitpid(pid, 0x40000000)
print('stopped', flush=True)
sys.stdin.readline()
assert c.ptrace(7, pid, 0, 0) == 0
print('on', flush=True)
sys.stdin.readline()`,
        String(pid),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    children.push(tracer);
    let said = '';
    tracer.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
    expect(await until(() => said.includes('stopped'))).toBe(true);
    expect(letter(pid)).toBe('t');
    pauseAndResume(id);
    tracer.stdin.write('\n');
    expect(await until(() => said.includes('on\n'))).toBe(true);
    pauseAndResume(id);
  });

  const noLoop = ['mkfs.ext4', 'fsfreeze', 'losetup'].find(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH } }).status !== 0,
  );
  it.skipIf(skipped('an uninterruptible sleep', noLoop === undefined ? undefined : `needs ${noLoop}`))(
    'fails for what sleeps uninterruptibly, names it, and leaves nothing half done',
    async () => {
      const directory = mkdtempSync('/var/tmp/tsrun-freezer-');
      const [image, mount] = [join(directory, 'image'), join(directory, 'mount')];
      mkdirSync(mount);
      const must = (program: string, ...args: string[]): void => {
        const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { PATH } });
        if (status !== 0) throw new Error(`${program}: ${stderr}`);
      };
      must('truncate', '--size=16M', image);
      must('mkfs.ext4', '-q', image);
      must('mount', '-o', 'loop', image, mount);
      let id = '';
      try {
        id = h.running();
        must('fsfreeze', '--freeze', mount);
        try {
          const writer = await inside(
            id,
            `print('up', flush=True)\nopen(sys.argv[2], 'w').write('x')\nsys.stdin.read()`,
            join(mount, 'file'),
          );
          expect(await until(() => letter(writer.pid ?? 0) === 'D')).toBe(true);
          const { status, stderr } = h.tsrun(['pause', id]);
          expect(status).toBe(1);
          expect(stderr).toMatch(new RegExp(`cannot pause container ${id}: .*not frozen after 10000 ms: .*state D.*: ${writer.pid ?? 0}`));
          expect(h.state(id).status).toBe('running');
          expect(read(join(cgroupOf(id), 'cgroup.freeze'))).toBe('0\n');
          // a signal for all is sent all the same
          h.ok(['kill', '--all', id, 'CONT']);
          expect(read(join(cgroupOf(id), 'cgroup.freeze'))).toBe('0\n');
        } finally {
          must('fsfreeze', '--unfreeze', mount);
        }
        pauseAndResume(id);
      } finally {
        if (id !== '') h.tsrun(['delete', '--force', id]);
        for (const child of children.splice(0)) child.kill('SIGKILL');
        await until(() => spawnSync('umount', [mount]).status === 0);
        if (!existsSync(join(mount, 'lost+found'))) rmSync(directory, { recursive: true, force: true });
      }
    },
  );

  it('reaches the cgroups that systemd made, and those below', async () => {
    const id = h.id();
    const own: Change = (config) => {
      config.linux.cgroupsPath = `system.slice:tsrun:${id}`;
    };
    const call = ['--systemd-cgroup', 'run', '--detach', '--bundle', h.bundle(shell(SLEEP), own, without('pid')), id];
    h.ok(call);
    const { pid } = h.state(id);
    const path = `/sys/fs/cgroup${/^0::(.*)$/m.exec(read(`/proc/${pid}/cgroup`))?.[1] ?? ''}`;
    expect(path).toContain('system.slice');
    h.ok(['pause', id]);
    expect(h.state(id).status).toBe('paused');
    expect(read(join(path, 'cgroup.events'))).toContain('frozen 1');
    expect(h.tsrun(['exec', id, 'true'])).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('cannot exec in a paused container') as string,
    });
    h.ok(['resume', id]);
    expect(read(join(path, 'cgroup.events'))).toContain('frozen 0');
    const stats = JSON.parse(h.ok(['events', '--stats', id])) as { data: { pids: { current: number } } };
    expect(stats.data.pids.current).toBeGreaterThan(0);
    h.ok(['kill', '--all', id, 'KILL']);
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
    h.ok(['delete', id]);
    await h.expectNothingLeft();
  });
});
