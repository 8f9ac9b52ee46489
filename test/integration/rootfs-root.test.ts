// The root of a container: what it is protected from, what is written in it, and how it is entered.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { executes, harness, shell, without, type Change, type Config } from './harness.js';
import { describeTree, mount, Trees } from './rootfs.js';

const h = harness('rootfs-root');
const { elsewhere, mounted, ownRoot, printed } = new Trees(h);

describeTree(h, () => {
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

  it('has its masks in a mount namespace that it was given', async () => {
    const holder = spawn('unshare', ['--mount', 'sleep', '1000'], { stdio: 'ignore' });
    try {
      const change: Change = (config) => {
        config.linux.namespaces = (config.linux.namespaces ?? []).map((each) =>
          each.type === 'mount' ? { type: 'mount', path: `/proc/${holder.pid ?? 0}/ns/mnt` } : each,
        );
        config.linux.maskedPaths = ['/etc/passwd', '/home'];
      };
      await executes(holder.pid ?? 0, 'sleep');
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
});
