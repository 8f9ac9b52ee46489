// containerd's own client with tsrun beside runc, with both cgroup drivers: the same uses come to the same.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { dist, skipped } from '../integration/harness.js';
import {
  alike,
  call,
  type Daemon,
  drivers,
  imageArchive,
  makeScratch,
  type Outcome,
  plain,
  removeScratch,
  type Runtime,
  SEEN,
  startContainerd,
  which,
  whyNoEngine,
  whyNoSystemd,
} from './harness.js';

const reason = whyNoEngine('containerd', 'ctr');
const NAME = 'docker.io/library/busybox:latest';

/** The busybox as an image in the form of `docker save`, which `ctr images import` takes. */
function savedImage(scratch: string): string {
  const directory = join(scratch, 'saved');
  mkdirSync(directory);
  copyFileSync(imageArchive(scratch), join(directory, 'layer.tar'));
  const diff = createHash('sha256')
    .update(readFileSync(join(directory, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin:/usr/bin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diff}`] },
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify([{ Config: 'config.json', RepoTags: [NAME], Layers: ['layer.tar'] }]));
  const archive = join(scratch, 'saved.tar');
  execFileSync('tar', ['-C', directory, '-cf', archive, '.']);
  return archive;
}

describe.each(drivers)('ctr with the cgroup driver %s', (driver) => {
  const why = reason ?? (driver === 'systemd' ? whyNoSystemd() : undefined);

  describe.skipIf(skipped(`ctr with the cgroup driver ${driver}`, why))('and both runtimes', () => {
    const scratch = why === undefined ? makeScratch(`ctr-${driver}`) : '';
    let containerd: Daemon;

    const ctr = (...args: readonly string[]): Promise<Outcome> =>
      call(scratch, ['ctr', '--address', join(scratch, 'containerd.sock'), '--namespace', 'test', ...args]);

    /** A scope of tsrun's has the container in a cgroup below, as crun's has (docs/engines.md). */
    const scoped = (text: string): string => text.replace(/(\.scope)\/container$/gm, '$1');

    const seen = async (runtime: Runtime, ...args: readonly string[]): Promise<Outcome> => {
      const { status, stdout, stderr } = await ctr(...args);
      return { status, stdout: scoped(plain(stdout, runtime)), stderr: plain(stderr, runtime) };
    };

    /** The flags of `ctr run` for a container of this runtime, and its name. */
    const container = (runtime: Runtime, name: string): readonly string[] => {
      const id = `${name}-${runtime}`;
      const binary = runtime === 'tsrun' ? join(dist, 'tsrun') : (which('runc') ?? '');
      const cgroup = driver === 'systemd' ? ['--runc-systemd-cgroup', '--cgroup', `system.slice:ctr:${id}`] : ['--cgroup', `/ctr/${id}`];
      return ['--runc-binary', binary, ...cgroup];
    };

    beforeAll(async () => {
      containerd = await startContainerd(scratch);
      const { status, stderr } = await ctr('images', 'import', '--snapshotter', 'overlayfs', savedImage(scratch));
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    });

    afterAll(async () => {
      await containerd.stop();
      removeScratch(scratch);
    });

    it('runs a program: its output, its errors, its status, and all it sees', async () => {
      const { outcome, world } = await alike(async (runtime) => {
        const out = join(scratch, `out-${runtime}`);
        mkdirSync(out);
        const mount = ['--mount', `type=bind,src=${out},dst=/out,options=rbind:rw`];
        // into a file: now and then the client ends before it has read the last of much output
        const script = `{ ${SEEN}\n} >/out/seen 2>&1; echo out; echo err >&2; exit 3`;
        const outcome = await seen(
          runtime,
          'run',
          '--rm',
          ...container(runtime, 'all'),
          ...mount,
          NAME,
          `all-${runtime}`,
          'sh',
          '-c',
          script,
        );
        return { outcome, world: scoped(plain(readFileSync(join(out, 'seen'), 'utf8'), runtime)) };
      });
      expect(outcome).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
      expect(world).toContain('CapEff:\t00000000a80425fb');
    });

    it('says why nothing ran', async () => {
      const { status, stderr } = await alike((runtime) =>
        seen(runtime, 'run', '--rm', ...container(runtime, 'none'), NAME, `none-${runtime}`, 'nosuch'),
      );
      expect(status).toBe(1);
      expect(stderr).toContain('executable file not found in $PATH');
    });

    it('holds a program to its memory and its share of a processor', async () => {
      const script = 'cd /cgroup$(cut -d: -f3 /proc/self/cgroup); cat memory.max cpu.max; x=a; while :; do x=$x$x; done';
      const cgroups = 'type=bind,src=/sys/fs/cgroup,dst=/cgroup,options=rbind:ro';
      const { status, stdout } = await alike(
        (runtime) =>
        seen(runtime, 'run', '--rm', ...container(runtime, 'limits'), '--mount', cgroups, '--memory-limit', '33554432', '--cpus', '0.5', NAME, `limits-${runtime}`, 'sh', '-c', script), // prettier-ignore
      );
      expect(stdout).toBe('33554432\n50000 100000\n');
      expect(status).toBe(137);
    });

    it('manages a container from its start to its removal', async () => {
      const life = await alike(async (runtime) => {
        const id = `life-${runtime}`;
        const steps: Record<string, Outcome> = {};
        const note = async (step: string, ...args: readonly string[]): Promise<void> => {
          steps[step] = await seen(runtime, ...args);
        };
        await note(
          'run',
          'run',
          '--detach',
          ...container(runtime, 'life'),
          NAME,
          id,
          'sh',
          '-c',
          'trap "" TERM; while :; do sleep 1; done',
        );
        await note('exec', 'task', 'exec', '--exec-id', 'one', id, 'sh', '-c', 'id -u; cat /proc/self/cgroup; echo err >&2; exit 7');
        await note('exec missing', 'task', 'exec', '--exec-id', 'two', id, 'nosuch');
        await note('pause', 'task', 'pause', id);
        const listed = async (): Promise<string> =>
          (await ctr('task', 'ls')).stdout.split('\n').find((line) => line.startsWith(`${id} `)) ?? '';
        steps['paused'] = { status: 0, stdout: (await listed()).split(/ +/)[2] ?? '', stderr: '' };
        await note('resume', 'task', 'resume', id);
        await note('kill', 'task', 'kill', '--signal', 'SIGKILL', id);
        // the client's own way to wait for the end, which it then tells
        steps['delete'] = await seen(runtime, 'task', 'delete', '--force', id);
        await note('remove', 'container', 'delete', id);
        return steps;
      });
      expect(life).toMatchObject({
        run: { status: 0 },
        exec: { status: 7, stderr: expect.stringContaining('err\n') as string },
        'exec missing': { status: 1 },
        paused: { stdout: 'PAUSED' },
        kill: { status: 0 },
        remove: { status: 0 },
      });
    });
  });
});
