// The tree a container sees: mounts, devices, masked and read-only paths, and the root itself.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  USER,
  asUser,
  harness,
  hosts,
  shell,
  skipped,
  whyNoContainers,
  whyNoUser,
  without,
  type Called,
  type Change,
  type Config,
} from './harness.js';

const h = harness('rootfs');

function directory(name = 'dir'): string {
  const path = h.path(h.id(name).slice(h.tag.length + 1));
  mkdirSync(path);
  return path;
}

type Mount = Config['mounts'][number];

const mount =
  (...mounts: Mount[]): Change =>
  (config) => {
    config.mounts.push(...mounts);
  };

const ownRoot =
  (path = h.ownRoot()): Change =>
  (config) => {
    config.root.path = path;
    config.root.readonly = false;
  };

const ownRootWritable: Change = (config) => {
  config.root.readonly = false;
};

const withoutDev: Change = (config) => {
  config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
};

const userNamespace: Change = (config) => {
  config.linux.namespaces?.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};

/** What the shell script prints, in a container that must succeed. */
function printed(script: string, changes: readonly Change[], flags: readonly string[] = []): string {
  const { status, stdout, stderr } = h.run([...changes, shell(script)], { flags });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/**
 * Runs a container from a mount namespace in which `setup` was done before. `seen`: what of this file's is mounted there
 * afterwards.
 */
function elsewhere(setup: string, changes: readonly Change[]): Called & { readonly seen: readonly string[] } {
  const script = `set -e; ${setup}; set +e; "$@"; status=$?; cp /proc/self/mountinfo "$0"; exit $status`;
  const mountinfo = h.path(h.id('mountinfo').slice(h.tag.length + 1));
  const [host] = hosts;
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, mountinfo, ...(host?.command ?? [])];
  const called = h.run(changes, { host: { name: host?.name ?? 'tsrun', command } });
  const paths = readFileSync(mountinfo, 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return { ...called, seen: paths.filter((path) => path.includes(h.tag)) };
}

interface Mounted {
  readonly options: string[];
  /** `shared`, `master` (of a slave) and `unbindable`. */
  readonly propagation: string[];
  readonly type: string;
}

/** What is mounted where, by the container's account (man 5 proc_pid_mountinfo); the topmost counts. */
function mounted(changes: readonly Change[], flags: readonly string[] = []): Map<string, Mounted> {
  const lines = printed('cat /proc/self/mountinfo', changes, flags).trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , , path = '', options = '', ...propagation] = before.split(' ');
      const tags = propagation.map((tag) => tag.split(':')[0] ?? '');
      return [path, { options: options.split(',').sort(), propagation: tags, type: after.split(' ')[0] ?? '' }];
    }),
  );
}

