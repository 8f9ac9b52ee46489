// `run` as its callers see it: statuses, signals, streams.
import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, shell, skipped, until, whyNoContainers, without } from './harness.js';

const h = harness('run');

describe.skipIf(skipped('run', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  describe('run', () => {
    it.each([0, 1, 7, 126, 127, 255])("ends with the program's status %i", async (status) => {
      expect(h.run([shell(`exit ${status}`)], on)).toEqual({ status, stdout: '', stderr: '', later: expect.anything() as unknown });
      await h.expectNothingLeft();
    });

    it('ends with 128 + N when signal N ended the program', async () => {
      expect(h.run([shell('kill -9 $$'), without('pid')], on).status).toBe(137);
      expect(h.run([shell('kill -TERM $$'), without('pid')], on).status).toBe(143);
      await h.expectNothingLeft();
    });

    it('ends with 128 + 9 when kill ends it', async () => {
      const id = h.id();
      const call = h.spawn(['run', '--bundle', h.bundle(shell(SLEEP)), id], on);
      expect(await until(() => h.status(id) === 'running')).toBe(true);
      h.ok(['kill', id, 'KILL'], on);
      expect((await call.ended).status).toBe(137);
      await h.expectNothingLeft();
    });

    it.each(['TERM', 'INT', 'HUP', 'USR1', 'USR2', 'QUIT', 'ALRM', 'WINCH'] as const)('passes SIG%s on', async (signal) => {
      const call = h.spawn(
        ['run', '--bundle', h.bundle(shell(`trap "echo got; exit 5" ${signal}; echo up; while :; do sleep 0.05; done`)), h.id()],
        on,
      );
      expect(await until(() => call.out() === 'up\n')).toBe(true);
      process.kill(call.pid, `SIG${signal}`);
      expect(await call.ended).toEqual({ status: 5, stdout: 'up\ngot\n', stderr: '' });
      await h.expectNothingLeft();
    });

    it('a signal that is passed on and ends the program shows in the status', async () => {
      const call = h.spawn(['run', '--bundle', h.bundle(without('pid'), shell('echo up; exec sleep 1000')), h.id()], on);
      expect(await until(() => call.out() === 'up\n')).toBe(true);
      expect(await until(() => h.processes().some((line) => line.includes('sleep 1000')))).toBe(true);
      process.kill(call.pid, 'SIGTERM');
      expect((await call.ended).status).toBe(143);
      await h.expectNothingLeft();
    });

    it('gives the program its standard input', async () => {
      expect(h.run([shell('tr a-z A-Z')], { ...on, input: 'hello\n' })).toMatchObject({ status: 0, stdout: 'HELLO\n' });
      await h.expectNothingLeft();
    });

    it('reaps what the container leaves to it', async () => {
      const script = 'trap "exit 0" TERM; sh -c "sleep 0.1 & echo \\$!"; echo up; sleep 1000 & wait';
      const call = h.spawn(['run', '--bundle', h.bundle(without('pid'), shell(script)), h.id()], on);
      expect(await until(() => call.out().endsWith('up\n'))).toBe(true);
      const orphan = /^(\d+)\nup\n$/.exec(call.out())?.[1] ?? '';
      expect(orphan).not.toBe('');
      // as a zombie it would stay there
      expect(await until(() => !existsSync(`/proc/${orphan}`))).toBe(true);
      process.kill(call.pid, 'SIGTERM');
      expect((await call.ended).status).toBe(0);
      await h.expectNothingLeft();
    });

    it('detached returns at once and leaves the container running', async () => {
      const id = h.id();
      const call = h.tsrun(['run', '--detach', '--bundle', h.bundle(shell(`echo up; ${SLEEP}`)), '--pid-file', h.path('pid'), id], on);
      expect(call.status).toBe(0);
      expect(h.state(id)).toMatchObject({ status: 'running', pid: Number(readFileSync(h.path('pid'), 'utf8')) });
      expect(await until(() => call.later() === 'up\n')).toBe(true);
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('keeps the container with --keep', async () => {
      const id = h.id();
      expect(h.tsrun(['run', '--keep', '--bundle', h.bundle(shell('exit 3')), id], on).status).toBe(3);
      expect(h.state(id).status).toBe('stopped');
      h.ok(['delete', id], on);
      await h.expectNothingLeft();
    });

    it.each([
      ['no-such-program', /executable file not found|no such file or directory/],
      ['/no/such/program', /no such file or directory/],
      ['/etc/passwd', /permission denied/],
      ['/etc', /is a directory|permission denied/],
      ['/etc/passwd/x', /not a directory/],
    ])('%s fails with the words for it', async (program, words) => {
      const { status, stderr } = h.run([(config) => (config.process.args = [program])], on);
      expect(status).toBe(1);
      expect(stderr).toMatch(words);
      expect(stderr).toMatch(/(run|create) failed: unable to start container process: /);
      await h.expectNothingLeft();
    });
  });
});
