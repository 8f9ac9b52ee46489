// The devices a container has.
import { spawnSync } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { harness, USER, asUser, hosts, shell, skipped, whyNoUser, type Called, type Change, type Config } from './harness.js';
import { describeTree, mount, ownRootWritable, userNamespace, withoutDev, Trees } from './rootfs.js';

const h = harness('rootfs-devices');
const { directory, ownRoot, printed } = new Trees(h);

describeTree(h, () => {
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
});
