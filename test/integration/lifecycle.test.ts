// The life of a container as its callers see it: commands, words, exit statuses, files and sockets.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, isAlive, shell, skipped, until, whyNoContainers, without, type Change } from './harness.js';

const h = harness('lifecycle');

/** What a python fixture of ours prints. */
function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

const helpers: ChildProcess[] = [];
afterEach(() => {
  for (const child of helpers.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

describe.skipIf(skipped('lifecycle', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  /** A container that waits for `start`. */
  function created(...changes: Change[]): string {
    const id = h.id();
    h.ok(['create', '--bundle', h.bundle(...(changes.length === 0 ? [shell(SLEEP)] : changes)), id], on);
    return id;
  }

  const refusal = (args: readonly string[], status = 1): string => h.refusal(args, status, on);

  async function stopped(id: string): Promise<void> {
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
  }

  describe('create, start, kill, delete', () => {
    it('keep their state below a symlink and on another file system, as /var/run is, and remove it', () => {
      const shm = mkdtempSync('/dev/shm/tsrun-test-');
      const link = h.path('elsewhere');
      symlinkSync(shm, link);
      try {
        const id = h.id();
        const elsewhere = { ...on, root: join(link, 'tsrun') };
        h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id], elsewhere);
        h.ok(['delete', '--force', id], elsewhere);
        expect(readdirSync(join(shm, 'tsrun'))).toEqual([]);
      } finally {
        rmSync(shm, { recursive: true });
        rmSync(link);
      }
    });

    it('go from created over running to stopped, and leave nothing', async () => {
      const id = h.id();
      const pidFile = h.path('pid');
      const call = h.tsrun(['create', '--bundle', h.bundle(shell(`trap "exit 0" TERM; echo up; ${SLEEP}`)), '--pid-file', pidFile, id], on);
      expect({ status: call.status, stdout: call.stdout, stderr: call.stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
      const text = readFileSync(pidFile, 'utf8');
      expect(text).toMatch(/^[1-9][0-9]*$/);
      expect(h.state(id)).toMatchObject({ id, status: 'created', pid: Number(text) });
      expect(call.later()).toBe('');

      expect(h.ok(['start', id], on)).toBe('');
      expect(h.state(id)).toMatchObject({ status: 'running', pid: Number(text) });
      expect(await until(() => call.later() === 'up\n')).toBe(true);

      h.ok(['kill', id, 'TERM'], on);
      await stopped(id);
      expect(h.state(id).pid).toBe(0);
      h.ok(['delete', id], on);
      expect(refusal(['state', id])).toContain('does not exist');
      await h.expectNothingLeft();
    });

    it('state shows its keys in order', () => {
      const id = created((config) => {
        config.annotations = { 'org.example.a': 'b' };
      });
      const text = h.ok(['state', id], on);
      expect(Object.keys(json(text))).toEqual(['ociVersion', 'id', 'pid', 'status', 'bundle', 'rootfs', 'created', 'annotations', 'owner']);
      expect(json(text)).toMatchObject({ rootfs: h.rootfs, owner: 'root', annotations: { 'org.example.a': 'b' } });
      expect(json(text)['created']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
      expect(text).toMatch(/^\{\n {2}"ociVersion"/);
    });

    it('a second create of the same id is refused, and harms the first in nothing', () => {
      const id = created();
      expect(refusal(['create', '--bundle', h.bundle(), id])).toContain('container with given ID already exists');
      expect(h.state(id).status).toBe('created');
      h.ok(['start', id], on);
    });

    it('of eight at once with one id exactly one wins', async () => {
      const id = h.id();
      const bundle = h.bundle(shell(SLEEP));
      const calls = Array.from({ length: 8 }, () => h.spawn(['create', '--bundle', bundle, id], on));
      const results = await Promise.all(calls.map(({ ended }) => ended));
      expect(results.filter(({ status }) => status === 0)).toHaveLength(1);
      for (const { stderr } of results.filter(({ status }) => status !== 0))
        expect(stderr).toContain('container with given ID already exists');
      expect(h.state(id).status).toBe('created');
      h.ok(['start', id], on);
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('start refuses what it cannot start', async () => {
      const id = created();
      h.ok(['start', id], on);
      expect(refusal(['start', id])).toContain('cannot start an already running container');
      h.ok(['kill', id, 'KILL'], on);
      await stopped(id);
      expect(refusal(['start', id])).toContain('cannot start a container that has stopped');
      expect(refusal(['start', h.id('none')])).toContain('does not exist');
    });

    it('of four starts at once exactly one wins', async () => {
      const id = created();
      const results = await Promise.all(Array.from({ length: 4 }, () => h.spawn(['start', id], on).ended));
      expect(results.filter(({ status }) => status === 0)).toHaveLength(1);
      for (const { stderr } of results.filter(({ status }) => status !== 0))
        expect(stderr).toContain('cannot start an already running container');
    });

    it('a program that is not there is found out by create, and nothing is left', async () => {
      const id = h.id();
      const bundle = h.bundle((config) => (config.process.args = ['no-such-program']));
      expect(refusal(['create', '--bundle', bundle, id])).toMatch(/executable file not found|no such file or directory/);
      await h.expectNothingLeft();
    });

    it('a program whose interpreter is missing fails at start', async () => {
      const rootfs = h.ownRoot();
      writeFileSync(join(rootfs, 'bin/script'), '#!/no/such/interpreter\n', { mode: 0o755 });
      const id = created((config) => {
        config.root.path = rootfs;
        config.process.args = ['/bin/script'];
      });
      expect(refusal(['start', id])).toContain('exec /bin/script: no such file or directory');
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('without a process it is created, and start refuses', async () => {
      const config = { ...h.config(), process: undefined };
      const id = h.id();
      h.ok(['create', '--bundle', h.bundleOf(config), id], on);
      expect(h.state(id).status).toBe('created');
      expect(refusal(['start', id])).toContain('/process: is required to start a container');
      h.ok(['delete', id], on);
      await h.expectNothingLeft();
    });

    it('a bundle that disappears after create is not missed', async () => {
      const id = h.id();
      const config = h.config(shell('cat /etc/passwd | head -n1; ' + SLEEP));
      const bundle = h.bundleOf(config);
      const call = h.tsrun(['create', '--bundle', bundle, id], on);
      expect(call.status).toBe(0);
      rmSync(bundle, { recursive: true });
      h.ok(['start', id], on);
      expect(await until(() => call.later().startsWith('root:'))).toBe(true);
      expect(h.ok(['exec', id, 'echo', 'still here'], on)).toBe('still here\n');
      h.ok(['kill', id, 'KILL'], on);
      await stopped(id);
      h.ok(['delete', id], on);
      await h.expectNothingLeft();
    });

    it('the bundle is the working directory if none is given, and --config another config', async () => {
      const bundle = h.bundle(shell('echo here'));
      expect(h.ok(['run', h.id()], { ...on, cwd: bundle })).toBe('here\n');
      writeFileSync(h.path('other.json'), JSON.stringify(h.config(shell('echo other'))));
      expect(h.ok(['run', '--config', h.path('other.json'), h.id()], { ...on, cwd: bundle })).toBe('other\n');
      await h.expectNothingLeft();
    });
  });

  describe('kill', () => {
    it.each(['USR1', 'SIGUSR1', 'usr1', 'sigusr1', '10'])('takes %s', async (signal) => {
      const id = h.id();
      const call = h.tsrun(
        ['create', '--bundle', h.bundle(shell('trap "echo got; exit 0" USR1; echo up; while :; do sleep 0.05; done')), id],
        on,
      );
      h.ok(['start', id], on);
      expect(await until(() => call.later() === 'up\n')).toBe(true);
      h.ok(['kill', id, signal], on);
      expect(await until(() => call.later() === 'up\ngot\n')).toBe(true);
    });

    it('refuses what is no signal', () => {
      const id = created();
      expect(refusal(['kill', id, 'NOSUCH'])).toMatch(/NOSUCH/);
      expect(refusal(['kill', id, '4711'])).toMatch(/4711/);
      expect(h.state(id).status).toBe('created');
    });

    it('of a stopped container says that it is not running; with --all it is well', async () => {
      const id = created();
      h.ok(['kill', id, 'KILL'], on);
      await stopped(id);
      expect(refusal(['kill', id, 'TERM'])).toContain('container not running');
      h.ok(['kill', '--all', id, 'KILL'], on);
      expect(refusal(['kill', h.id('none')])).toContain('does not exist');
    });

    it('KILL ends all processes of a container that shares our pid namespace', async () => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(without('pid'), shell('sleep 1000 & sleep 1000 & sleep 1000')), id], on);
      h.ok(['start', id], on);
      expect(await until(() => h.processes().length >= 3)).toBe(true);
      h.ok(['kill', id, 'KILL'], on);
      expect(await until(() => h.processes().length === 0)).toBe(true);
      h.ok(['delete', id], on);
      await h.expectNothingLeft();
    });
  });

  describe('delete', () => {
    it('refuses a running container, by its name and status', () => {
      const id = h.running(undefined, on);
      expect(refusal(['delete', id])).toContain(`cannot delete container ${id} that is not stopped: running`);
      expect(h.state(id).status).toBe('running');
    });

    it('removes one that was never started', async () => {
      const id = created();
      h.ok(['delete', id], on);
      await h.expectNothingLeft();
    });

    it('of one that does not exist fails, and with --force does not', () => {
      expect(refusal(['delete', h.id('none')])).toContain('does not exist');
      expect(h.ok(['delete', '--force', h.id('none')], on)).toBe('');
    });

    it('--force removes a created, a running and a stopped one', async () => {
      const ids = [created(), h.running(undefined, on), h.running([shell('true')], on)];
      await stopped(ids[2] ?? '');
      for (const id of ids) expect(h.ok(['delete', '--force', id], on)).toBe('');
      await h.expectNothingLeft();
    });

    it('--force removes a frozen one', async () => {
      const id = h.running(undefined, on);
      const [cgroup = ''] = h.cgroups();
      if (skipped('a frozen container', cgroup === '' ? 'no cgroup v2' : undefined)) return;
      writeFileSync(join(cgroup, 'cgroup.freeze'), '1');
      expect(await until(() => h.state(id).status === 'paused')).toBe(true);
      expect(refusal(['delete', id])).toContain('that is not stopped: paused');
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('--force removes one whose runtime was killed while it made it', async () => {
      const id = h.id();
      const hook = { path: '/bin/sh', args: ['sh', '-c', `echo $$ > ${h.path('hook')}; exec sleep 1000`] };
      const call = h.spawn(['create', '--bundle', h.bundle((config) => (config.hooks = { createRuntime: [hook] })), id], on);
      expect(await until(() => existsSync(h.path('hook')) && readFileSync(h.path('hook'), 'utf8').endsWith('\n'))).toBe(true);
      expect(h.state(id).status).toBe('creating');
      process.kill(call.pid, 'SIGKILL');
      await call.ended;
      // a hook is its own master
      process.kill(Number(readFileSync(h.path('hook'), 'utf8')), 'SIGKILL');
      rmSync(h.path('hook'));
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('--force removes one whose other processes live on', async () => {
      const id = h.running([without('pid'), shell('sleep 1000 & exit 0')], on);
      await stopped(id);
      await until(() => h.processes().length === 1);
      expect(h.processes()).toHaveLength(1);
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('of eight at once all do well, or find nothing', async () => {
      const id = h.running(undefined, on);
      const results = await Promise.all(Array.from({ length: 8 }, () => h.spawn(['delete', '--force', id], on).ended));
      for (const { status, stderr } of results) expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
      await h.expectNothingLeft();
    });
  });

  describe('a state', () => {
    function stateFile(id: string): string {
      return join(h.root, id, 'state.json');
    }

    it.each(['', '{', '{"id":"x"}', '[]', 'null', '\0\0\0\0'])(
      'that is damaged (%j) is told, and delete --force removes it',
      async (text) => {
        const id = h.id('damaged');
        mkdirSync(join(h.root, id), { recursive: true });
        writeFileSync(stateFile(id), text);
        for (const command of ['state', 'start', 'kill', 'delete']) expect(refusal([command, id])).toContain('its state file is damaged');
        expect(refusal(['exec', id, 'true'], 255)).toContain('its state file is damaged');
        expect(h.tsrun(['list', '-q'], on)).toMatchObject({ status: 0, stdout: '' });
        h.ok(['delete', '--force', id], on);
        await h.expectNothingLeft();
      },
    );

    it('that is damaged while the container runs keeps delete --force from nothing', async () => {
      const id = h.running(undefined, on);
      const { pid } = h.state(id);
      writeFileSync(stateFile(id), '{"id":');
      expect(refusal(['state', id])).toContain('its state file is damaged');
      h.ok(['delete', '--force', id], on);
      expect(await until(() => !existsSync(`/proc/${pid}`))).toBe(true);
      await h.expectNothingLeft();
    });

    it('that is missing is a container that does not exist, and delete --force removes the rest', async () => {
      const id = h.id('empty');
      mkdirSync(join(h.root, id), { recursive: true });
      expect(refusal(['state', id])).toContain('does not exist');
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it('that names a pid of another process touches it in nothing', async () => {
      const foreign = spawn('sleep', ['1000'], { stdio: 'ignore' });
      helpers.push(foreign);
      // start times count hundredths of a second; a pid is not used again that fast
      await new Promise((done) => setTimeout(done, 100));
      const id = created();
      const saved = json(readFileSync(stateFile(id), 'utf8'));
      h.ok(['kill', id, 'KILL'], on);
      await stopped(id);
      // the startTime is that of the container's process, which is gone
      writeFileSync(stateFile(id), JSON.stringify({ ...saved, pid: foreign.pid }));
      expect(h.state(id)).toMatchObject({ status: 'stopped', pid: 0 });
      expect(refusal(['kill', id, 'KILL'])).toContain('container not running');
      expect(refusal(['exec', id, 'true'], 255)).toContain('stopped');
      expect(refusal(['start', id])).toContain('cannot start a container that has stopped');
      h.ok(['kill', '--all', id, 'KILL'], on);
      h.ok(['delete', '--force', id], on);
      expect(isAlive(foreign.pid ?? 0)).toBe(true);
      await h.expectNothingLeft();
    });
  });

  describe('list and ps', () => {
    it('show containers and processes', async () => {
      mkdirSync(h.root, { recursive: true, mode: 0o700 });
      expect(h.ok(['list'], on)).toMatch(/^ID +PID +STATUS +BUNDLE +CREATED +OWNER\n$/);
      expect(h.ok(['list', '--format', 'json'], on)).toBe('null\n');
      const [first, second] = [created(), h.running(undefined, on)];
      const rows = h.ok(['list'], on).trim().split('\n');
      expect(rows).toHaveLength(3);
      expect(rows[1]).toMatch(new RegExp(`^${first} +\\d+ +created +/`));
      expect(rows[2]).toMatch(new RegExp(`^${second} +\\d+ +running +/`));
      expect(h.ok(['list', '-q'], on)).toBe(`${first}\n${second}\n`);
      const text = h.ok(['list', '-f', 'json'], on);
      expect(text.trimEnd()).not.toContain('\n');
      const all = JSON.parse(text) as Record<string, unknown>[];
      expect(all.map(({ id, status }) => ({ id, status }))).toEqual([
        { id: first, status: 'created' },
        { id: second, status: 'running' },
      ]);

      const { pid } = h.state(second);
      // the shell, and the sleep that it starts
      const listed = (): number[] => JSON.parse(h.ok(['ps', '--format', 'json', second], on)) as number[];
      expect(await until(() => listed().length === 2)).toBe(true);
      const pids = listed();
      expect(pids).toContain(pid);
      const table = h.ok(['ps', second], on).trim().split('\n');
      expect(table[0]).toMatch(/^UID +PID/);
      expect(table.length).toBe(pids.length + 1);
      expect(h.ok(['ps', second, '-o', 'pid,comm'], on)).toMatch(/^ *PID COMMAND\n/);
      expect(refusal(['ps', h.id('none')])).toContain('does not exist');
    });
  });

  describe('words and statuses', () => {
    it('are those of other runtimes', () => {
      expect(h.tsrun(['no-such-command'], on).status).toBe(3);
      expect(h.tsrun(['state'], on)).toMatchObject({ status: 1, stdout: expect.stringContaining('state') as unknown });
      expect(h.tsrun(['create', '--bundle', h.path('nowhere'), h.id()], on)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('no such file or directory') as unknown,
      });
      for (const id of ['..', '.', 'a/b', '', 'a b', '-'.repeat(2000)]) expect(h.tsrun(['state', '--', id], on).status).toBe(1);
      expect(h.states()).toEqual([]);
    });

    it('an error goes to the log as JSON and to stderr in words', () => {
      const log = h.path(`log.${host.name}`);
      const { status, stderr } = h.tsrun(['--log', log, '--log-format', 'json', 'state', h.id('none')], on);
      expect(status).toBe(1);
      expect(stderr).toMatch(/does not exist\n$/);
      const line = json(readFileSync(log, 'utf8').trimEnd());
      expect(line).toMatchObject({
        level: 'error',
        msg: expect.stringContaining('does not exist') as unknown,
        time: expect.any(String) as unknown,
      });
    });
  });
});
