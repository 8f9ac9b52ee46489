// Docker with tsrun beside runc, with both cgroup drivers: the same uses come to the same.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipped, sleep } from '../integration/harness.js';
import { alike, Docker, drivers, IMAGE, type Outcome, plain, type Runtime, SEEN, whyNoEngine, whyNoSystemd } from './harness.js';

const reason = whyNoEngine('dockerd', 'containerd', 'docker');

/** Ends by SIGKILL only. */
const STUBBORN = 'trap "" TERM; while :; do sleep 1; done';

const EAT = 'x=a; while :; do x=$x$x; done';

describe.each(drivers)('docker with the cgroup driver %s', (driver) => {
  const why = reason ?? (driver === 'systemd' ? whyNoSystemd() : undefined);

  describe.skipIf(skipped(`docker with the cgroup driver ${driver}`, why))('and both runtimes', () => {
    let docker: Docker;

    beforeAll(async () => {
      docker = await Docker.start(driver);
    });

    afterAll(async () => {
      await docker.stop();
    });

    it('runs a program: its output, its errors, its status, and all it sees', async () => {
      const { status, stdout } = await docker.shell(`${SEEN}\necho err >&2; exit 3`);
      expect(status).toBe(3);
      expect(stdout).toContain('CapEff:\t00000000a80425fb');
      expect(stdout).toContain('docker-default (enforce)');
    });

    // not the first process, and that ends when all have heard: systemd removes a scope with its last process, and with the scope the
    // events, at times before the shim has read them
    it('kills what takes more than its memory, and says so', async () => {
      const state = await alike(async (runtime) => {
        const name = `eater-${runtime}`;
        const script = `(${EAT}); status=$?; until [ -e /heard ]; do sleep 0.1; done; exit $status`;
        await docker.ok('run', '--detach', '--runtime', runtime, '--name', name, '--memory', '32m', '--memory-swap', '32m', IMAGE, 'sh', '-c', script); // prettier-ignore
        const heard = async (): Promise<boolean> => (await docker.inspect<{ OOMKilled: boolean }>(name, '.State')).OOMKilled;
        for (const end = Date.now() + 60_000; !(await heard()) && Date.now() < end;) await sleep(100);
        await docker.ok('exec', name, 'touch', '/heard');
        const status = (await docker.ok('wait', name)).trim();
        const { OOMKilled, ExitCode } = await docker.inspect<{ OOMKilled: boolean; ExitCode: number }>(name, '.State');
        return { status, OOMKilled, ExitCode };
      });
      expect(state).toEqual({ status: '137', OOMKilled: true, ExitCode: 137 });
    });

    it('holds a program to its pids and its share of a processor', async () => {
      const script = [
        'cd /sys/fs/cgroup; cat pids.max cpu.max cpuset.cpus memory.low',
        'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done',
        'awk \'$1 == "nr_throttled" { print ($2 > 0 ? "throttled" : "not throttled") }\' cpu.stat',
        'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait',
      ].join('\n');
      const flags = ['--pids-limit', '6', '--cpus', '0.1', '--cpu-shares', '2048', '--cpuset-cpus', '0', '--memory-reservation', '16m'];
      const { status, stdout, stderr } = await docker.shell(script, ...flags);
      expect(stdout).toMatch(/^6\n10000 100000\n/);
      expect(stdout).toContain('\nthrottled');
      expect(stderr).toContain("can't fork");
      expect(status).toBe(2);
    });

    it('manages a container from its start to its removal', async () => {
      const run = async (runtime: Runtime): Promise<Record<string, unknown>> => {
        const name = `life-${runtime}`;
        const seen: Record<string, unknown> = {};
        const note = async (step: string, ...args: string[]): Promise<void> => {
          const { status, stdout, stderr } = await docker.call(...args);
          seen[step] = { status, stdout: plain(stdout, runtime), stderr: plain(stderr, runtime) };
        };
        const limits = 'cd /sys/fs/cgroup; head memory.max memory.swap.max cpu.max pids.max cpuset.cpus';
        await note('run', 'run', '--detach', '--name', name, '--runtime', runtime, '--memory', '256m', IMAGE, 'sh', '-c', STUBBORN);
        await note('exec', 'exec', name, 'sh', '-c', 'id; cat /proc/self/cgroup; echo err >&2; exit 7');
        await note('exec missing', 'exec', name, 'nosuch');
        await note('top', 'top', name, '-o', 'pid,comm');
        const commands = (seen['top'] as Outcome).stdout.split('\n').map((line) => line.split(/ +/).at(-1));
        // between one sleep and the next there is none
        seen['top'] = commands.filter((command) => command !== 'sleep');
        await note('pause', 'pause', name);
        seen['paused'] = await docker.inspect(name, '.State.Status');
        await note('exec paused', 'exec', name, 'true');
        await note('unpause', 'unpause', name);
        await note('update', 'update', '--memory', '64m', '--memory-swap', '64m', '--cpus', '0.5', '--pids-limit', '20', '--cpu-shares', '512', '--cpuset-cpus', '0', name); // prettier-ignore
        await note('limits', 'exec', name, 'sh', '-c', limits);
        await note('hit', 'exec', name, 'sh', '-c', EAT);
        await note('stop', 'stop', '--time', '1', name);
        seen['state'] = await docker.inspect<{ ExitCode: number; Status: string }>(name, '.State').then(({ ExitCode, Status }) => ({ ExitCode, Status })); // prettier-ignore
        await note('start', 'start', name);
        await note('kill', 'kill', '--signal', 'KILL', name);
        await note('wait', 'wait', name);
        await note('rm', 'rm', name);
        return seen;
      };
      const seen = await alike(run);
      expect(seen).toMatchObject({
        run: { status: 0 },
        exec: { status: 7, stderr: 'err\n' },
        'exec missing': { status: 126 },
        paused: 'paused',
        'exec paused': { status: 1 },
        update: { status: 0 },
        hit: { status: 137 },
        state: { ExitCode: 137, Status: 'exited' },
        wait: { stdout: '137\n' },
      });
      expect(seen['top']).toEqual(['COMMAND', 'sh', '']);
      expect((seen['limits'] as { stdout: string }).stdout).toContain('==> memory.max <==\n67108864\n');
    });
  });
});
