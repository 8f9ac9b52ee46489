// What Podman's users do, whoever they are: with tsrun as with runc.
import { expect } from 'vitest';

import { alike, type Containers, IMAGE, plain, type Runtime } from './harness.js';

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

/** From `run` to `rm`, the same as with runc. */
export async function expectLife(podman: Containers): Promise<void> {
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

/**
 * The same as runc when a container takes more than its memory, more than its processes, or more than its processor. What takes the
 * memory is not the first process. Whether conmon tells Podman of it is not compared: with runc it misses it now and then.
 */
export async function expectLimits(podman: Containers): Promise<void> {
  const state = await alike(async (runtime) => {
    const name = `eater-${runtime}`;
    const flags = ['--name', name, '--network', 'none', '--memory', '32m', '--memory-swap', '32m'];
    const script = `(${EAT}); exit $?`;
    const { status } = await podman.call('podman', '--runtime', runtime, 'run', ...flags, IMAGE, 'sh', '-c', script);
    const inspected = await podman.ok('podman', 'inspect', '--format', '{{.State.ExitCode}}', name);
    await podman.ok('podman', '--runtime', runtime, 'rm', name);
    return { status, inspected };
  });
  expect(state).toEqual({ status: 137, inspected: '137\n' });
  const script = [
    'cd /sys/fs/cgroup; cat pids.max cpu.max',
    'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done',
    'awk \'$1 == "nr_throttled" { print ($2 > 0 ? "throttled" : "not throttled") }\' cpu.stat',
    'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait',
  ].join('\n');
  const { status, stdout, stderr } = await podman.shell(script, '--network', 'none', '--pids-limit', '6', '--cpus', '0.1');
  expect(stdout).toBe('6\n10000 100000\nthrottled\n');
  expect(stderr).toContain("can't fork");
  expect(status).toBe(2);
}
