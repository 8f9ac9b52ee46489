// A whole distribution, and the configs that other runtimes write.
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { Spec } from '../../src/spec/types.js';
import { adaptedConfig } from './captured.js';
import {
  USER,
  asUser,
  copyRoot,
  debianRoot,
  harness,
  hosts,
  shell,
  skipped,
  whyNoContainers,
  whyNoUser,
  type Change,
  type Config,
} from './harness.js';

const h = harness('debian');
const reason = whyNoContainers();
const debian = reason === undefined ? debianRoot() : { missing: reason };
const root = 'path' in debian ? debian.path : '';

const inDebian: Change = (config) => {
  config.root = { path: root, readonly: true };
  config.process.env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'];
};

describe.skipIf(skipped('Debian', 'missing' in debian ? debian.missing : undefined)).each(hosts)('Debian under $name', (host) => {
  const on = { host };

  it('tells its version, its user and its packages', async () => {
    expect(h.run([inDebian, (config) => (config.process.args = ['cat', '/etc/debian_version'])], on).stdout).toBe(
      readFileSync(join(root, 'etc/debian_version'), 'utf8'),
    );
    expect(h.run([inDebian, (config) => (config.process.args = ['id'])], on).stdout).toMatch(/^uid=0\(root\) gid=0\(root\)/);
    const packages = h.run(
      [inDebian, shell('dpkg -l | grep -c ^ii; dpkg-query -W -f "\\${Status}\\n" libc6; apt-get --version | head -n1')],
      on,
    );
    expect(packages).toMatchObject({ status: 0, stderr: '' });
    expect(packages.stdout).toMatch(/^\d\d+\ninstall ok installed\napt \d/);
    await h.expectNothingLeft();
  });

  it('runs dynamic programs, interpreters and its own users', () => {
    const user: Change = (config) => (config.process.user = { uid: 33, gid: 33 });
    expect(
      h.run([inDebian, user, shell('whoami; id -gn; perl -e "print 6*7, qq(\\n)"; bash -c "echo \\$BASH_VERSION" | grep -c .')], on),
    ).toMatchObject({
      status: 0,
      stdout: 'www-data\nwww-data\n42\n1\n',
      stderr: '',
    });
  });

  describe('with the config that Docker gives it', () => {
    /** The recorded config for these arguments, on a root that may be written to. */
    function bundle(args: readonly string[], ...changes: readonly Change[]): string {
      const [rootfs, sources] = [h.path('debian'), h.path(h.id('sources'))];
      if (!existsSync(rootfs)) copyRoot(root, rootfs);
      mkdirSync(sources);
      const config = adaptedConfig('docker-plain/1-create', { rootfs, parent: h.tag, sources });
      config.process.args = [...args];
      for (const change of changes) change(config);
      return h.bundleOf(config);
    }

    const www: Change = ({ process }) => {
      process.user = { uid: 33, gid: 33 };
      // as Docker has it for all but root
      process.capabilities = { bounding: process.capabilities?.bounding ?? [] };
    };

    /** Warnings of what this machine has not got are no failure. */
    function run(args: readonly string[], ...changes: readonly Change[]): string {
      const { status, stdout, stderr } = h.tsrun(['run', '--bundle', bundle(args, ...changes), h.id()], on);
      const complaints = stderr.replace(/^.*ignoring unknown or unavailable capabilities.*\n/gm, '');
      expect({ status, stderr: complaints }).toEqual({ status: 0, stderr: '' });
      return stdout;
    }

    it('is filtered, may write to its root, and is gone afterwards', async () => {
      const script =
        'cat /etc/debian_version; grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; hostname; echo x > /new; cat /new; rm /new';
      const version = readFileSync(join(root, 'etc/debian_version'), 'utf8');
      expect(run(['sh', '-c', script])).toBe(`${version}NoNewPrivs:\t0\nSeccomp:\t2\n0b3e3468358d\nx\n`);
      h.clean();
      await h.expectNothingLeft();
      expect(existsSync(join(root, 'new'))).toBe(false);
    });

    it('tells its user and its packages', () => {
      expect(run(['id'])).toBe('uid=0(root) gid=0(root) groups=0(root)\n');
      const packages = run(['dpkg', '-l']);
      for (const name of ['base-files', 'dpkg', 'libc6:\\w+', 'apt']) expect(packages).toMatch(new RegExp(`^ii  ${name} `, 'm'));
    });

    it('has the default devices, and no others', () => {
      const lines = run(['ls', '-l', '/dev']).trimEnd().split('\n').slice(1);
      const fields = lines.map((line) => line.split(/\s+/));
      expect(fields.map((field) => field.slice((field[0] ?? '').startsWith('c') ? 9 : 8).join(' ')).sort()).toEqual([
        ...(existsSync('/proc/kcore') ? ['core -> /proc/kcore'] : []),
        'fd -> /proc/self/fd',
        'full',
        'mqueue',
        'null',
        'ptmx -> pts/ptmx',
        'pts',
        'random',
        'shm',
        'stderr -> /proc/self/fd/2',
        'stdin -> /proc/self/fd/0',
        'stdout -> /proc/self/fd/1',
        'tty',
        'urandom',
        'zero',
      ]);
      const devices = fields.filter(([mode = '']) => mode.startsWith('c'));
      expect(devices.map(([mode, , user, group, major, minor, , , , name]) => [mode, user, group, major, minor, name].join(' '))).toEqual([
        'crw-rw-rw- root root 1, 7 full',
        'crw-rw-rw- root root 1, 3 null',
        'crw-rw-rw- root root 1, 8 random',
        'crw-rw-rw- root root 5, 0 tty',
        'crw-rw-rw- root root 1, 9 urandom',
        'crw-rw-rw- root root 1, 5 zero',
      ]);
    });

    it('finds the home of another user in its own /etc/passwd, and keeps from him what is not his', () => {
      const script = 'id -un; echo $HOME; cat /etc/shadow 2>/dev/null || echo denied; grep CapEff /proc/self/status';
      expect(run(['sh', '-c', script], www)).toBe('www-data\n/var/www\ndenied\nCapEff:\t0000000000000000\n');
    });

    it('takes one more process, as its own user or another', async () => {
      const id = h.id();
      h.ok(['run', '--detach', '--bundle', bundle(['sleep', '1000']), id], on);
      expect(h.ok(['exec', id, 'cat', '/etc/debian_version'], on)).toBe(readFileSync(join(root, 'etc/debian_version'), 'utf8'));
      // the supplementary groups stay those of the config
      expect(h.ok(['exec', '--user', '33:33', '--cwd', '/var', id, 'sh', '-c', 'id; pwd'], on)).toBe(
        'uid=33(www-data) gid=33(www-data) groups=33(www-data),0(root)\n/var\n',
      );
      expect(h.ok(['exec', id, 'dpkg', '--print-architecture'], on)).toMatch(/^\w+\n$/);
      expect(h.tsrun(['exec', id, 'sh', '-c', 'exit 7'], on).status).toBe(7);
      expect(h.tsrun(['exec', id, 'no-such-program'], on).status).toBe(255);
      h.ok(['delete', '--force', id], on);
      h.clean();
      await h.expectNothingLeft();
    });
  });
});

