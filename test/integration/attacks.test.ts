// Images, volumes and neighbours that try to make the runtime act on the host in their place: each attack is carried out, and
// seen to fail. The numbers are those of the holes other runtimes had; weakened-*.test.ts show that the attacks would succeed.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Attacks, bind, exchange, expectRefused, expectUntouched, noPython, out, replaced, rounds, withoutMounts } from './attacks.js';
import { SLEEP, cgroupMount, harness, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('attacks');
const { image, victim, withConsole } = new Attacks(h);

describe.skipIf(skipped('attacks', whyNoContainers()))('an attack by', () => {
  beforeEach(async () => {
    await h.expectNothingLeft();
  });
  afterEach(async ({ task }) => {
    // one that failed has not come to the end of what it does
    if (task.result?.state === 'fail') h.clean();
    await h.expectNothingLeft();
  });

  describe('a forged /proc or /sys (CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, CVE-2025-54867)', () => {
    it.each([
      ['/proc', 'proc', 'forged'],
      ['/proc', 'proc', '/forged'],
      ['/sys', 'sys', `${out}tmp`],
    ])('%s is a symlink', (name, entry, target) => {
      const { use } = image((root) => {
        mkdirSync(join(root, 'forged'));
        replaced(join(root, entry), target);
      });
      expectRefused(h.run([use, shell('echo ran')]), new RegExp(`${name}.*symlink|symlink.*${name}`));
    });

    it('a volume in place of /proc', () => {
      const forged = victim();
      expectRefused(h.run([withoutMounts('/proc'), bind(forged, '/proc'), shell('echo ran')]), /\/proc/);
      expectUntouched(forged);
    });

    it('a tmpfs in place of /proc', () => {
      const change: Change = (config) => {
        config.mounts.push({ source: 'tmpfs', destination: '/proc', type: 'tmpfs' });
      };
      expectRefused(h.run([change, shell('echo ran')]), /\/proc/);
    });

    it.each(['/proc/self/attr/exec', '/proc/sys/kernel/hostname', '/proc/1/../self/attr'])('a volume on %s', (destination) => {
      expectRefused(h.run([bind(join(victim(), 'file'), destination), shell('echo ran')]), /\/proc/);
    });

    it.each([
      ['/attr', '/proc/self/attr/exec'],
      ['/attr', `${out}proc/sys/kernel/hostname`],
    ])('a volume on %s, which the image made a symlink to %s', (name, target) => {
      const { use } = image((root) => symlinkSync(target, join(root, name)));
      expectRefused(h.run([use, bind(join(victim(), 'file'), name), shell('echo ran')]), /inside \/proc/);
    });

    it('a volume in a second procfs', () => {
      const second: Change = (config) => {
        config.mounts.push({ source: 'proc', destination: '/second', type: 'proc' });
      };
      const { use } = image(() => undefined);
      expectRefused(h.run([use, second, bind(victim(), '/second/sys'), shell('echo ran')]), /inside a procfs/);
    });

    it('what shows resources can still be covered', () => {
      const { status, stdout } = h.run([bind(join(victim(), 'file'), '/proc/uptime'), shell('cat /proc/uptime')]);
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'untouched' });
    });
  });

  describe('symlinks on the way to a mount point', () => {
    it.each(['absolute', 'relative'])('%s (CVE-2021-30465)', (kind) => {
      const host = victim();
      const source = victim();
      const { path, use } = image((root) => symlinkSync(kind === 'absolute' ? host : `${out}${host.slice(1)}`, join(root, 'data')));
      const result = h.run([use, bind(source, '/data/volume'), shell('cat /data/volume/file')]);
      expectUntouched(host);
      expect(result.stdout).toBe('untouched');
      // made below the root instead, where the symlink leads seen from there
      expect(readdirSync(join(path, host))).toEqual(['volume']);
    });

    it('to the root itself', () => {
      const { use } = image((root) => symlinkSync('/', join(root, 'all')));
      expectRefused(h.run([use, bind(victim(), '/all'), shell('echo ran')]), /over the root/);
    });

    it('to themselves', () => {
      const { use } = image((root) => symlinkSync('loop', join(root, 'loop')));
      expectRefused(h.run([use, bind(victim(), '/loop/volume'), shell('echo ran')]), /loop/);
    });

    it.skipIf(skipped('swapped components', noPython))(
      'swapped for a directory while the mounts are made (CVE-2024-45310, CVE-2026-87766)',
      async () => {
        const host = victim();
        const source = victim();
        const { path, use } = image((root) => {
          mkdirSync(join(root, 'volume/a'), { recursive: true });
          symlinkSync(host, join(root, 'volume/b'));
        });
        const swapper = exchange([join(path, 'volume/a'), join(path, 'volume/b')]);
        try {
          expect(await until(() => lstatSync(join(path, 'volume/a')).isSymbolicLink())).toBe(true);
          for (let round = 0; round < rounds; round++) {
            const mounts: Change = (config) => {
              for (let each = 0; each < 40; each++) bind(source, `/volume/a/r${round}/m${each}`)(config);
              bind(join(source, 'file'), `/volume/a/f${round}/file`)(config);
              config.mounts.push({ source: 'tmpfs', destination: `/volume/a/t${round}`, type: 'tmpfs', options: ['tmpcopyup'] });
              config.linux.readonlyPaths = ['/volume/a/readonly', '/volume/a'];
              config.linux.devices = [{ path: `/volume/a/d${round}`, type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 }];
              config.linux.maskedPaths = ['/volume/a/masked', '/volume/a'];
              config.process.cwd = `/volume/a/cwd${round}`;
            };
            // It may fail, because what it wants changes all the time; it may not reach the host.
            h.run([use, mounts]);
            expectUntouched(host);
          }
        } finally {
          swapper.kill('SIGKILL');
        }
      },
    );
  });

  describe('a forged /dev', () => {
    it.each(['absolute', 'relative'])('a symlink to a directory of the host, %s (CVE-2026-41579, CVE-2026-47766)', (kind) => {
      const host = victim();
      const { path, use } = image((root) => replaced(join(root, 'dev'), kind === 'absolute' ? host : `${out}${host.slice(1)}`));
      const result = h.run([use, withoutMounts('/dev'), shell('echo to null > /dev/null; ls -l /dev/zero')]);
      expectUntouched(host);
      expect(result.status).toBe(0);
      expect(result.stdout).toMatch(/^crw-rw-rw-/);
      expect(lstatSync(join(path, host, 'null')).isCharacterDevice()).toBe(true);
    });

    it('a file in place of a device', () => {
      const { use } = image((root) => writeFileSync(join(root, 'dev/null'), 'no device'));
      expectRefused(h.run([use, withoutMounts('/dev'), shell('echo ran')]), /\/dev\/null.*something else/);
    });

    it('a symlink in place of a device (CVE-2026-88265)', () => {
      const host = victim();
      const file = join(host, 'file');
      chmodSync(file, 0o600);
      const { use } = image((root) => symlinkSync(file, join(root, 'dev/null')));
      const result = h.run([use, withoutMounts('/dev'), shell('echo ran')]);
      expect(`mode ${(lstatSync(file).mode & 0o777).toString(8)}`).toBe('mode 600');
      expectUntouched(host);
      expectRefused(result, /\/dev\/null.*something else/);
    });

    it('a /dev/null that would show what it masks (CVE-2025-31133, CVE-2025-62161)', () => {
      const forged = victim();
      symlinkSync('/proc/self/status', join(forged, 'null'));
      const { use } = image((root) => writeFileSync(join(root, 'secret'), 'shown'));
      const masked: Change = (config) => {
        config.linux.maskedPaths = ['/secret', '/proc/version'];
      };
      const script = 'cat /secret; stat -c "%F %t %T" /secret /proc/version';
      const result = h.run([use, withoutMounts('/dev'), bind(forged, '/dev'), masked, shell(script)]);
      expect(result.stdout).toBe('character special file 1 3\ncharacter special file 1 3\n');
      unlinkSync(join(forged, 'null'));
      expectUntouched(forged);
    });
  });

  describe('a device node of its own making, opened', () => {
    const lists: Record<string, Change> = {
      'no resources': (config) => delete config.linux.resources,
      'resources without devices': (config) => (config.linux.resources = { pids: {} }),
      'an empty list': (config) => (config.linux.resources = { devices: [] }),
    };
    const mayMknod: Change = ({ process }) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const) (process.capabilities ??= {})[set] = ['CAP_MKNOD', 'CAP_SYSLOG'];
    };
    // the kernel's log, which a device filter above us may allow where it allows no disk
    const script = '[ -e /dev/log ] || mknod /dev/log c 1 11; mknod /dev/zero2 c 1 5; head -c 1 /dev/zero2 | wc -c; : < /dev/log';
    const why = cgroupMount() === undefined ? 'needs cgroup v2' : undefined;

    it.skipIf(skipped('device nodes', why)).each(Object.keys(lists))('where the config has %s', (name) => {
      const list = lists[name] ?? (() => undefined);
      const { stdout, stderr } = h.run([list, mayMknod, shell(script)]);
      expect({ stdout, stderr }).toEqual({ stdout: '1\n', stderr: expect.stringContaining('not permitted') as string });
      // the same attack, with nothing in its way
      const all: Change = (config) => (config.linux.resources = { devices: [{ allow: true, access: 'rwm' }] });
      expect(h.run([all, mayMknod, shell(script)]).stderr).toBe('');
    });

    it.skipIf(skipped('device nodes', why))('in an exec, and after an update', () => {
      const id = h.running([lists['no resources'] ?? (() => undefined), mayMknod, shell(SLEEP)]);
      const attempt = () => h.tsrun(['exec', id, 'sh', '-c', script]).stderr;
      expect(attempt()).toContain('not permitted');
      h.ok(['update', '--resources', '-', id], { input: '{"devices":[{"allow":true,"access":"rwm"}],"unified":{"cgroup.max.depth":"3"}}' });
      expect(attempt()).toContain('not permitted');
      h.ok(['delete', '--force', id]);
    });
  });

  describe('paths to be protected', () => {
    it('a masked path that is a symlink out of the root', () => {
      const host = victim();
      const { use } = image((root) => symlinkSync(`${out}${host.slice(1)}`, join(root, 'masked')));
      const masked: Change = (config) => {
        config.linux.maskedPaths = ['/masked'];
        config.linux.readonlyPaths = ['/masked/file'];
      };
      expect(h.run([use, masked]).status).toBe(0);
      expectUntouched(host);
      writeFileSync(join(host, 'file'), 'untouched');
    });

    it('masked directories stay empty and read-only, whatever is remounted', () => {
      const masked: Change = (config) => {
        config.linux.maskedPaths = ['/etc', '/root'];
        for (const set of ['bounding', 'effective', 'permitted'] as const) {
          (config.process.capabilities ??= {})[set] = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'];
        }
      };
      const script = 'ls -A /etc /root; touch /etc/x && echo made; mount -o remount,bind,rw /etc; touch /etc/x && echo made; ls -A /root';
      expect(h.run([masked, shell(script)]).stdout).toBe('/etc:\n\n/root:\n');
    });

    it('a read-only path is never writable through another one', () => {
      const { use } = image((root) => symlinkSync('/home', join(root, 'alias')));
      const readonly: Change = (config) => {
        config.linux.readonlyPaths = ['/alias'];
      };
      expect(h.run([use, readonly, shell('touch /home/x /alias/x; ls -A /home')]).stdout).toBe('');
    });
  });

  describe('writes of the runtime', () => {
    const key = 'net.ipv4.ip_default_ttl';
    const sysctl: Change = (config) => {
      config.linux.sysctl = { [key]: '77' };
    };

    it('a forged /proc/sys (CVE-2025-52881)', () => {
      const { path, use } = image((root) => {
        mkdirSync(join(root, 'proc/sys/net/ipv4'), { recursive: true });
        writeFileSync(join(root, 'proc/sys/net/ipv4/ip_default_ttl'), 'forged');
      });
      const mountLater = shell('mkdir /p; mount -t proc proc /p; cat /p/sys/net/ipv4/ip_default_ttl');
      const admin: Change = (config) => {
        for (const set of ['bounding', 'effective', 'permitted'] as const) {
          (config.process.capabilities ??= {})[set] = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'];
        }
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
        config.root.readonly = false;
      };
      const { stdout } = h.run([use, admin, sysctl, withoutMounts('/proc'), mountLater]);
      expect(readFileSync(join(path, 'proc/sys/net/ipv4/ip_default_ttl'), 'utf8')).toBe('forged');
      expect(stdout).toBe('77\n');
    });

    it('a name that leads elsewhere', () => {
      const change: Change = (config) => {
        config.linux.sysctl = { 'net/../kernel/hostname': 'forged' };
      };
      expectRefused(h.run([change, shell('echo ran')]), /sysctl/);
    });
  });

  describe('descriptors and the working directory (CVE-2016-9962, CVE-2024-21626)', () => {
    it('a directory left open by the caller is not the way out', () => {
      const directory = openSync('/', 'r');
      try {
        for (let fd = 3; fd < 24; fd++) {
          const change: Change = (config) => {
            config.process.cwd = `/proc/self/fd/${fd}`;
          };
          const result = h.run([change, shell('pwd; ls')], { passed: [directory] });
          expectRefused(result, /\/proc\/self\/fd/);
        }
      } finally {
        closeSync(directory);
      }
    });

    it('nothing is open but what was asked for', () => {
      const directory = openSync('/', 'r');
      try {
        const result = h.run([shell('exec ls /proc/self/fd')], { passed: [directory] });
        // 3: the directory that is listed
        expect(result.stdout).toBe('0\n1\n2\n3\n');
      } finally {
        closeSync(directory);
      }
    });

    it('a working directory that is a symlink out of the root (CVE-2026-55686)', () => {
      const host = victim();
      const { path, use } = image((root) => symlinkSync(`${out}${host.slice(1)}`, join(root, 'data')));
      const change: Change = (config) => {
        config.process.cwd = '/data/here';
      };
      const result = h.run([use, change, shell('pwd -P; ls -A')]);
      expectUntouched(host);
      expect(result.stdout).toBe(`${host}/here\n`);
      expect(existsSync(join(path, host, 'here'))).toBe(true);
    });
  });

  describe('a terminal (CVE-2025-52565)', () => {
    const terminal: Change = (config) => {
      config.process.terminal = true;
    };

    it.skipIf(skipped('terminals', noPython))('/dev/console is a symlink out of the root', async () => {
      const host = victim();
      const forged = h.path(h.id('dev').slice(h.tag.length + 1));
      mkdirSync(join(forged, 'pts'), { recursive: true });
      symlinkSync(`${out}${host.slice(1)}/file`, join(forged, 'console'));
      const { path, use } = image(() => undefined);
      const devpts: Change = (config) => {
        config.mounts.push({ source: 'devpts', destination: '/dev/pts', type: 'devpts', options: ['newinstance', 'ptmxmode=0666'] });
      };
      const result = await withConsole((socket) =>
        h.tsrun([
          'create',
          '--console-socket',
          socket,
          '--bundle',
          h.bundle(use, withoutMounts('/dev'), bind(forged, '/dev'), devpts, terminal),
          h.id(),
        ]),
      );
      expect(result.status).toBe(0);
      expect(readlinkSync(join(forged, 'console'))).toContain(host);
      expectUntouched(host);
      expect(lstatSync(join(path, host, 'file')).size).toBe(0);
      h.clean();
    });

    it.skipIf(skipped('terminals', noPython))('/dev/pts is not a devpts', async () => {
      const forged = victim();
      mkdirSync(join(forged, 'pts'));
      writeFileSync(join(forged, 'pts/ptmx'), 'untouched');
      const result = await withConsole((socket) =>
        h.tsrun([
          'create',
          '--console-socket',
          socket,
          '--bundle',
          h.bundle(withoutMounts('/dev'), bind(forged, '/dev'), terminal),
          h.id(),
        ]),
      );
      expectRefused(result, /devpts/);
      expect(readFileSync(join(forged, 'pts/ptmx'), 'utf8')).toBe('untouched');
    });
  });

  it('an image whose files are symlinks to the host, copied into a tmpfs', () => {
    const host = victim();
    const { use } = image((root) => {
      symlinkSync(join(host, 'file'), join(root, 'home/link'));
      symlinkSync(host, join(root, 'home/directory'));
    });
    const copy: Change = (config) => {
      config.mounts.push({ source: 'tmpfs', destination: '/home', type: 'tmpfs', options: ['tmpcopyup'] });
    };
    const result = h.run([use, copy, shell('readlink /home/link; readlink /home/directory; cat /home/link')]);
    expect(result.stdout).toBe(`${host}/file\n${host}\n`);
    expectUntouched(host);
  });
});
