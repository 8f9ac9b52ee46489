// What a container does not get from its caller, and keeps from its neighbours: keys, descriptors, namespaces of the host, processors.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  SLEEP,
  cgroupMount,
  dist,
  harness,
  hosts,
  isAlive,
  shell,
  skipped,
  until,
  whyNoContainers,
  without,
  type Change,
  type Config,
} from './harness.js';

const h = harness('walls');

const tool = (name: string): string | undefined => (spawnSync('which', [name]).status === 0 ? undefined : `needs ${name}`);
const noCompiler = tool('gcc');
const noKeys = noCompiler ?? (existsSync('/proc/keys') ? undefined : 'the kernel has no keyrings');
const manyProcessors = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
const oneProcessor = tool('taskset') ?? (/^\d+$/.test(manyProcessors) ? 'needs more than one processor' : undefined);

const runs =
  (...args: string[]): Change =>
  (config) => {
    config.process.args = args;
  };

const mapped: Change = (config) => {
  config.linux.namespaces?.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.root.path = h.ownRoot({ uid: 100000, gid: 100000 });
};

describe.skipIf(skipped('walls', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  describe.skipIf(skipped('keyrings', noKeys))('the session keyring', () => {
    let keys = '';
    beforeAll(() => {
      keys = h.path('keys');
      if (existsSync(keys)) return;
      execFileSync('gcc', ['-O1', '-Wall', '-static', '-o', keys, join(import.meta.dirname, '../fixtures/keys.c')]);
    });

    const withKeys: Change = (config) => {
      if (config.root.path === h.rootfs) config.root = { path: h.ownRoot() };
      execFileSync('cp', [keys, join(config.root.path, 'bin/keys')]);
    };
    /** Has a session keyring with a key. */
    const caller = (key: string): { host: typeof host } => ({
      host: { ...host, command: [keys, 'session', key, 'of the host', ...host.command] },
    });

    it.each<[string, readonly Change[]]>([
      ['', []],
      [' with a user namespace', [mapped]],
    ])("of an exec is the container's, not the caller's%s", async (_, changes) => {
      const id = h.running([...changes, withKeys, shell(`keys add mine 'of the container'; ${SLEEP}`)], on);
      const mine = (): string => h.tsrun(['exec', id, 'keys', 'get', 'mine'], caller('theirs')).stdout;
      expect(await until(() => mine() !== 'search: ENOKEY\n')).toBe(true);
      expect(mine()).toBe('of the container\n');
      expect(h.tsrun(['exec', id, 'keys', 'get', 'theirs'], caller('theirs')).stdout).toBe('search: ENOKEY\n');
      // Another user of the container's has it too.
      expect(h.ok(['exec', '--user', '1000', id, 'keys', 'get', 'mine'], on)).toBe('of the container\n');
    });

    it("is the caller's with --no-new-keyring, for exec too", () => {
      const id = h.id();
      h.ok(['run', '--detach', '--no-new-keyring', '--bundle', h.bundle(withKeys, shell(SLEEP)), id], caller('first'));
      expect(h.ok(['exec', id, 'keys', 'get', 'second'], caller('second'))).toBe('of the host\n');
      expect(h.tsrun(['exec', id, 'keys', 'get', 'first'], caller('second')).stdout).toBe('search: ENOKEY\n');
    });

    it('cannot be made before the container by another', async () => {
      const victim = h.id();
      const attacker = h.id();
      const attack = h.tsrun(
        ['run', '--detach', '--bundle', h.bundle(withKeys, runs('keys', 'plant', `_ses.${victim}`, 'secret')), attacker],
        on,
      );
      expect(await until(() => attack.later() === 'planted\n')).toBe(true);
      const root = h.ownRoot();
      const own: Change = (config) => (config.root = { path: root });
      h.ok(['run', '--detach', '--bundle', h.bundle(own, withKeys, shell(`keys add secret x && echo > /tmp/added; ${SLEEP}`)), victim], on);
      expect(await until(() => existsSync(join(root, 'tmp/added')))).toBe(true);
      process.kill(h.state(attacker).pid, 'SIGUSR1');
      expect(await until(() => attack.later().split('\n').length > 2)).toBe(true);
      expect(attack.later()).toBe('planted\nsearch: ENOKEY\n');
    });

    it('is at no instant of its making read or linked to by another process of the same user', () => {
      const thief = h.path('key-thief');
      if (!existsSync(thief)) {
        execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-static', '-o', thief, join(import.meta.dirname, '../fixtures/key-thief.c')]);
      }
      const id = h.id();
      const watched = { host: { ...host, command: [thief, `_ses.${id}`, ...host.command] } };
      const { status, stdout } = h.tsrun(['run', '--bundle', h.bundle(shell('echo done')), id], watched);
      // its name is, between its making and its permissions
      expect({ status, lines: [...new Set(stdout.trim().split('\n'))].sort() }).toEqual({ status: 0, lines: ['done', 'seen'] });
    });

    it('is not seen by another container of the same user', () => {
      const id = h.running([shell(SLEEP)], on);
      const { stdout } = h.run([(config) => delete config.linux.maskedPaths, shell('cat /proc/keys')], on);
      expect(stdout).toContain('keyring');
      expect(stdout).not.toContain(`_ses.${id}`);
    });
  });

  describe('a created container', () => {
    it('has nothing open but the standard streams and the socket at which start knocks', async () => {
      const id = h.id();
      const other = h.running(undefined, on);
      const joins: Change = (config) => {
        for (const namespace of config.linux.namespaces ?? []) {
          if (namespace.type === 'network' || namespace.type === 'ipc')
            namespace.path = `/proc/${h.state(other).pid}/ns/${namespace.type === 'ipc' ? 'ipc' : 'net'}`;
        }
        config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['keyctl'], action: 'SCMP_ACT_ERRNO' }] };
      };
      h.ok(['create', '--bundle', h.bundle(joins, shell(SLEEP)), id], on);
      const { pid } = h.state(id);
      const open = (): string[] => readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2);
      // what it has been handed it closes once it has been let go
      expect(await until(() => open().length === 1)).toBe(true);
      expect(open().map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\d+/, 'N'))).toEqual(['socket:[N]']);
      h.ok(['start', id], on);
    });

    it.each(['TERM', 'INT', 'HUP', 'QUIT'])('is ended by SIG%s', async (signal) => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id], on);
      h.ok(['kill', id, signal], on);
      expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
      h.ok(['delete', id], on);
    });

    it('is not ended by a signal that ends nothing', () => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id], on);
      h.ok(['kill', id, 'CHLD'], on);
      h.ok(['start', id], on);
      expect(isAlive(h.state(id).pid)).toBe(true);
    });
  });

  it('an exec during which the pid of the container becomes a process of the host fails', () => {
    const secret = h.path('secret');
    const written = h.path(h.id('written').slice(h.tag.length + 1));
    writeFileSync(secret, 'secret');
    const fixture = join(import.meta.dirname, '../fixtures/reuse.mjs');
    const script = `cat ${secret} > ${written}`;
    const { stdout, stderr } = spawnSync(process.execPath, [fixture, dist, h.root, h.id(), h.bundle(shell(SLEEP)), 'sh', '-c', script], {
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'cannot exec in a stopped container\nreused\n', stderr: '' });
    expect(existsSync(written)).toBe(false);
  });

  it('an exec in a container that is in a namespace of ours in place of its own fails', () => {
    const id = h.running([without('ipc'), shell(SLEEP)], on);
    const saved = join(h.root, id, 'config.json');
    const config = JSON.parse(readFileSync(saved, 'utf8')) as Config;
    config.linux.namespaces?.push({ type: 'ipc' });
    writeFileSync(saved, JSON.stringify(config));
    expect(h.refusal(['exec', id, 'true'], 255, on)).toContain("the container's process is in our own ipc namespace");
  });

  it.skipIf(skipped('the order of prctl(2)', tool('strace')))('init hides again after each change of its credentials', () => {
    const id = h.running(undefined, on);
    const trace = h.path(h.id('trace').slice(h.tag.length + 1));
    const strace = ['strace', '-f', '-o', trace, '-e', 'trace=prctl,capset,setresuid,setresgid,setns,execve,execveat'];
    h.ok(['exec', '--user', '1000:1000', id, 'true'], { host: { ...host, command: [...strace, ...host.command] } });
    const lines = readFileSync(trace, 'utf8').split('\n');
    const init = lines.find((line) => line.includes('PR_SET_NAME, "tsrun-init"'))?.split(' ')[0] ?? '';
    const calls = lines.filter((line) => line.startsWith(`${init} `)).map((line) => line.slice(init.length + 1).trimStart());
    for (const change of ['setresuid(', 'capset(']) {
      const at = calls.findLastIndex((call) => call.startsWith(change));
      expect(at).toBeGreaterThan(0);
      const rest = calls.slice(at).join('\n');
      expect(rest).toContain('prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)');
      expect(rest).toContain('prctl(PR_SET_PDEATHSIG, SIGKILL)');
    }
  });

  describe('as its peers have it,', () => {
    it.skipIf(skipped('processors', oneProcessor))(
      'a container and an exec run on all processors of their cgroup, not on those of the caller',
      () => {
        const bound = { host: { ...host, command: ['taskset', '-c', '0', ...host.command] } };
        const allowed = ['grep', 'Cpus_allowed_list', '/proc/self/status'];
        const wanted = `Cpus_allowed_list:\t${manyProcessors}\n`;
        expect(h.run([runs(...allowed)], bound).stdout).toBe(wanted);
        expect(h.ok(['exec', h.running(undefined, bound), ...allowed], bound)).toBe(wanted);
      },
    );

    it('an exec has the personality of the container', () => {
      const id = h.running([(config) => (config.linux.personality = { domain: 'LINUX32' }), shell(SLEEP)], on);
      expect(h.ok(['exec', id, 'cat', '/proc/self/personality'], on)).toBe('00000008\n');
    });

    it('an exec goes where the first process is when the cgroup of the container has gone', () => {
      // one that starts no other, which would still be in it
      const id = h.running([runs('sleep', '1000')], on);
      const { pid } = h.state(id);
      const [, own = ''] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
      const mount = cgroupMount() ?? '';
      const elsewhere = `${mount}/${h.tag}-elsewhere`;
      mkdirSync(elsewhere);
      for (const each of readFileSync(`${mount}${own}/cgroup.procs`, 'utf8').trim().split('\n'))
        writeFileSync(`${elsewhere}/cgroup.procs`, each);
      rmdirSync(`${mount}${own}`);
      expect(h.ok(['exec', id, 'sh', '-c', 'echo done'], on)).toBe('done\n');
      h.ok(['exec', '--detach', '--pid-file', h.path('pid'), id, 'sleep', '1000'], on);
      expect(readFileSync(`/proc/${readFileSync(h.path('pid'), 'utf8')}/cgroup`, 'utf8')).toContain(`0::/${h.tag}-elsewhere\n`);
    });

    it('clocks have their offsets in a user namespace too', () => {
      const offsets: Change = (config) => {
        config.linux.namespaces?.push({ type: 'time' });
        config.linux.timeOffsets = { monotonic: { secs: 2_000_000 } };
      };
      const { status, stdout, stderr } = h.run([mapped, offsets, shell('cat /proc/self/timens_offsets')], on);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^monotonic +2000000 +0$/m);
    });

    it('the working directory is entered as root, or as the user if root may not', () => {
      const root = h.ownRoot();
      mkdirSync(join(root, 'closed'), { mode: 0o700 });
      const closed: Change = (config) => {
        config.root = { path: root };
        config.process.cwd = '/closed';
        config.process.user = { uid: 42, gid: 42 };
      };
      expect(h.run([closed, runs('pwd')], on)).toMatchObject({ status: 0, stderr: '' });
      const id = h.running([(config) => (config.root = { path: root }), shell(SLEEP)], on);
      expect(h.tsrun(['exec', '--cwd', '/closed', '--user', '42', id, 'pwd'], on)).toMatchObject({ status: 0, stderr: '' });
    });

    it('root without capabilities too, where it is another one’s', () => {
      const root = h.ownRoot();
      mkdirSync(join(root, 'theirs'), { mode: 0o700 });
      execFileSync('chown', ['1234:1234', join(root, 'theirs')]);
      const closed: Change = (config) => {
        config.root = { path: root };
        config.process.cwd = '/theirs';
        config.process.capabilities = {};
      };
      expect(h.run([closed, runs('true')], on)).toMatchObject({ status: 0, stderr: '' });
    });

    it('a missing working directory is made inside the root, whatever its symlinks say', () => {
      const root = h.ownRoot();
      const outside = h.path(h.id('outside').slice(h.tag.length + 1));
      mkdirSync(outside);
      execFileSync('ln', ['-s', outside, join(root, 'link')]);
      const missing: Change = (config) => {
        config.root = { path: root };
        config.process.cwd = '/link/made';
      };
      expect(h.run([missing, runs('pwd')], on)).toMatchObject({ status: 0, stdout: `${outside}/made\n` });
      expect(readdirSync(outside)).toEqual([]);
    });
  });
});
