// A whole distribution, and the configs that other runtimes write.
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { Spec } from '../../src/spec/types.js';
import {
  USER,
  asUser,
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

  it('with the config that Docker gives it', async () => {
    const text = readFileSync(join(import.meta.dirname, '../fixtures/captures/docker-plain/1-create/config.json'), 'utf8');
    const config = JSON.parse(text) as Config;
    const ours = h.config();
    config.root = { path: root, readonly: true };
    config.process.args = [
      'sh',
      '-c',
      'cat /etc/debian_version; grep Seccomp: /proc/self/status; grep NoNewPrivs /proc/self/status; hostname',
    ];
    delete config.process.apparmorProfile;
    delete config.hooks;
    config.linux.cgroupsPath = ours.linux.cgroupsPath ?? `/${h.id()}`;
    // its files are the engine's, and the root is read-only
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/etc/'));
    const { status, stdout, stderr } = h.tsrun(['run', '--bundle', h.bundleOf(config), h.id()], on);
    expect({ status, stderr: stderr.replace(/^.*ignoring unknown or unavailable capabilities.*\n/gm, '') }).toEqual({
      status: 0,
      stderr: '',
    });
    expect(stdout).toMatch(/^[\d.]+\nSeccomp:\t2\nNoNewPrivs:\t0\n/);
    await h.expectNothingLeft();
  });
});

describe.skipIf(skipped('configs of other runtimes', reason)).each(hosts)('under $name', (host) => {
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
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `0\n${config.hostname ?? ''}\n`, stderr: '' });
      await h.expectNothingLeft();
    },
  );
});