describe.skipIf(skipped('rootfs', whyNoContainers()))('the container', () => {
  let mountsBefore = '';
  beforeEach(() => {
    mountsBefore = readFileSync('/proc/self/mountinfo', 'utf8');
  });
  afterEach(async () => {
    await h.expectNothingLeft();
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mountsBefore);
  });

  describe('has mounts', () => {
    it('as the default config says, and none of the host', () => {
      const all = mounted([]);
      const types = Object.fromEntries([...all].map(([path, { type }]) => [path, type]));
      expect(types).toMatchObject({
        '/proc': 'proc',
        '/dev': 'tmpfs',
        '/dev/pts': 'devpts',
        '/dev/shm': 'tmpfs',
        '/dev/mqueue': 'mqueue',
        '/sys': 'sysfs',
        '/sys/fs/cgroup': 'cgroup2',
      });
      expect([...all.keys()].filter((path) => !/^\/($|proc|dev|sys)/.test(path))).toEqual([]);
      expect(all.get('/sys')?.options).toEqual(['nodev', 'noexec', 'nosuid', 'relatime', 'ro']);
      expect(all.get('/dev')?.options).toEqual(['nosuid', 'rw']);
    });

    it('with every attribute, one by one', () => {
      const options = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'nosymfollow'];
      const mounts = options.map((option) => ({ destination: `/m/${option}`, type: 'tmpfs', source: 'none', options: [option] }));
      const all = mounted([ownRoot(), mount(...mounts)]);
      for (const option of options) expect(all.get(`/m/${option}`)?.options).toContain(option);
      expect(all.get('/m/nosuid')?.options).toEqual(['nosuid', 'relatime', 'rw']);
    });

    it('on a file and a directory that did not exist, readable for all whatever the umask', () => {
      const source = directory();
      writeFileSync(join(source, 'f'), 'shared');
      const root = h.ownRoot();
      const script = 'cat /a/b/file /c/d/f';
      const binds = mount(
        { destination: '/a/b/file', type: 'bind', source: join(source, 'f'), options: ['bind'] },
        { destination: '/c/d', type: 'bind', source, options: ['rbind'] },
      );
      const before = process.umask(0o077);
      try {
        expect(printed(script, [ownRoot(root), binds])).toBe('sharedshared');
      } finally {
        process.umask(before);
      }
      const modes = ['a', 'a/b', 'a/b/file', 'c', 'c/d'].map((name) => (lstatSync(join(root, name)).mode & 0o777).toString(8));
      expect(modes).toEqual(['755', '755', '644', '755', '755']);
    });

    it('bound read-only without the source becoming so', () => {
      const source = directory();
      const change = mount({ destination: '/ro', type: 'bind', source, options: ['rbind', 'ro'] });
      expect(printed('touch /ro/x 2>/dev/null || echo refused', [ownRoot(), change]).trim()).toBe('refused');
      writeFileSync(join(source, 'writable'), '');
    });

    it('bound with what is mounted below, attributes for all of it or the top alone', () => {
      const inner: Mount = { destination: '/outer/inner', type: 'tmpfs', source: 'none', options: [] };
      const outer: Mount = { destination: '/outer', type: 'tmpfs', source: 'none', options: [] };
      const again = (name: string, ...options: string[]): Mount => ({ destination: name, type: 'bind', source: '', options });
      const root = h.ownRoot();
      const top = mounted([ownRoot(root), mount(outer, inner, again('/outer', 'remount', 'ro'))]);
      expect([top.get('/outer')?.options, top.get('/outer/inner')?.options]).toEqual([
        ['relatime', 'ro'],
        ['relatime', 'rw'],
      ]);
      const all = mounted([ownRoot(root), mount(outer, inner, again('/outer', 'remount', 'rro', 'rnoexec'))]);
      expect([all.get('/outer')?.options, all.get('/outer/inner')?.options]).toEqual([
        ['noexec', 'relatime', 'ro'],
        ['noexec', 'relatime', 'ro'],
      ]);
    });

    it('with the propagation asked for', () => {
      const words = ['shared', 'private', 'unbindable', 'rshared'];
      const mounts = words.map((word) => ({ destination: `/m/${word}`, type: 'tmpfs', source: 'none', options: [word] }));
      const all = mounted([ownRoot(), mount(...mounts)]);
      expect(words.map((word) => all.get(`/m/${word}`)?.propagation)).toEqual([['shared'], [], ['unbindable'], ['shared']]);
    });

    it('on the root itself', () => {
      const other = h.ownRoot();
      writeFileSync(join(other, 'marker'), 'other root');
      const change = mount({ destination: '/', type: 'bind', source: other, options: ['rbind'] });
      const config: Change = ({ mounts }) => {
        mounts.unshift(...mounts.splice(-1));
      };
      expect(printed('cat /marker', [change, config])).toBe('other root');
    });

    it('of an overlay whose options are longer than the mount API takes', () => {
      const lowers = Array.from({ length: 8 }, (_, number) => {
        const path = directory(`a-layer-with-a-name-that-is-rather-long-so-that-a-few-will-do-${number}`);
        writeFileSync(join(path, `f${number}`), String(number));
        return path;
      });
      const [upper, work] = [directory(), directory()];
      const options = [`lowerdir=${lowers.join(':')}`, `upperdir=${upper}`, `workdir=${work}`, 'nosuid', 'noatime'];
      const overlay = mount({ destination: '/o', type: 'overlay', source: 'overlay', options });
      const all = printed('cat /o/f*; touch /o/new; grep " /o " /proc/self/mountinfo', [ownRoot(), overlay]);
      expect(all).toMatch(/^01234567\d.* rw,nosuid,noatime - overlay /);
      expect(readdirSync(upper)).toEqual(['new']);
    });

    it('with ids mapped', () => {
      const source = directory();
      writeFileSync(join(source, 'f'), '');
      chownSync(join(source, 'f'), 10, 20);
      const change = mount({
        destination: '/mapped',
        type: 'bind',
        source,
        options: ['bind'],
        uidMappings: [{ containerID: 0, hostID: 1000, size: 100 }],
        gidMappings: [{ containerID: 0, hostID: 2000, size: 100 }],
      });
      const { status, stdout, stderr } = h.run([ownRoot(), change, shell('stat -c "%u %g" /mapped/f')]);
      // file systems that cannot do it say EINVAL
      if (status !== 0 && skipped('ids mapped', stderr.includes('idmap') ? stderr : undefined)) return;
      expect({ status, stdout }).toEqual({ status: 0, stdout: '1010 2020\n' });
    });

    /** A directory that none of the container's users may enter, with a file in it. */
    function closedDirectory(owner = 0): { readonly path: string; readonly inside: string } {
      const path = directory('closed');
      const inside = join(path, 'data');
      mkdirSync(inside);
      writeFileSync(join(inside, 'f'), 'secret');
      for (const each of [inside, join(inside, 'f')]) chownSync(each, owner, owner);
      chmodSync(path, 0o700);
      return { path, inside };
    }

    const mappedRoot: Change = (config) => {
      config.root.path = h.ownRoot({ uid: 100_000, gid: 100_000 });
      config.root.readonly = false;
    };

    it('from where its user namespace may not go, hundreds too', () => {
      const { path, inside } = closedDirectory(100_000);
      const binds = mount(
        { destination: '/file', type: 'bind', source: join(inside, 'f'), options: ['bind'] },
        ...Array.from({ length: 300 }, (_, number) => ({
          destination: `/m/${number}`,
          source: inside,
          options: ['rbind', 'ro', 'rprivate'],
        })),
      );
      const script = 'cat /file /m/299/f; touch /m/0/x 2>/dev/null || echo :refused; grep -c " /m/" /proc/self/mountinfo';
      expect(printed(script, [userNamespace, mappedRoot, binds])).toBe('secretsecret:refused\n300\n');
      const missing = mount({ destination: '/no', source: join(path, 'no'), options: ['bind'] });
      expect(h.run([userNamespace, mappedRoot, missing]).stderr).toMatch(/bind \S+\/no on \/no: open_tree \S+: no such file/);
    });

    it('from there with no say in what the host mounts, but following it', () => {
      const { inside } = closedDirectory(100_000);
      const bind = mount({ destination: '/m', source: inside, options: ['rbind'] });
      const shared = `mount --bind ${inside} ${inside}; mount --make-shared ${inside}`;
      const below = mount({ destination: '/m/below', type: 'tmpfs', source: 'none' });
      const { stdout, seen } = elsewhere(shared, [userNamespace, mappedRoot, bind, below, shell('grep " /m " /proc/self/mountinfo')]);
      expect(stdout).toMatch(/ master:\d+ - /);
      expect(stdout).not.toMatch(/ shared:/);
      expect(seen).toEqual([inside]);
    });

    it('with the ids of its user namespace mapped', () => {
      const { inside } = closedDirectory();
      const change = mount({ destination: '/mapped', type: 'bind', source: inside, options: ['bind', 'idmap'] });
      chmodSync(inside, 0o777);
      const user: Change = (config) => {
        config.process.user = { uid: 7, gid: 8 };
      };
      const script = 'touch /mapped/new; stat -c "%u %g" /mapped/f /mapped/new';
      const { status, stdout, stderr } = h.run([userNamespace, mappedRoot, change, user, shell(script)]);
      if (status !== 0 && skipped('ids mapped', stderr.includes('idmap') ? stderr : undefined)) return;
      expect({ status, stdout }).toEqual({ status: 0, stdout: '0 0\n7 8\n' });
      const { uid, gid } = lstatSync(join(inside, 'new'));
      expect([uid, gid]).toEqual([7, 8]);
    });

    it('with ids of their own mapped in its user namespace, each as it says', () => {
      const { inside } = closedDirectory(1000);
      const mapped = (name: string, hostID: number): Mount => {
        const mappings = [{ containerID: 1000, hostID, size: 1 }];
        return { destination: name, source: inside, options: ['bind'], uidMappings: mappings, gidMappings: mappings };
      };
      const binds = mount(mapped('/five', 100_005), mapped('/six', 100_006));
      const { status, stdout, stderr } = h.run([userNamespace, mappedRoot, binds, shell('stat -c "%u %g" /five/f /six/f')]);
      if (status !== 0 && skipped('ids mapped', stderr.includes('idmap') ? stderr : undefined)) return;
      expect({ status, stdout }).toEqual({ status: 0, stdout: '5 5\n6 6\n' });
    });

    it.each([
      // none asked for: the source's
      [[], 'ro,nosuid,nodev,noexec,noatime,nodiratime'],
      [['rslave'], 'ro,nosuid,nodev,noexec,noatime,nodiratime'],
      // any: those and no others, but the times of access stay unless they are asked for
      [['nosuid'], 'rw,nosuid,noatime,nodiratime'],
      [['ro', 'noexec'], 'ro,noexec,noatime,nodiratime'],
      [['rw'], 'rw,noatime,nodiratime'],
      [['exec', 'dev', 'suid'], 'rw,noatime,nodiratime'],
      [['relatime'], 'rw,relatime'],
      [['strictatime', 'ro'], 'ro'],
      [['diratime', 'nodev'], 'rw,nodev,noatime'],
      // a remount of what is bound changes nothing else
      [['remount', 'nosuid'], 'ro,nosuid,nodev,noexec,noatime,nodiratime'],
      [['remount', 'rw', 'exec'], 'rw,nosuid,nodev,noatime,nodiratime'],
    ])('bound with options %j from one that has all attributes: %s', (options, expected) => {
      const source = directory();
      const all = 'ro,nosuid,nodev,noexec,noatime,nodiratime';
      const setup = `mount -t tmpfs none ${source}; mount -o remount,bind,${all} ${source}`;
      const remount = options[0] === 'remount';
      const bind = mount({ destination: '/m', source, options: ['bind', ...(remount ? [] : options)] });
      const then = remount ? mount({ destination: '/m', type: 'bind', options: [...options, 'bind'] }) : () => undefined;
      const { stdout, stderr } = elsewhere(setup, [ownRoot(), bind, then, shell('grep " /m " /proc/self/mountinfo')]);
      expect(stderr).toBe('');
      expect(stdout.split(' ')[5]).toBe(expected);
    });

    describe('from inside its own root, with what is mounted there before', () => {
      const mappings = [{ containerID: 0, hostID: 1000, size: 65_536 }];
      const before: Mount = { destination: '/data/tmp', type: 'tmpfs', source: 'none', options: ['tmpcopyup'] };
      const script = 'stat -f -c %T /again/tmp; cat /again/tmp/f; grep " /again" /proc/self/mountinfo | cut -d" " -f5';

      it.each<[string, Partial<Mount>, Change[]]>([
        ['plainly', {}, []],
        ['with ids mapped', { uidMappings: mappings, gidMappings: mappings }, []],
        ['in a user namespace', {}, [userNamespace]],
        ['in a user namespace with ids mapped', { options: ['rbind', 'idmap'] }, [userNamespace]],
      ])('%s', (_, more, changes) => {
        const root = h.ownRoot({ uid: changes.length > 0 ? 100_000 : 0, gid: 0 });
        mkdirSync(join(root, 'data/tmp'), { recursive: true });
        writeFileSync(join(root, 'data/tmp/f'), 'copied\n');
        const again: Mount = { destination: '/again', source: join(root, 'data'), options: ['rbind'], ...more };
        const { status, stdout, stderr } = h.run([...changes, ownRoot(root), mount(before, again), shell(script)]);
        if (status !== 0 && skipped('ids mapped', stderr.includes('idmap') ? stderr : undefined)) return;
        expect({ stdout, stderr }).toEqual({ stdout: 'tmpfs\ncopied\n/again\n/again/tmp\n', stderr: '' });
      });

      it('and not out of it by a symlink', () => {
        const outside = directory();
        const root = h.ownRoot();
        symlinkSync(outside, join(root, 'link'));
        const change = mount({ destination: '/m', source: join(root, 'link'), options: ['bind'] });
        expect(h.run([ownRoot(root), change]).stderr).toMatch(/bind \/link on \/m: open \/link .*no such file/);
      });
    });

    it.each([
      [{ destination: '/m', source: '/tmp', options: ['rbind', 'r0'] }, /\/options: bind mounts .*: \"r0\"|"r0/],
      [{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nodelegate'] }, /no option .*nodelegate/],
    ] satisfies [Mount, RegExp][])('but none with an option that nobody knows: %j', (wrong, words) => {
      const { status, stderr } = h.run([ownRoot(), mount(wrong)]);
      expect(status).toBe(1);
      expect(stderr).toMatch(words);
    });

    it('with versions of inodes, which only mount(2) can ask for', () => {
      const versions: Mount = { destination: '/v', type: 'tmpfs', source: 'none', options: ['iversion', 'size=1m', 'nosuid'] };
      const plain: Mount = { ...versions, destination: '/p', options: ['noiversion', 'size=1m', 'nosuid'] };
      const all = mounted([ownRoot(), mount(versions, plain)]);
      expect(all.get('/v')).toEqual(all.get('/p'));
    });

    it('with the label asked for, or is told that there is no SELinux', () => {
      const label: Change = (config) => {
        config.linux.mountLabel = 'system_u:object_r:container_file_t:s0';
      };
      if (skipped('mountLabel without SELinux', existsSync('/sys/fs/selinux/enforce') ? 'this host has it' : undefined)) return;
      expect(h.run([label]).stderr).toContain('/linux/mountLabel: this host has no SELinux');
    });

    it('of an overlay with commas in its layers, in quotes and behind backslashes', () => {
      const [lower, upper, work] = [directory('lo,wer'), directory(), directory()];
      writeFileSync(join(lower, 'f'), 'lower\n');
      const long = directory('a-name-that-makes-it-longer-than-fsconfig-takes'.repeat(5));
      const escaped = lower.replaceAll(',', '\\,');
      for (const lowerdir of [escaped, `${escaped}:${long}`]) {
        const options = [`lowerdir=${lowerdir},upperdir=${upper}`, `workdir=${work}`];
        const overlay = mount({ destination: '/o', type: 'overlay', source: 'overlay', options });
        expect(printed('cat /o/f', [ownRoot(), overlay])).toBe('lower\n');
      }
    });

    it('with what the host locked still locked in its user namespace', () => {
      const source = directory();
      const readonly = `mount -t tmpfs -o nosuid none ${source}; mount -o remount,bind,ro,nosuid ${source}`;
      const bind = (...options: string[]): Change => mount({ destination: '/m', source, options: ['bind', ...options] });
      const shown = elsewhere(readonly, [userNamespace, mappedRoot, bind(), shell('grep " /m " /proc/self/mountinfo')]);
      expect(shown.stdout).toMatch(/ \/m ro,nosuid/);
      // what others are asked for does not lose them
      const others = elsewhere(readonly, [userNamespace, mappedRoot, bind('nodev'), shell('grep " /m " /proc/self/mountinfo')]);
      expect(others.stdout).toMatch(/ \/m ro,nosuid,nodev/);
      const refused = elsewhere(readonly, [userNamespace, mappedRoot, bind('rw')]);
      expect(refused.stderr).toMatch(/bind \S+ on \/m: mount_setattr.*operation not permitted/);
    });

    it.each([
      [
        { destination: '/x', type: 'tmpfs', source: 'x', options: ['size=lots'] },
        /mount tmpfs on \/x.*Bad value for 'size'.*invalid argument/,
      ],
      [{ destination: '/x', type: 'tmpfs', source: 'x', options: ['colour=red'] }, /mount tmpfs on \/x.*Unknown parameter 'colour'/],
      [{ destination: '/x', type: 'nosuchfs', source: 'x', options: [] }, /mount nosuchfs on \/x.*no such device/],
      [{ destination: '/x', type: 'bind', source: '/no/such/source', options: [] }, /\/no\/such\/source on \/x.*no such file/],
      [{ destination: '/bin/busybox', type: 'tmpfs', source: 'x', options: [] }, /mount tmpfs on \/bin\/busybox: .*not a directory/],
      [{ destination: '/bin', type: 'bind', source: '/etc/passwd', options: [] }, /bind \/etc\/passwd on \/bin: .*is a directory/],
    ] satisfies [Mount, RegExp][])('or says why not, and leaves nothing: %j', (wrong, words) => {
      const { status, stderr } = h.run([ownRoot(), mount(wrong)]);
      expect(status).not.toBe(0);
      expect(stderr).toMatch(words);
    });
  });

  describe('gets a tmpfs', () => {
    it.each([
      [[], '1751'],
      [['mode=700'], '700'],
    ])('with options %j of mode %s on a directory of mode 1751', (options, mode) => {
      const root = h.ownRoot();
      mkdirSync(join(root, 'place'));
      chmodSync(join(root, 'place'), 0o1751);
      const change = mount({ destination: '/place', type: 'tmpfs', source: 'tmpfs', options });
      expect(printed('stat -c %a /place', [ownRoot(root), change])).toBe(`${mode}\n`);
    });

    it('that starts with a copy of what is below, owners and modes and all', () => {
      const root = h.ownRoot();
      const place = join(root, 'place');
      mkdirSync(join(place, 'sub/deeper'), { recursive: true });
      writeFileSync(join(place, 'sub/deeper/big'), 'x'.repeat(3_000_000));
      writeFileSync(join(place, 'file'), 'original');
      chownSync(join(place, 'file'), 5, 6);
      chmodSync(join(place, 'file'), 0o4640);
      symlinkSync('../etc/passwd', join(place, 'link'));
      chownSync(place, 7, 8);
      chmodSync(place, 0o1755);
      const change = mount({ destination: '/place', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', 'ro'] });
      const script = [
        'cd /place; stat -c "%n %a %u %g" . file; readlink link; wc -c < sub/deeper/big',
        'touch sub/new 2>/dev/null || echo read-only; mount | grep -c "on /place type tmpfs (ro"',
      ].join('; ');
      expect(printed(script, [ownRoot(root), change])).toBe('. 1755 7 8\nfile 4640 5 6\n../etc/passwd\n3000000\nread-only\n1\n');
      expect(readFileSync(join(place, 'file'), 'utf8')).toBe('original');
    });

    it('or an error when the copy has no room', () => {
      const root = h.ownRoot();
      mkdirSync(join(root, 'place'));
      writeFileSync(join(root, 'place/big'), 'x'.repeat(100_000));
      const change = mount({ destination: '/place', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', 'size=16k'] });
      expect(h.run([ownRoot(root), change]).stderr).toMatch(/mount tmpfs on \/place: copy big.*no space left/);
    });
  });

  describe('has devices', () => {
    const list =
      'stat -c "%n %a %t:%T" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; readlink /dev/ptmx; readlink /dev/fd';

    it('that all have', () => {
      const expected = ['null 666 1:3', 'zero 666 1:5', 'full 666 1:7', 'random 666 1:8', 'urandom 666 1:9', 'tty 666 5:0'];
      expect(printed(list, [])).toBe(`${expected.map((line) => `/dev/${line}\n`).join('')}pts/ptmx\n/proc/self/fd\n`);
    });

    it('of the host where it may make none', () => {
      const change: Change = (config) => {
        config.root.path = h.ownRoot({ uid: 100_000, gid: 100_000 });
      };
      expect(printed(`${list}; echo works > /dev/null`, [userNamespace, change])).toMatch(/^\/dev\/null 666 1:3\n\/dev\/zero 666 1:5\n/);
    });

    it('with the mode and owner asked for', () => {
      const change: Change = (config) => {
        config.linux.devices = [
          { path: '/dev/made/here', type: 'c', major: 1, minor: 5, fileMode: 0o2640, uid: 3, gid: 4 },
          { path: '/dev/pipe', type: 'p', fileMode: 0o622 },
        ];
      };
      const script = 'stat -c "%n %F %a %u %g %t:%T" /dev/made/here; stat -c "%n %F %a" /dev/pipe';
      expect(printed(script, [change])).toBe('/dev/made/here character special file 2640 3 4 1:5\n/dev/pipe fifo 622\n');
    });

    const mapped: Change = (config) => {
      config.root.path = h.ownRoot({ uid: 100_000, gid: 100_000 });
    };
    const devices =
      (...list: NonNullable<Config['linux']['devices']>): Change =>
      (config) => {
        config.linux.devices = list;
      };
    const shown = (name: string): string => `stat -c "%n %F %a %u %g %t:%T" ${name}; grep -o " ${name} [a-z,]*" /proc/self/mountinfo`;

    it('of the host that cannot execute, where it may make none', () => {
      const script = 'grep -o " /dev/[a-z]* [a-z,]*" /proc/self/mountinfo | grep -E "null|zero|full|random|tty"';
      const lines = printed(script, [userNamespace, mapped]).trimEnd().split('\n');
      expect(lines).toHaveLength(6);
      for (const line of lines) expect(line).toMatch(/nosuid.*noexec/);
    });

    it('made by the runtime where it may make none, whatever the host has at that name', () => {
      const asked = devices(
        { path: '/dev/kmsg', type: 'c', major: 1, minor: 3 },
        { path: '/dev/of/its/own', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 3, gid: 4 },
        { path: '/run/zero', type: 'u', major: 1, minor: 5, fileMode: 0o4604, uid: 65_535, gid: 7 },
      );
      const script = `${shown('/dev/kmsg')}; ${shown('/dev/of/its/own')}; ${shown('/run/zero')}; head -c 3 /run/zero | wc -c; cat /dev/kmsg`;
      expect(printed(script, [userNamespace, mapped, asked, ownRootWritable])).toBe(
        '/dev/kmsg character special file 666 0 0 1:3\n /dev/kmsg rw,nosuid,noexec,relatime\n' +
          '/dev/of/its/own character special file 640 3 4 1:5\n /dev/of/its/own rw,nosuid,noexec,relatime\n' +
          '/run/zero character special file 4604 65535 7 1:5\n /run/zero rw,nosuid,noexec,relatime\n3\n',
      );
    });

    it('of an owner that its user namespace has', () => {
      const asked = devices({ path: '/dev/zero', type: 'c', major: 1, minor: 5, uid: 70_000, gid: 0 });
      expect(h.run([userNamespace, mapped, asked]).stderr).toContain('/linux/devices/0/uid: 70000 is not in /linux/uidMappings');
    });

    describe.skipIf(skipped('devices of ordinary users', whyNoUser()))('of the host for an ordinary user,', () => {
      const attempt = (...changes: Change[]): Called => {
        const [host] = hosts;
        if (host === undefined) throw new Error('no host');
        const config = h.config(...changes, ({ linux }) => {
          linux.namespaces = [...(linux.namespaces ?? []).filter(({ type }) => type !== 'network'), { type: 'user' }];
          linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: USER, size: 1 }];
          delete linux.resources;
        });
        // what one mapped id and the host's network namespace do not allow
        config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
        for (const each of config.mounts) each.options = each.options?.filter((option) => !option.startsWith('gid=')) ?? [];
        const root = h.path(h.id('user-state').slice(h.tag.length + 1));
        mkdirSync(root);
        chownSync(root, USER, USER);
        return h.tsrun(['run', '--bundle', h.bundleOf(config), h.id()], { host: asUser(host), root });
      };

      it('if it is the one asked for', () => {
        const asked = devices({ path: '/dev/zero', type: 'c', major: 1, minor: 5 });
        expect(attempt(asked, shell('head -c 3 /dev/zero | wc -c'))).toMatchObject({ status: 0, stdout: '3\n', stderr: '' });
      });

      it('if it is not another one, or none', () => {
        const other = devices({ path: '/dev/kmsg', type: 'c', major: 1, minor: 3 });
        expect(attempt(other).stderr).toMatch(/bind device \/dev\/kmsg: it cannot be made .*something else at \/dev\/kmsg/);
        const block = devices({ path: '/dev/zero', type: 'b', major: 1, minor: 5 });
        expect(attempt(block).stderr).toMatch(/bind device \/dev\/zero: it cannot be made .*something else at \/dev\/zero/);
        const none = devices({ path: '/dev/nosuch', type: 'c', major: 1, minor: 3 });
        expect(attempt(none).stderr).toMatch(/bind device \/dev\/nosuch: it cannot be made .*no such file/);
      });
    });

    describe('in a /dev that is bound', () => {
      let bound = '';
      const bindDev: Change = (config) => {
        config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
        config.mounts.push({ destination: '/dev', type: 'bind', source: bound, options: ['rbind'] });
      };
      beforeAll(() => {
        bound = directory('bound');
        for (const [name, minor] of [
          ['null', '3'],
          ['zero', '5'],
        ] as const) {
          spawnSync('mknod', ['-m', '600', join(bound, name), 'c', '1', minor]);
        }
      });
      const asked = (name: string, minor: number): Change => devices({ path: `/dev/${name}`, type: 'c', major: 1, minor, fileMode: 0o666 });

      it('that it has', () => {
        expect(printed('stat -c %a /dev/zero', [bindDev, asked('zero', 5)])).toBe('600\n');
        expect(readdirSync(bound).sort()).toEqual(['null', 'zero']);
      });

      it('or is told that it has not', () => {
        expect(h.run([bindDev, asked('full', 7)]).stderr).toMatch(
          /find device \/dev\/full: the config lists it, and \/dev is bound.*no such file/,
        );
        expect(h.run([bindDev, asked('null', 5)]).stderr).toMatch(/find device \/dev\/null: the \/dev that is bound has something else/);
        expect(readdirSync(bound).sort()).toEqual(['null', 'zero']);
      });

      it('and those elsewhere', () => {
        const pipe = devices({ path: '/run/zero', type: 'c', major: 1, minor: 5 });
        expect(printed('stat -c "%F %t:%T" /run/zero', [ownRoot(), bindDev, pipe])).toBe('character special file 1:5\n');
      });
    });

    it('with the mode and owner asked for where the image has them with others', () => {
      const root = h.ownRoot();
      spawnSync('mknod', ['-m', '600', join(root, 'dev/zero'), 'c', '1', '5']);
      chownSync(join(root, 'dev/zero'), 5, 6);
      expect(printed('stat -c "%a %u %g" /dev/zero', [ownRoot(root), withoutDev])).toBe('666 0 0\n');
    });

    it('but leaves alone one that a mount brought', () => {
      const outside = directory('outside');
      const node = join(outside, 'zero');
      spawnSync('mknod', ['-m', '600', node, 'c', '1', '5']);
      const asked = (fileMode: number): Change => devices({ path: '/data/zero', type: 'c', major: 1, minor: 5, fileMode });
      const bind = mount({ destination: '/data', type: 'bind', source: outside, options: ['rbind'] });
      expect(h.run([ownRoot(), bind, asked(0o666)]).stderr).toMatch(
        /make device \/data\/zero: it is there with mode 600 and owner 0:0.*file exists/,
      );
      expect(h.run([ownRoot(), bind, asked(0o600)])).toMatchObject({ status: 0, stderr: '' });
      expect(lstatSync(node).mode & 0o7777).toBe(0o600);
    });

    it.each([
      [5, true],
      [7, false],
    ])('or finds the zero device of minor %i there: %s', (minor, fine) => {
      const root = h.ownRoot();
      expect(spawnSync('mknod', [join(root, 'dev/zero'), 'c', '1', String(minor)]).status).toBe(0);
      const { status, stderr } = h.run([ownRoot(root), withoutDev]);
      expect(status === 0).toBe(fine);
      if (!fine) expect(stderr).toMatch(/make device \/dev\/zero: something else is there/);
    });
  });

  describe('is kept from', () => {
    it('masked and read-only paths, those that exist', () => {
      const change: Change = (config) => {
        config.linux.maskedPaths = ['/etc/passwd', '/home', '/no/such', '/etc/passwd/below'];
        config.linux.readonlyPaths = ['/tmp', '/no/such', '/etc/group'];
      };
      const script = [
        'wc -c < /etc/passwd; ls -A /home',
        'for each in /home/x /tmp/x /etc/group; do touch $each 2>/dev/null && echo wrote; done',
        'touch /etc/other; ls /etc/other',
      ].join('; ');
      expect(printed(script, [ownRoot(), change])).toBe('0\n/etc/other\n');
    });

    it('flags of a read-only path that it had before', () => {
      const change: Change = (config) => {
        config.linux.readonlyPaths = ['/place/sub'];
      };
      const root = h.ownRoot();
      mkdirSync(join(root, 'place/sub'), { recursive: true });
      const place = mount({ destination: '/place', type: 'tmpfs', source: 'none', options: ['nosuid', 'nodev', 'noatime', 'tmpcopyup'] });
      expect(mounted([ownRoot(root), place, change]).get('/place/sub')?.options).toEqual(['noatime', 'nodev', 'nosuid', 'ro']);
    });

    it('writing to a read-only root, but not to what is mounted in it', () => {
      const change: Change = (config) => {
        config.root.readonly = true;
      };
      const data = mount({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' });
      expect(printed('touch /x 2>/dev/null || echo refused; touch /tmp/x && ls /tmp', [ownRoot(), change, data])).toBe('refused\nx\n');
    });
  });

  it('has the kernel parameters it asks for, in its own namespaces', () => {
    const before = readFileSync('/proc/sys/kernel/shmmni', 'utf8');
    const change: Change = (config) => {
      config.linux.sysctl = { 'kernel.shmmni': '1234', 'net/ipv4/ip_default_ttl': '77' };
    };
    expect(printed('cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_default_ttl', [change])).toBe('1234\n77\n');
    expect(readFileSync('/proc/sys/kernel/shmmni', 'utf8')).toBe(before);
  });

  it('gets its working directory made', () => {
    const change: Change = (config) => {
      config.process.cwd = '/made/for/this';
    };
    expect(printed('pwd; stat -c %a /made', [ownRoot(), change])).toBe('/made/for/this\n755\n');
  });

  it('has its masks in a mount namespace that it was given', () => {
    const holder = spawn('unshare', ['--mount', 'sleep', '60'], { stdio: 'ignore' });
    try {
      const change: Change = (config) => {
        config.linux.namespaces = (config.linux.namespaces ?? []).map((each) =>
          each.type === 'mount' ? { type: 'mount', path: `/proc/${holder.pid ?? 0}/ns/mnt` } : each,
        );
        config.linux.maskedPaths = ['/etc/passwd', '/home'];
      };
      spawnSync(
        'sh',
        ['-c', `until [ "$(readlink /proc/${holder.pid ?? 0}/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ]; do sleep 0.05; done`],
        {
          timeout: 10_000,
        },
      );
      expect(printed('wc -c < /etc/passwd; ls -A /home', [change])).toBe('0\n');
    } finally {
      holder.kill('SIGKILL');
    }
  });

  describe('has a root', () => {
    it.each([
      ['slave', ['master']],
      ['rslave', ['master']],
      ['private', []],
      ['shared', ['shared']],
      [undefined, []],
    ])('with rootfsPropagation %s where the host shares it: %s', (word, tags) => {
      const root = h.ownRoot();
      const change: Change = (config) => {
        if (word !== undefined) config.linux.rootfsPropagation = word as NonNullable<Config['linux']['rootfsPropagation']>;
      };
      const shared = `mount --bind ${root} ${root}; mount --make-shared ${root}`;
      const { stdout } = elsewhere(shared, [ownRoot(root), change, shell('grep " / / " /proc/self/mountinfo || cat /proc/self/mountinfo')]);
      const line = stdout.split('\n').find((each) => each.split(' ')[4] === '/') ?? '';
      const [before = ''] = line.split(' - ');
      expect(
        before
          .split(' ')
          .slice(6)
          .map((tag) => tag.split(':')[0]),
      ).toEqual(tags);
    });

    it.each([
      ['shared', ['shared']],
      ['rprivate', []],
      ['unbindable', ['unbindable']],
    ])('with rootfsPropagation %s', (word, tags) => {
      const change: Change = (config) => {
        config.linux.rootfsPropagation = word as NonNullable<Config['linux']['rootfsPropagation']>;
      };
      expect(mounted([change]).get('/')?.propagation).toEqual(tags);
    });

    it.each(['shared', 'rshared', undefined])('whose mounts the host does not see, with rootfsPropagation %s', (word) => {
      const root = h.ownRoot();
      mkdirSync(join(root, 'sub'));
      const change: Change = (config) => {
        if (word !== undefined) config.linux.rootfsPropagation = word as NonNullable<Config['linux']['rootfsPropagation']>;
      };
      const mounts = mount(
        { destination: '/sub/tmpfs', type: 'tmpfs', source: 'none' },
        { destination: '/tmp', type: 'tmpfs', source: 'none' },
      );
      const shared = `mount --bind ${root} ${root}; mount -t tmpfs none ${root}/sub; mount --make-rshared ${root}`;
      const { status, stderr, seen } = elsewhere(shared, [ownRoot(root), mounts, change]);
      expect({ status, stderr, seen }).toEqual({ status: 0, stderr: '', seen: [root, join(root, 'sub')] });
    });

    it('without pivot_root too, and still nothing of the host in sight', () => {
      const all = mounted([], ['--no-pivot']);
      expect([...all.keys()].filter((path) => !/^\/($|proc|dev|sys)/.test(path))).toEqual([]);
      expect(printed('ls /', [], ['--no-pivot'])).toBe(printed('ls /', []));
    });

    it('without a mount namespace too', () => {
      const change: Change = (config) => {
        config.mounts = [];
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
        config.root.readonly = false;
      };
      expect(printed('cat /etc/group', [without('mount'), change])).toMatch(/^root:x:0:\n/);
    });
  });

  it('survives a thousand mounts', () => {
    const many = Array.from({ length: 1000 }, (_, number) => ({
      destination: `/m/${number}`,
      type: 'tmpfs',
      source: 'none',
      options: ['ro', 'size=4k'],
    }));
    expect(printed('grep -c " /m/" /proc/self/mountinfo', [ownRoot(), mount(...many)])).toBe('1000\n');
  });
});
