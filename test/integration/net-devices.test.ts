// `linux.netDevices`: devices of the runtime's network namespace, which here is never the machine's but one made for the test.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  SLEEP,
  USER,
  harness,
  hosts,
  shell,
  skipped,
  until,
  whyNoContainers,
  whyNoUser,
  without,
  type Called,
  type Change,
  type TestHost,
} from './harness.js';

const h = harness('net-devices');

const holders: ChildProcess[] = [];
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
});

/** A network namespace of a process that sleeps. */
class Namespace {
  readonly path: string;
  /** Those of the kernel's own: lo, with some kernels sit0. */
  private readonly first: readonly string[];

  private constructor(path: string) {
    this.path = path;
    this.first = this.all();
  }

  static async make(): Promise<Namespace> {
    const holder = spawn('unshare', ['--net', 'sleep', '1000'], { stdio: 'ignore' });
    holders.push(holder);
    const path = `/proc/${holder.pid ?? 0}/ns/net`;
    if (!(await until(() => link(path) !== link('/proc/self/ns/net')))) throw new Error('unshare made no network namespace');
    return new Namespace(path);
  }

  get pid(): string {
    return this.path.split('/')[2] ?? '';
  }

  inside(...command: string[]): string[] {
    return ['nsenter', `--net=${this.path}`, ...command];
  }

  /** The same host, called in this namespace. */
  host({ name, command }: TestHost): TestHost {
    return { name, command: this.inside(...command) };
  }

  call(...command: string[]): string {
    const [program = '', ...rest] = this.inside(...command);
    const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
    return stdout;
  }

  ip(...args: string[]): string {
    return this.call('ip', ...args);
  }

  has(device: string): boolean {
    return this.names().includes(device);
  }

  names(): string[] {
    return this.all().filter((name) => !this.first.includes(name));
  }

  private all(): string[] {
    return (JSON.parse(this.ip('-json', 'link')) as { ifname: string }[]).map(({ ifname }) => ifname);
  }

  /** A pair of devices, of which the second stays here. */
  pair(device: string, peer: string, ...properties: string[]): void {
    this.ip('link', 'add', device, ...properties, 'type', 'veth', 'peer', 'name', peer);
    this.ip('link', 'set', peer, 'up');
  }

  /** All that is to come back: number, name, flags, MTU, MAC and addresses, but not whether IPv6 has looked for duplicates yet. */
  looks(device: string): unknown {
    const [found] = JSON.parse(this.ip('-json', 'address', 'show', 'dev', device)) as {
      flags: string[];
      addr_info: Record<string, unknown>[];
    }[];
    if (found === undefined) throw new Error(`no ${device}`);
    const addresses = found.addr_info.map((address) => ({ ...address, tentative: undefined }));
    return { ...found, operstate: undefined, flags: [...found.flags].filter((flag) => flag !== 'LOWER_UP' && flag !== 'M-DOWN' && flag !== 'NO-CARRIER').sort(), addr_info: addresses.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }; // prettier-ignore
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function netDevices(devices: Record<string, { name?: string }>): Change {
  return (config) => {
    config.linux.netDevices = devices;
  };
}

/** The container joins that network namespace. */
function joins({ path }: Namespace): Change {
  return (config) => {
    config.linux.namespaces = (config.linux.namespaces ?? []).map((namespace) =>
      namespace.type === 'network' ? { type: 'network', path } : namespace,
    );
  };
}

const mapped: Change = (config) => {
  config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
};

const lacks =
  whyNoContainers() ??
  (spawnSync('ip', ['-V']).status === 0 ? undefined : 'needs ip(8)') ??
  (spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'dev0', 'type', 'veth', 'peer', 'name', 'dev1']).status === 0
    ? undefined
    : 'this kernel makes no veth devices');

