// Podman with tsrun beside runc, as root and as an ordinary user: the same uses, with both, come to the same.
import { readFileSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipped } from '../integration/harness.js';
import {
  alike,
  type CgroupDriver,
  Containers,
  IMAGE,
  ordinaryUser,
  plain,
  type Runtime,
  SEEN,
  whyNoEngine,
  whyNoSystemd,
} from './harness.js';

const reason = whyNoEngine('podman', 'conmon');
const user = ordinaryUser();

const STUBBORN = 'trap "" TERM; echo begun; while :; do sleep 1; done';
const EAT = 'x=a; while :; do x=$x$x; done';
const LIMITS = 'cd /sys/fs/cgroup; head memory.max memory.swap.max cpu.max pids.max';

/** From `run` to `rm`; what each step came to, by its name. */
async function life(podman: Containers, runtime: Runtime): Promise<Record<string, { status: number; stdout: string; stderr: string }>> {
  const name = `life-${runtime}`;
  const seen: Record<string, { status: number; stdout: string; stderr: string }> = {};
  const note = async (step: string, ...args: string[]): Promise<void> => {
    const { status, stdout, stderr } = await podman.call('podman', '--runtime', runtime, ...args);
    seen[step] = { status, stdout: plain(stdout, runtime), stderr: plain(stderr, runtime).replace(/^time="TIME" level=warning.*\n/gm, '') };
  };
  await note('run', 'run', '--detach', '--network', 'none', '--name', name, '--memory', '256m', IMAGE, 'sh', '-c', STUBBORN);
  await note('exec', 'exec', name, 'sh', '-c', 'id; cat /proc/self/cgroup; echo err >&2; exit 7');
  await note('exec missing', 'exec', name, 'nosuch');
  await note('exec terminal', 'exec', '--tty', name, 'sh', '-c', 'tty; exit 5');
  await note('pause', 'pause', name);
  await note('paused', 'inspect', '--format', '{{.State.Status}}', name);
  await note('unpause', 'unpause', name);
  await note('update', 'update', '--memory', '64m', '--memory-swap', '64m', '--cpus', '0.5', '--pids-limit', '20', name);
  await note('limits', 'exec', name, 'sh', '-c', LIMITS);
  await note('hit', 'exec', name, 'sh', '-c', EAT);
  await note('top', 'top', name, 'comm');
  await note('logs', 'logs', name);
  await note('stop', 'stop', '--time', '1', name);
  await note('state', 'inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', name);
  await note('start', 'start', name);
  await note('kill', 'kill', '--signal', 'KILL', name);
  await note('wait', 'wait', name);
  await note('rm', 'rm', name);
  return seen;
}

async function expectLife(podman: Containers): Promise<void> {
  const seen = await alike((runtime) => life(podman, runtime));
  expect(seen).toMatchObject({
    run: { status: 0 },
    exec: { status: 7, stderr: 'err\n' },
    'exec missing': { status: 127 },
    'exec terminal': { status: 5, stdout: '/dev/pts/0\r\n' },
    paused: { stdout: 'paused\n' },
    update: { status: 0 },
    hit: { status: 137 },
    logs: { stdout: 'begun\n' },
    state: { stdout: 'exited 137\n' },
    wait: { stdout: '137\n' },
    rm: { status: 0 },
  });
  expect(seen['limits']?.stdout).toContain('==> memory.max <==\n67108864\n');
  expect(seen['limits']?.stdout).toContain('==> cpu.max <==\n50000 100000\n');
}

/** The same as runc when a container takes more than its memory, more than its processes, or more than its processor. */
async function expectLimits(podman: Containers): Promise<void> {
  const state = await alike(async (runtime) => {
    const name = `eater-${runtime}`;
    const flags = ['--name', name, '--network', 'none', '--memory', '32m', '--memory-swap', '32m'];
    const { status } = await podman.call('podman', '--runtime', runtime, 'run', ...flags, IMAGE, 'sh', '-c', EAT);
    const inspected = await podman.ok('podman', 'inspect', '--format', '{{.State.OOMKilled}} {{.State.ExitCode}}', name);
    await podman.ok('podman', '--runtime', runtime, 'rm', name);
    return { status, inspected };
  });
  expect(state).toEqual({ status: 137, inspected: 'true 137\n' });
  const script = [
    'cd /sys/fs/cgroup; cat pids.max cpu.max',
    'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done',
    'awk \'$1 == "nr_throttled" { print ($2 > 0 ? "throttled" : "not throttled") }\' cpu.stat',
    'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait',
  ].join('\n');
  const { status, stdout, stderr } = await podman.shell(script, '--network', 'none', '--pids-limit', '6', '--cpus', '0.1');
  expect(stdout).toBe('6\n10000 100000\nthrottled\n');
  expect(stderr).toContain("can't fork");
  expect(status).toBe(2);
}