/** These configs ask for ambient capabilities that are not inheritable, which the kernel does not give (man 7 capabilities). */
const AMBIENT = /^time=\S+ level=warning msg="ignoring ambient capabilities .*\[CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE\]"\n$/;

describe.skipIf(skipped('configs of other runtimes', reason)).each(hosts)('under $name', (host) => {
  const on = { host };

  // unmodified: the bundle has the root that they name, and a person types the commands
  it.each(['runc-spec', 'crun-spec'])('%s.json runs as it is', async (name) => {
    const config = JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/${name}.json`), 'utf8')) as Spec;
    const bundle = h.bundleOf(config);
    cpSync(h.rootfs, join(bundle, 'rootfs'), { recursive: true, verbatimSymlinks: true });
    const steps = [{ after: '#', type: 'id -u; hostname; exit 4\r' }];
    const terminal = join(import.meta.dirname, '../fixtures/at-terminal.py');
    const call = spawnSync(
      'python3',
      [terminal, JSON.stringify(steps), ...host.command, '--root', h.root, 'run', '--bundle', bundle, h.id()],
      { encoding: 'utf8' },
    );
    const { status, shown } = JSON.parse(call.stdout) as { status: number; shown: string };
    expect(shown).toContain(`\r\n0\r\n${config.hostname ?? ''}\r\n`);
    expect(status).toBe(4);
    await h.expectNothingLeft();
  });

  it.each(['runc-spec', 'crun-spec'])('%s.json runs with nothing but its terminal taken away', async (name) => {
    const config = JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/${name}.json`), 'utf8')) as Config;
    config.process.terminal = false;
    const bundle = h.bundleOf(config);
    cpSync(h.rootfs, join(bundle, 'rootfs'), { recursive: true, verbatimSymlinks: true });
    // its shell reads from a pipe
    const input = 'hostname; grep -E "^(NoNewPrivs|CapEff):" /proc/self/status; touch /new 2>&1; ulimit -n; exit 5\n';
    const { status, stdout, stderr } = h.tsrun(['run', '--bundle', bundle, h.id()], { ...on, input });
    // CAP_KILL, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE
    const effective = 'CapEff:\t0000000020000420\n';
    expect({ status, stdout, stderr }).toEqual({
      status: 5,
      stdout: `${config.hostname ?? ''}\n${effective}NoNewPrivs:\t1\ntouch: /new: Read-only file system\n1024\n`,
      stderr: expect.stringMatching(AMBIENT) as string,
    });
    await h.expectNothingLeft();
  });

  // runc's names the ids of who wrote it, root; crun's leaves them to who runs it
  it.each([['runc', host], ...(skipped('a rootless config', whyNoUser()) ? [] : [['crun', asUser(host)] as const])] as const)(
    '%s-spec-rootless.json runs as it is but for its terminal',
    async (name, caller) => {
      const config = JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/${name}-spec-rootless.json`), 'utf8')) as Config;
      config.process.terminal = false;
      config.process.args = ['sh', '-c', 'id -u; hostname'];
      config.root.path = h.rootfs;
      const home = h.path(h.id('home'));
      mkdirSync(home);
      if (caller !== host) chownSync(home, USER, USER);
      const { status, stdout, stderr } = h.tsrun(['run', '--bundle', h.bundleOf(config), h.id()], {
        host: caller,
        root: join(home, 'state'),
      });
      expect({ status, stdout, stderr }).toEqual({
        status: 0,
        stdout: `0\n${config.hostname ?? ''}\n`,
        stderr: expect.stringMatching(AMBIENT) as string,
      });
      await h.expectNothingLeft();
    },
  );
});