describe.skipIf(skipped('network devices', lacks)).each(hosts)('network devices under $name', (host) => {
  let outer: Namespace;
  beforeEach(async () => {
    outer = await Namespace.make();
  });

  const run = (...changes: Change[]): Called => h.run(changes, { host: outer.host(host) });
  const shows = (device: string, ...changes: Change[]): string => {
    const { status, stdout, stderr } = run(shell(`ip address show dev ${device}`), ...changes);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  const refusal = (...changes: Change[]): string =>
    h.refusal(['run', '--bundle', h.bundle(...changes), h.id()], 1, { host: outer.host(host) });

  it('is moved into a new namespace, is up, and goes with it', async () => {
    outer.pair('dev0', 'peer0');
    const stdout = shows('dev0', netDevices({ dev0: {} }));
    expect(stdout).toMatch(/ dev0@if\d+: <[A-Z,-]*\bUP\b/);
    // The kernel takes a namespace down some time after its last process.
    expect(await until(() => outer.names().length === 0)).toBe(true);
  });

  it('is moved into one with users of its own', () => {
    outer.pair('dev0', 'peer0');
    outer.ip('address', 'add', '192.0.2.7/24', 'dev', 'dev0');
    const root: Change = (config) => {
      config.root.path = h.ownRoot({ uid: 100000, gid: 100000 });
    };
    expect(shows('dev0', netDevices({ dev0: {} }), mapped, root)).toContain('inet 192.0.2.7/24');
  });

  it('is there before the runtime’s hooks', () => {
    outer.pair('dev0', 'peer0');
    const script =
      'read -r state; pid=${state#*\\"pid\\":}; pid=${pid%%[!0-9 ]*}; nsenter --net=/proc/$((pid))/ns/net ip -o link show c0 >&2; exit 1';
    const hook: Change = (config) => {
      config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', script], env: [`PATH=${process.env['PATH'] ?? ''}`] }] };
    };
    expect(refusal(netDevices({ dev0: { name: 'c0' } }), hook)).toMatch(/c0@if\d+: <.*\bUP\b/);
    expect(outer.has('dev0')).toBe(true);
  });

  describe('in a namespace that is given', () => {
    let inner: Namespace;
    beforeEach(async () => {
      inner = await Namespace.make();
    });

    it('stays when the container is deleted, for its owner to move it on', () => {
      outer.pair('dev0', 'peer0');
      const id = h.id();
      h.ok(['run', '--detach', '--bundle', h.bundle(shell(SLEEP), joins(inner), netDevices({ dev0: {} })), id], { host: outer.host(host) });
      h.ok(['delete', '--force', id], { host });
      expect([outer.has('dev0'), inner.has('dev0')]).toEqual([false, true]);
      inner.ip('link', 'set', 'dev', 'dev0', 'netns', outer.pid);
      expect(outer.has('dev0')).toBe(true);
    });

    it('keeps MTU, MAC and global addresses under its new name, and nothing that is the host’s', () => {
      outer.pair('dev0', 'peer0', 'mtu', '1789', 'address', '00:11:22:33:44:55');
      for (const address of [
        '169.254.169.77/32',
        '192.0.2.1 peer 192.0.2.2/32',
        '198.51.100.9/24 broadcast 198.51.100.255',
        '2001:db8::7/64 nodad',
      ])
        outer.ip('address', 'add', ...address.split(' '), 'dev', 'dev0');
      outer.ip('address', 'add', '203.0.113.1/24', 'scope', 'link', 'dev', 'dev0');
      outer.ip('address', 'add', '127.0.0.33', 'dev', 'dev0');
      outer.ip('address', 'add', '100.64.0.9/24', 'valid_lft', '1000', 'preferred_lft', '1000', 'dev', 'dev0');
      outer.ip('link', 'set', 'dev0', 'up');
      const stdout = shows('ctr_dev0', joins(inner), netDevices({ dev0: { name: 'ctr_dev0' } }));
      expect(inner.ip('address', 'show', 'dev', 'ctr_dev0')).toContain('inet 169.254.169.77/32 scope global ctr_dev0');
      expect(stdout).toContain('mtu 1789 ');
      expect(stdout).toContain('ether 00:11:22:33:44:55 ');
      expect(stdout.match(/inet6? \S+( peer \S+)?( brd \S+)? scope global/g)?.sort()).toEqual([
        'inet 169.254.169.77/32 scope global',
        'inet 192.0.2.1 peer 192.0.2.2/32 scope global',
        'inet 198.51.100.9/24 brd 198.51.100.255 scope global',
        'inet6 2001:db8::7/64 scope global',
      ]);
      expect(stdout).not.toMatch(/203\.0\.113|100\.64|127\.0\.0\.33/);
    });

    it('gets a number of its own where its own is taken, and the kernel’s name by a template', () => {
      outer.pair('dev0', 'peer0');
      // As many as to have the number of dev0.
      for (const number of [0, 1, 2]) inner.pair(`eth${number}`, `peer${number}`);
      outer.ip('address', 'add', '192.0.2.7/24', 'dev', 'dev0');
      expect(shows('eth3', joins(inner), netDevices({ dev0: { name: 'eth%d' } }))).toContain('inet 192.0.2.7/24');
    });

    it('may swap names with one that is there', () => {
      outer.pair('eth0', 'peer0');
      inner.pair('eth0', 'peer0');
      shows('eth1', joins(inner), netDevices({ eth0: { name: 'eth1' } }));
      expect(inner.names().sort()).toEqual(['eth0', 'eth1', 'peer0']);
    });

    it('is refused where its name is taken, and nothing is changed', () => {
      outer.pair('dev0', 'peer0');
      inner.pair('eth0', 'peer0');
      inner.ip('link', 'property', 'add', 'dev', 'eth0', 'altname', 'other');
      const before = outer.looks('dev0');
      for (const name of ['eth0', 'other']) {
        expect(refusal(joins(inner), netDevices({ dev0: { name } }))).toBe(
          `tsrun run failed: /linux/netDevices/dev0: there is a network device "${name}" in the container's namespace already: file exists`,
        );
      }
      expect(outer.looks('dev0')).toEqual(before);
    });

    it('comes back from there, too, when the container is not made', () => {
      outer.pair('dev0', 'peer0');
      outer.ip('link', 'set', 'dev0', 'up');
      const before = outer.looks('dev0');
      const program: Change = (config) => {
        config.process.args = ['/no/such/program'];
      };
      expect(refusal(joins(inner), netDevices({ dev0: { name: 'c0' } }), program)).toContain('no such file or directory');
      expect(outer.looks('dev0')).toEqual(before);
      expect(inner.names()).toEqual([]);
    });

    it('that is the runtime’s own is refused', () => {
      outer.pair('dev0', 'peer0');
      expect(refusal(joins(outer), netDevices({ dev0: { name: 'c0' } }))).toContain("network namespace is the runtime's own");
      expect(outer.names().sort()).toEqual(['dev0', 'peer0']);
    });
  });

  describe('when the container is not made', () => {
    /** Two devices, one up and one down, with addresses of all kinds. */
    function equip(): readonly unknown[] {
      outer.pair('dev0', 'peer0', 'mtu', '1789', 'address', '00:11:22:33:44:55');
      outer.pair('dev1', 'peer1');
      for (const address of [
        '192.0.2.1 peer 192.0.2.2/32',
        '2001:db8::7/64 nodad',
        '203.0.113.1/24 scope link',
        '127.0.0.33/32 scope host',
      ])
        outer.ip('address', 'add', ...address.split(' '), 'dev', 'dev0');
      outer.ip('address', 'add', '198.51.100.9/24', 'dev', 'dev1');
      outer.ip('link', 'set', 'dev0', 'up');
      return looks();
    }
    const looks = (): readonly unknown[] => ['dev0', 'dev1'].map((device) => outer.looks(device));

    it.each<[string, Record<string, { name?: string }>, Change, RegExp]>([
      [
        'for want of another device',
        { nope: {} },
        () => undefined,
        /\/linux\/netDevices\/nope: there is no network device "nope" in the runtime's namespace: no such device$/,
      ],
      [
        'because another cannot be moved',
        { lo: { name: 'c9' } },
        () => undefined,
        /\/linux\/netDevices\/lo: move network device lo( \(.*\))?: invalid argument$/,
      ],
      [
        'because another cannot have its name',
        { peer1: { name: 'lo' } },
        () => undefined,
        /\/linux\/netDevices\/peer1: there is a network device "lo"/,
      ],
      ['for another reason', {}, (config) => (config.process.args = ['/no/such/program']), /no such file or directory$/],
    ])('%s, devices come back as they were', async (_, more, change, words) => {
      // prettier-ignore
      const before = equip();
      expect(refusal(netDevices({ dev0: { name: 'c0' }, dev1: { name: 'c%d' }, ...more }), change)).toMatch(words);
      expect(looks()).toEqual(before);
      await h.expectNothingLeft();
    });

    it('for want of IPv6 in the container, an address of it comes back, too', async () => {
      const before = equip();
      const inner = await Namespace.make();
      inner.call('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
      expect(refusal(joins(inner), netDevices({ dev1: {}, dev0: {} }))).toMatch(
        /\/linux\/netDevices\/dev0: give an address to network device dev0( \(.*\))?: permission denied$/,
      );
      expect(looks()).toEqual(before);
      expect(inner.names()).toEqual([]);
    });
  });

  it('is not taken back from programs of the container', async () => {
    outer.pair('dev0', 'peer0');
    const hook: Change = (config) => {
      config.hooks = { poststart: [{ path: '/bin/false' }] };
    };
    expect(refusal(netDevices({ dev0: {} }), shell(SLEEP), hook)).toContain('poststart');
    expect(await until(() => outer.names().length === 0)).toBe(true);
  });

  it('is refused without a network namespace, and with a name that is none', () => {
    expect(refusal(netDevices({ dev0: {} }), without('network'))).toContain('unable to move network devices without a NET namespace');
    expect(refusal(netDevices({ dev0: { name: 'a/b' } }))).toContain('/linux/netDevices/dev0/name: invalid network device name "a/b"');
  });

  it.skipIf(skipped('network devices of an ordinary user', whyNoUser()))('is refused to ordinary users', () => {
    const user = { name: host.name, command: ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', ...host.command] };
    const bundle = h.bundle(netDevices({ dev0: {} }), (config) => {
      config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
    });
    expect(h.refusal(['run', '--bundle', bundle, h.id()], 1, { host: user })).toContain(
      'network devices are not supported for rootless containers',
    );
  });
});