describe.each<CgroupDriver>(['cgroupfs', 'systemd'])('podman with the cgroup driver %s', (driver) => {
  const why = reason ?? (driver === 'systemd' ? whyNoSystemd() : undefined);

  describe.skipIf(skipped(`podman with the cgroup driver ${driver}`, why))('and both runtimes', () => {
    let podman: Containers;

    beforeAll(async () => {
      podman = new Containers('podman', driver);
      await podman.ok('podman', 'import', '--quiet', podman.path('busybox.tar'), IMAGE);
    });

    afterAll(async () => {
      await podman.end();
    });

    it('runs a program: its output, its errors, its status, and all it sees', async () => {
      const { status, stdout } = await podman.shell(`${SEEN}\necho err >&2; exit 3`);
      expect(status).toBe(3);
      expect(stdout).toContain('CapEff:\t00000000800405fb');
      expect(stdout).toMatch(/containers-default-\S+ \(enforce\)/);
    });

    it('holds a program to its memory, its pids and its share of a processor', async () => {
      await expectLimits(podman);
    });

    it('manages a container from its start to its removal', async () => {
      await expectLife(podman);
    });

    it('builds an image', async () => {
      writeFileSync(
        podman.path('Containerfile'),
        `FROM ${IMAGE}\nRUN id && cat /proc/self/cgroup && echo built > /built\nRUN cat /built\n`,
      );
      const built = await alike(async (runtime) => {
        const flags = ['--no-cache', '--network', 'none', '--file', podman.path('Containerfile'), '--tag', `built-${runtime}`];
        const { status, stdout, stderr } = await podman.call('podman', '--runtime', runtime, 'build', ...flags);
        return { status, stdout: plain(stdout, runtime).replace(/\b[0-9a-f]{11,12}\b/g, 'ID'), stderr: plain(stderr, runtime) };
      });
      expect(built).toMatchObject({ status: 0 });
      expect(built.stdout).toContain('uid=0(root)');
    });

    describe.skipIf(driver !== 'cgroupfs')('whatever the driver', () => {
      it('says in its status why nothing ran', async () => {
        expect((await podman.run('--network', 'none', IMAGE, 'nosuch')).status).toBe(127);
        expect((await podman.run('--network', 'none', IMAGE, '/etc/passwd')).status).toBe(126);
      });

      it('maps the ids of a user namespace, and takes away what a hardened container must not have', async () => {
        const flags = ['--uidmap', '0:200000:65536', '--gidmap', '0:200000:65536', '--read-only', '--user', '1000:1000'];
        flags.push('--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--tmpfs', '/scratch', '--ulimit', 'nofile=100:200');
        const script = `cat /proc/self/uid_map; ${SEEN}\ntouch /x 2>&1; touch /scratch/x && echo scratch`;
        const { stdout } = await podman.shell(script, '--network', 'none', ...flags);
        expect(stdout).toMatch(/^ +0 +200000 +65536\n/);
        expect(stdout).toContain('scratch\n');
      });

      it('gives a privileged container everything', async () => {
        const script =
          'grep -E "^(Cap|Sec)" /proc/self/status; mount -t tmpfs none /tmp && echo mounted; mkdir /sys/fs/cgroup/x && echo cgroup';
        const { stdout } = await podman.shell(script, '--privileged', '--network', 'host', '--pid', 'host');
        expect(stdout).toContain('CapEff:\t000001ffffffffff');
        expect(stdout).toContain('mounted\ncgroup\n');
      });
    });
  });
});

describe.each<CgroupDriver>(['cgroupfs', 'systemd'])('podman of an ordinary user with the cgroup driver %s', (driver) => {
  const why = reason ?? whyNoSystemd() ?? (user === undefined ? 'needs a user with subordinate ids and a session' : undefined);

  describe.skipIf(skipped(`podman of an ordinary user with the cgroup driver ${driver}`, why))('and both runtimes', () => {
    let podman: Containers;

    beforeAll(async () => {
      podman = new Containers('rootless', driver, user);
      await podman.ok('podman', 'import', '--quiet', podman.path('busybox.tar'), IMAGE);
    });

    afterAll(async () => {
      await podman.end();
    });

    it('runs a program: its output, its errors, its status, and all it sees', async () => {
      const { status, stdout } = await podman.shell(`cat /proc/self/uid_map; ${SEEN}\necho err >&2; exit 3`);
      expect(status).toBe(3);
      expect(stdout).toMatch(new RegExp(`^ +0 +${user?.uid ?? ''} +1\n`));
    });

    it('says in its status why nothing ran', async () => {
      expect((await podman.run('--network', 'none', IMAGE, 'nosuch')).status).toBe(127);
    });

    describe.skipIf(driver === 'cgroupfs')('with a cgroup of its own', () => {
      it('keeps the id of the user', async () => {
        const { stdout } = await podman.shell('id -u; cat /proc/self/cgroup', '--network', 'none', '--userns', 'keep-id');
        expect(stdout).toBe(`${user?.uid ?? ''}\n0::/\n`);
      });

      it('holds a program to its memory, its pids and its share of a processor', async () => {
        const controllers = readFileSync(`/sys/fs/cgroup/user.slice/user-${user?.uid ?? ''}.slice/user@${user?.uid ?? ''}.service/cgroup.controllers`, 'utf8'); // prettier-ignore
        expect(controllers).toMatch(/cpu.*memory.*pids/);
        await expectLimits(podman);
      });

      it('manages a container from its start to its removal', async () => {
        await expectLife(podman);
      });
    });
  });
});
