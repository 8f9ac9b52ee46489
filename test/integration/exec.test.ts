// `exec` as its callers see it: statuses, what it takes from where, signals.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import { SLEEP, commandOf, harness, hosts, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('exec');

describe.skipIf(skipped('exec', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };
  const refusal = (args: readonly string[], status = 1): string => h.refusal(args, status, on);

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  /** A container that waits for `start`. */
  function created(...changes: Change[]): string {
    const id = h.id();
    h.ok(['create', '--bundle', h.bundle(...(changes.length === 0 ? [shell(SLEEP)] : changes)), id], on);
    return id;
  }

  async function stopped(id: string): Promise<void> {
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
  }

  describe('exec', () => {
    it('ends with the status of its program, 255 when there is none', () => {
      const id = h.running(undefined, on);
      expect(h.tsrun(['exec', id, 'sh', '-c', 'echo out; echo err >&2; exit 9'], on)).toMatchObject({
        status: 9,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      expect(h.tsrun(['exec', id, 'sh', '-c', 'kill -TERM $$'], on).status).toBe(143);
      expect(refusal(['exec', id, 'no-such-program'], 255)).toMatch(
        /^exec failed: .*(executable file not found|no such file or directory)/,
      );
      expect(refusal(['exec', h.id('none'), 'true'], 255)).toContain('does not exist');
    });

    it('takes from the config what the flags do not say', () => {
      const id = h.running([shell(SLEEP), (config) => (config.process.env = ['PATH=/bin', 'A=a', 'B=b'])], on);
      expect(
        h.ok(['exec', '--env', 'B=c', '--cwd', '/tmp', '--user', '1000:1000', id, 'sh', '-c', 'echo $A $B; pwd; id -u; id -g'], on),
      ).toBe('a c\n/tmp\n1000\n1000\n');
      expect(h.ok(['exec', '-g', '7', '-g', '8', id, 'id', '-G'], on)).toBe('0 7 8\n');
    });

    it('takes a process file', () => {
      const id = h.running(undefined, on);
      const process = { args: ['sh', '-c', 'echo $X in $(pwd)'], cwd: '/etc', env: ['PATH=/bin', 'X=y'], user: { uid: 0, gid: 0 } };
      writeFileSync(h.path('process.json'), JSON.stringify(process));
      expect(h.ok(['exec', '--process', h.path('process.json'), id], on)).toBe('y in /etc\n');
      writeFileSync(h.path('process.json'), JSON.stringify({ ...process, cwd: 'etc' }));
      expect(refusal(['exec', '--process', h.path('process.json'), id], 255)).toMatch(/cwd: must be absolute/);
    });

    it('shares all namespaces and the cgroup with the container', () => {
      const id = h.running(undefined, on);
      const { pid } = h.state(id);
      const names = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts', 'time', 'user'];
      const inside = h.ok(
        [
          'exec',
          id,
          'sh',
          '-c',
          `for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; readlink /proc/1/ns/$n; done; cat /proc/self/cgroup`,
        ],
        on,
      );
      const lines = inside.trim().split('\n');
      names.forEach((_, at) => expect(lines[2 * at]).toBe(lines[2 * at + 1]));
      expect(pid).toBeGreaterThan(0);
      expect(lines.find((line) => line.startsWith('0::')) ?? '0::/').toBe('0::/');
    });

    it('detached returns at once, with a pid file', async () => {
      const id = h.running(undefined, on);
      h.ok(['exec', '--detach', '--pid-file', h.path('pid'), id, 'sleep', '1000'], on);
      const text = readFileSync(h.path('pid'), 'utf8');
      expect(text).toMatch(/^[1-9][0-9]*$/);
      expect(await commandOf(Number(text))).toBe('sleep\x001000\0');
      expect(JSON.parse(h.ok(['ps', '--format', 'json', id], on))).toContain(Number(text));
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('passes signals on, and its standard input', async () => {
      const id = h.running(undefined, on);
      expect(h.ok(['exec', id, 'tr', 'a-z', 'A-Z'], { ...on, input: 'hello\n' })).toBe('HELLO\n');
      const call = h.spawn(['exec', id, 'sh', '-c', 'trap "echo got; exit 4" TERM; echo up; while :; do sleep 0.05; done'], on);
      expect(await until(() => call.out() === 'up\n')).toBe(true);
      process.kill(call.pid, 'SIGTERM');
      expect(await call.ended).toEqual({ status: 4, stdout: 'up\ngot\n', stderr: '' });
    });

    it('refuses a container that is not up, and a frozen one', async () => {
      const id = h.running(undefined, on);
      const [cgroup] = h.cgroups();
      if (cgroup !== undefined) {
        writeFileSync(join(cgroup, 'cgroup.freeze'), '1');
        expect(await until(() => h.state(id).status === 'paused')).toBe(true);
        expect(refusal(['exec', id, 'true'], 255)).toContain('cannot exec in a paused container');
        writeFileSync(join(cgroup, 'cgroup.freeze'), '0');
      }
      h.ok(['kill', id, 'KILL'], on);
      await stopped(id);
      expect(refusal(['exec', id, 'true'], 255)).toContain('cannot exec in a stopped container');
    });

    it('works in a container that is created and not started', () => {
      const id = created();
      expect(h.ok(['exec', id, 'hostname'], on)).toBe('tsrun\n');
      h.ok(['start', id], on);
    });
  });
});
