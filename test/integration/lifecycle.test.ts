// The life of a container as its callers see it: commands, words, exit statuses, files and sockets.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, isAlive, shell, skipped, until, whyNoContainers, without, type Change } from './harness.js';

const h = harness('lifecycle');

/** A terminal in the container. */
const terminal: Change = (config) => {
  config.process.terminal = true;
};

/** What a python fixture of ours prints. */
function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

const fixture = (name: string): string => join(import.meta.dirname, '../fixtures', name);
const noPython = spawnSync('python3', ['--version']).status === 0 ? undefined : 'needs python3';

/** The other end of a socket that a descriptor is sent over. */
function receiver(socket: string, input?: string): Promise<Record<string, unknown>> {
  const child = spawn('python3', [fixture('receive.py'), socket, ...(input === undefined ? [] : [input])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  helpers.push(child);
  let out = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  const got = new Promise<Record<string, unknown>>((resolve, reject) => {
    child.on('close', (status) => (status === 0 ? resolve(json(out)) : reject(new Error(`receive.py: status ${status}`))));
  });
  // a test that failed before does not wait for it
  got.catch(() => undefined);
  return got;
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

  /** The log's line of a failed call, without its time. */
  function refusal(args: readonly string[], status = 1): string {
    const result = h.tsrun(args, on);
    expect(result.status).toBe(status);
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
    const message = /level=error msg=(".*")\n$/.exec(result.stderr)?.[1] ?? result.stderr;
    return JSON.parse(message) as string;
  }

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
      const call = h.tsrun(['create', '--bundle', h.bundle(shell(`echo up; ${SLEEP}`)), '--pid-file', pidFile, id], on);
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
      expect(await until(() => h.states().includes(id) && h.tsrun(['state', id]).stdout.includes('"running"'))).toBe(true);
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
      const script = 'sh -c "sleep 0.1 & exit 0"; sleep 0.5; echo up; sleep 1000 & trap "exit 0" TERM; wait';
      const call = h.spawn(['run', '--bundle', h.bundle(without('pid'), shell(script)), h.id()], on);
      expect(await until(() => call.out() === 'up\n')).toBe(true);
      const zombies = (): string[] =>
        readFileSync(`/proc/${call.pid}/task/${call.pid}/children`, 'utf8')
          .split(' ')
          .filter((pid) => pid !== '' && !isAlive(Number(pid)));
      expect(await until(() => zombies().length === 0)).toBe(true);
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
      expect(readFileSync(`/proc/${text}/cmdline`, 'utf8')).toBe('sleep\x001000\0');
      expect(json(h.ok(['ps', '--format', 'json', id], on))).toContain(Number(text));
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

  describe('list and ps', () => {
    it('show containers and processes', () => {
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
      const pids = JSON.parse(h.ok(['ps', '--format', 'json', second], on)) as number[];
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

  describe.skipIf(skipped('descriptors and terminals', noPython))('a descriptor', () => {
    it('--console-socket gets the terminal', async () => {
      const socket = h.path(h.id('s'));
      const got = receiver(socket, 'typed\n');
      expect(await until(() => existsSync(socket))).toBe(true);
      const id = h.id();
      const script = 'tty; stty size; read line; echo "got $line"; test -t 0 && test -t 1 && test -t 2 && echo tty';
      const size: Change = (config) => (config.process.consoleSize = { height: 21, width: 87 });
      h.ok(['create', '--bundle', h.bundle(terminal, size, shell(script)), '--console-socket', socket, id], on);
      h.ok(['start', id], on);
      const { count, terminal: isTerminal, size: shownSize, shown } = await got;
      expect({ count, isTerminal, shownSize }).toEqual({ count: 1, isTerminal: true, shownSize: [21, 87] });
      expect(String(shown).replaceAll('\r', '')).toMatch(/^typed\n\/dev\/(console|pts\/0)\n21 87\ngot typed\ntty\n$/);
      await stopped(id);
      rmSync(socket);
    });

    it('exec --tty --console-socket gets one too', async () => {
      const id = h.running(undefined, on);
      const socket = h.path(h.id('s'));
      const got = receiver(socket);
      expect(await until(() => existsSync(socket))).toBe(true);
      h.ok(['exec', '--tty', '--detach', '--console-socket', socket, id, 'sh', '-c', 'tty; test -t 1 && echo yes'], on);
      expect(String((await got)['shown']).replaceAll('\r', '')).toMatch(/^\/dev\/pts\/\d+\nyes\n$/);
      rmSync(socket);
    });

    it('--pidfd-socket gets a pidfd', async () => {
      const socket = h.path(h.id('s'));
      const got = receiver(socket);
      expect(await until(() => existsSync(socket))).toBe(true);
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(), '--pidfd-socket', socket, id], on);
      expect(await got).toMatchObject({ count: 1, terminal: false, pid: h.state(id).pid });
      rmSync(socket);
    });

    it('a console socket and a terminal go together', async () => {
      expect(refusal(['create', '--bundle', h.bundle(terminal), h.id()])).toContain('--console-socket');
      expect(refusal(['run', '--detach', '--bundle', h.bundle(terminal), h.id()])).toContain('--console-socket');
      expect(refusal(['create', '--bundle', h.bundle(), '--console-socket', h.path('nowhere'), h.id()])).toContain('console socket');
      expect(refusal(['create', '--bundle', h.bundle(terminal), '--console-socket', h.path('nowhere'), h.id()])).toContain(
        'no such file or directory',
      );
      await h.expectNothingLeft();
    });

    it('run in the foreground copies between its terminal and the container', async () => {
      const script =
        'stty size; echo ready; read line; echo "got $line"; trap "stty size; exit 6" WINCH; echo again; while :; do sleep 0.05; done';
      const steps = [
        { after: 'ready', type: 'typed\r' },
        { after: 'again', resize: [44, 111] },
      ];
      const call = spawnSync(
        'python3',
        [
          fixture('at-terminal.py'),
          JSON.stringify(steps),
          ...host.command,
          '--root',
          h.root,
          'run',
          '--bundle',
          h.bundle(terminal, shell(script)),
          h.id(),
        ],
        { encoding: 'utf8' },
      );
      const { status, shown, restored } = json(call.stdout);
      expect(String(shown).replaceAll('\r', '')).toBe('33 99\nready\ntyped\ngot typed\nagain\n44 111\n');
      expect({ status, restored }).toEqual({ status: 6, restored: true });
      await h.expectNothingLeft();
    });

    it('exec --tty in the foreground does, too', () => {
      const id = h.running(undefined, on);
      const steps = [{ after: 'ready', type: 'typed\r' }];
      const command = [
        ...host.command,
        '--root',
        h.root,
        'exec',
        '--tty',
        id,
        'sh',
        '-c',
        'stty size; echo ready; read line; echo "got $line"; exit 3',
      ];
      const call = spawnSync('python3', [fixture('at-terminal.py'), JSON.stringify(steps), ...command], { encoding: 'utf8' });
      const { status, shown, restored } = json(call.stdout);
      expect(String(shown).replaceAll('\r', '')).toBe('33 99\nready\ntyped\ngot typed\n');
      expect({ status, restored }).toEqual({ status: 3, restored: true });
    });
  });

  describe('--preserve-fds', () => {
    /** Open files 3, 4, ... for a call. */
    function files(count: number): number[] {
      return Array.from({ length: count }, (_, at) => {
        writeFileSync(h.path(`file${at}`), `content ${at}\n`);
        return openSync(h.path(`file${at}`), 'r');
      });
    }
    /** Opens nothing itself. */
    const listing = (pid: string): string => `for n in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/${pid}/fd/$n && echo -n "$n "; done; true`;

    it('passes exactly those', () => {
      const fds = files(3);
      try {
        const result = h.run([shell(`${listing('$$')}; echo; cat <&3; cat <&4`)], {
          ...on,
          passed: fds,
          flags: ['--preserve-fds', '2'],
        });
        if (host.name === 'node') {
          // without the launcher nobody knows which descriptors are not the engine's own
          expect(result.stderr).toContain('descriptor 3 is not open');
          return;
        }
        expect(result.stderr).toBe('');
        expect(result.stdout).toBe('0 1 2 3 4 \ncontent 0\ncontent 1\n');
      } finally {
        fds.forEach((fd) => closeSync(fd));
      }
    });

    it('nothing else gets into a container, nor into an exec', () => {
      const fds = files(2);
      try {
        const seen = h.run([shell(listing('$$'))], { ...on, passed: fds });
        expect(seen.stdout).toBe('0 1 2 ');
        const id = h.running(undefined, { ...on, passed: fds });
        for (const pid of ['1', '$$']) expect(h.ok(['exec', id, 'sh', '-c', listing(pid)], { ...on, passed: fds })).toBe('0 1 2 ');
      } finally {
        fds.forEach((fd) => closeSync(fd));
      }
    });

    it('refuses descriptors that are not open', async () => {
      expect(refusal(['run', '--preserve-fds', '2', '--bundle', h.bundle(), h.id()])).toContain('descriptor 3 is not open');
      await h.expectNothingLeft();
    });

    it('LISTEN_FDS passes them, with LISTEN_PID as the container knows it', () => {
      const fds = files(1);
      try {
        const env = { PATH: process.env['PATH'] ?? '', LISTEN_FDS: '1' };
        const result = h.run([shell('echo $LISTEN_FDS $LISTEN_PID; cat <&3')], { ...on, passed: fds, env });
        if (host.name === 'node') return;
        expect(result).toMatchObject({ status: 0, stdout: '1 1\ncontent 0\n', stderr: '' });
      } finally {
        fds.forEach((fd) => closeSync(fd));
      }
    });
  });
});
