// Attacks on what is put into the root file system, continued: its own path, files and devices in it, the terminal, and what the
// runtime writes below /proc.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Attacks, bind, exchange, expectRefused, expectUntouched, noPython, out, replaced, rounds } from './attacks.js';
import { cgroupMount, harness, hosts, shell, skipped, until, whyNoContainers, without, type Change } from './harness.js';

const h = harness('attacks-rootfs');
const { image, victim, withConsole } = new Attacks(h);

const userNamespace: Change = (config) => {
  config.linux.namespaces?.push({ type: 'user' });
  config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  config.root.path = h.ownRoot({ uid: 100_000, gid: 100_000 });
};

const name = (what: string): string => h.path(h.id(what).slice(h.tag.length + 1));

describe.skipIf(skipped('attacks', whyNoContainers()))('an attack by', () => {
  beforeEach(async () => {
    await h.expectNothingLeft();
  });
  afterEach(async ({ task }) => {
    // one that failed has not come to the end of what it does
    if (task.result?.state === 'fail') h.clean();
    await h.expectNothingLeft();
  });

  it.each(['', '/'])('a root file system that is a symlink to another%s (CVE-2019-18837)', (slash) => {
    const link = name('link');
    symlinkSync(h.rootfs, link);
    const root: Change = (config) => {
      config.root.path = `${link}${slash}`;
    };
    expectRefused(h.run([root, shell('echo ran')]), /open the root, a directory and no symlink/);
  });

  const noCgroups = cgroupMount() === undefined ? 'needs cgroup v2' : undefined;
  it.skipIf(skipped("the host's cgroups", noCgroups))(
    'a user namespace that sees cgroups of its own in the tree of the host (CVE-2023-25809)',
    () => {
      const parent = join(cgroupMount() ?? '', h.tag);
      mkdirSync(parent);
      try {
        // what a user's part of the tree is like
        chownSync(parent, 100_000, 100_000);
        const cgroup: Change = (config) => {
          config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys/fs/cgroup');
          config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['rw'] });
        };
        const result = h.run([userNamespace, without('cgroup'), cgroup, shell(`mkdir /sys/fs/cgroup/${h.tag}/escaped`)]);
        expect(result.stderr).toContain("escaped': Read-only file system");
        expect(existsSync(join(parent, 'escaped'))).toBe(false);
      } finally {
        if (existsSync(join(parent, 'escaped'))) rmdirSync(join(parent, 'escaped'));
        rmdirSync(parent);
      }
    },
  );

  it.each(['absolute', 'relative'])("a symlink to the host, %s, on the way to a file of the engine's (CVE-2024-5154)", (kind) => {
    const host = victim();
    const source = join(victim(), 'file');
    const { path, use } = image((root) => replaced(join(root, 'etc'), kind === 'absolute' ? host : `${out}${host.slice(1)}`));
    const { status, stdout } = h.run([use, bind(source, '/etc/mtab'), shell('cat /etc/mtab')]);
    expectUntouched(host);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'untouched' });
    expect(lstatSync(join(path, host, 'mtab')).size).toBe(0);
  });

  describe('a terminal', () => {
    const terminal: Change = (config) => {
      config.process.terminal = true;
      config.mounts = config.mounts.filter(({ destination }) => !/^\/dev(\/|$)/.test(destination));
      config.mounts.push({ source: 'devpts', destination: '/dev/pts', type: 'devpts', options: ['newinstance', 'ptmxmode=0666'] });
    };
    const create = (...changes: Change[]) =>
      withConsole((socket) => h.tsrun(['create', '--console-socket', socket, '--bundle', h.bundle(...changes), h.id()]));

    it.skipIf(skipped('terminals', noPython)).each(['absolute', 'relative'])(
      'whose /dev/console is a symlink of the image, %s, with nothing mounted on /dev (CVE-2026-88264)',
      async (kind) => {
        const host = victim();
        const there = `${host}/console`;
        const { path, use } = image((root) =>
          symlinkSync(kind === 'absolute' ? there : `${out}${there.slice(1)}`, join(root, 'dev/console')),
        );
        expect((await create(use, terminal)).stderr).toBe('');
        expectUntouched(host);
        expect(readlinkSync(join(path, 'dev/console'))).toContain(host);
        expect(lstatSync(join(path, there)).size).toBe(0);
        h.clean();
      },
    );

    it.skipIf(skipped('terminals', noPython))(
      'whose /dev/console and /dev/pts are swapped for symlinks while it is made (CVE-2025-52565)',
      async () => {
        const host = victim();
        const { path, use } = image((root) => {
          writeFileSync(join(root, 'dev/console'), '');
          symlinkSync(join(host, 'made'), join(root, 'dev/console2'));
          mkdirSync(join(root, 'dev/pts'));
          symlinkSync(host, join(root, 'dev/pts2'));
        });
        const swapper = exchange(
          ...['console', 'pts'].map((each) => [join(path, 'dev', each), join(path, 'dev', `${each}2`)] as [string, string]),
        );
        const bundle = h.bundle(use, terminal);
        try {
          await withConsole((socket) => {
            for (let round = 0; round < rounds; round++) {
              const id = h.id();
              // It may fail, because what it wants changes all the time; it may not reach the host.
              h.tsrun(['create', '--console-socket', socket, '--bundle', bundle, id]);
              expectUntouched(host);
              h.ok(['delete', '--force', id]);
            }
          });
        } finally {
          swapper.kill('SIGKILL');
        }
      },
    );
  });

  it("standard streams that are the host's /dev/null, whose name leads elsewhere in the container (CVE-2026-88265)", () => {
    const host = victim();
    const { path, use } = image((root) => symlinkSync(join(host, 'file'), join(root, 'dev/null')));
    mkdirSync(join(path, host), { recursive: true });
    writeFileSync(join(path, host, 'file'), '');
    const devices: Change = (config) => {
      config.root.readonly = false;
      // where nothing is made in /dev: the image's symlink stays
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      config.mounts.push({ source: join(path, 'dev'), destination: '/dev', type: 'bind', options: ['bind'] });
    };
    const [program = '', ...rest] = hosts[0]?.command ?? [];
    const args = [...rest, '--root', h.root, 'run', '--bundle', h.bundle(use, devices, shell('echo out; echo err >&2')), h.id()];
    const { status } = spawnSync(program, args, { stdio: 'ignore' });
    expect(status).toBe(0);
    expectUntouched(host);
    expect(readFileSync(join(path, host, 'file'), 'utf8')).toBe('');
  });

  it("a device of the host's in place of the one asked for (CVE-2026-88265)", () => {
    const asked: Change = (config) => {
      config.linux.devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 3 }];
    };
    expect(h.run([userNamespace, asked, shell('stat -c %t:%T /dev/kmsg')]).stdout).toBe('1:3\n');
  });

  describe('a mount namespace that is joined, with a forged /proc in it', () => {
    /** A mount namespace in which this was done; `use` has the container join it. */
    const namespace = async (setup: string): Promise<{ readonly use: Change; readonly end: () => void }> => {
      const ready = name('ready');
      const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', `${setup}; : > ${ready}; exec sleep 1000`], {
        stdio: 'ignore',
      });
      expect(await until(() => existsSync(ready))).toBe(true);
      return {
        use: (config) => {
          const path = `/proc/${holder.pid ?? 0}/ns/mnt`;
          config.linux.namespaces = (config.linux.namespaces ?? []).map((each) => (each.type === 'mount' ? { ...each, path } : each));
        },
        end: () => void holder.kill('SIGKILL'),
      };
    };

    it('to which a sysctl would be written (CVE-2025-52881, CVE-2025-62596)', async () => {
      const forged = name('forged');
      mkdirSync(join(forged, 'net/ipv4'), { recursive: true });
      writeFileSync(join(forged, 'net/ipv4/ip_default_ttl'), 'untouched');
      const { use, end } = await namespace(`mount --bind ${forged} /proc/sys`);
      try {
        const sysctl: Change = (config) => {
          config.linux.sysctl = { 'net.ipv4.ip_default_ttl': '77' };
        };
        const { stdout, stderr } = h.run([use, sysctl, shell('cat /proc/sys/net/ipv4/ip_default_ttl')]);
        expect(readFileSync(join(forged, 'net/ipv4/ip_default_ttl'), 'utf8')).toBe('untouched');
        expect({ stdout, stderr }).toEqual({ stdout: '77\n', stderr: '' });
      } finally {
        end();
      }
    });

    it('to which time offsets would be written (CVE-2025-52881, CVE-2025-62596)', async () => {
      const forged = name('forged');
      mkdirSync(join(forged, 'self'), { recursive: true });
      writeFileSync(join(forged, 'self/timens_offsets'), 'untouched');
      const { use, end } = await namespace(`mount --bind ${forged} /proc`);
      try {
        const offsets: Change = (config) => {
          config.linux.namespaces?.push({ type: 'time' });
          config.linux.timeOffsets = { boottime: { secs: 1_000_000, nanosecs: 0 } };
        };
        const { stdout, stderr } = h.run([use, offsets, shell('cut -d. -f1 /proc/uptime')]);
        expect(readFileSync(join(forged, 'self/timens_offsets'), 'utf8')).toBe('untouched');
        expect(stderr).toBe('');
        expect(Number(stdout)).toBeGreaterThan(1_000_000);
      } finally {
        end();
      }
    });
  });
});
