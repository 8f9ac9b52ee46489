// The tree a container sees: mounts, and tmpfs that begin with what was there.
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { harness, shell, skipped, type Change } from './harness.js';
import { describeTree, mount, type Mount, userNamespace, Trees } from './rootfs.js';

const h = harness('rootfs');
const { directory, elsewhere, mounted, ownRoot, printed } = new Trees(h);

describeTree(h, () => {
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
