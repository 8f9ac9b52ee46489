import { describe, expect, it } from 'vitest';

import { planRootfs, planRootfsEnd } from '../../../src/plan/rootfs.js';
import type { RootfsContext } from '../../../src/plan/rootfs.js';
import type { Step } from '../../../src/plan/steps.js';
import type { Linux, RootfsPropagation, Spec } from '../../../src/spec/types.js';
import { host } from './host.js';

const REC = 0x4000;
const UNBINDABLE = 1 << 17;
const PRIVATE = 1 << 18;
const SLAVE = 1 << 19;
const SHARED = 1 << 20;

const context: RootfsContext = {
  bundle: '/bundle',
  host,
  userNamespace: 'none',
  cgroupNamespace: true,
  networkNamespace: true,
  mountNamespace: true,
  noPivot: false,
};

function spec(linux: Linux = {}, more: Partial<Spec> = {}): Spec {
  return { ociVersion: '1.3.0', root: { path: 'rootfs' }, linux, ...more };
}

function end(config: Spec, changed: RootfsContext = context): readonly Step[] {
  return planRootfsEnd(config, changed, planRootfs(config, changed).late);
}

function ops(steps: readonly { readonly op: string }[]): string[] {
  return steps.map((step) => step.op);
}

describe('the root', () => {
  it('is the bundle’s, or where an absolute path says', () => {
    expect(planRootfs(spec(), context).steps[1]).toEqual({ op: 'root', path: '/bundle/rootfs', clone: true, slave: false });
    expect(planRootfs(spec({}, { root: { path: '/r' } }), context).steps[1]).toEqual({ op: 'root', path: '/r', clone: true, slave: false });
    expect(() => planRootfs({ ociVersion: '1.3.0' }, context)).toThrow('/root: must be given');
  });

  it('has the mounts of the config between itself and the devices', () => {
    const { steps } = planRootfs(spec({}, { mounts: [{ destination: '/proc', type: 'proc' }] }), context);
    expect(ops(steps)).toEqual(['propagation', 'root', 'mount', ...Array<string>(6).fill('device'), ...Array<string>(6).fill('symlink')]);
  });
});

describe('propagation', () => {
  const first = (word: RootfsPropagation | undefined, changes: Partial<RootfsContext> = {}) =>
    planRootfs(spec({ rootfsPropagation: word }), { ...context, ...changes }).steps[0];
  const last = (word: RootfsPropagation | undefined) =>
    end(spec({ rootfsPropagation: word })).filter((step) => step.op === 'rootPropagation');

  it.each([
    [undefined, SLAVE | REC, undefined],
    ['', SLAVE | REC, undefined],
    ['private', PRIVATE | REC, PRIVATE],
    ['rprivate', PRIVATE | REC, PRIVATE | REC],
    ['slave', SLAVE | REC, SLAVE],
    ['rslave', SLAVE | REC, SLAVE | REC],
    ['shared', SHARED, SHARED],
    ['rshared', SHARED | REC, SHARED | REC],
    ['unbindable', PRIVATE | REC, UNBINDABLE],
    ['runbindable', PRIVATE | REC, UNBINDABLE | REC],
  ] as const)('%s', (word, before, after) => {
    expect(first(word)).toEqual({ op: 'propagation', flags: before });
    expect(last(word)).toEqual(after === undefined ? [] : [{ op: 'rootPropagation', flags: after }]);
  });

  it.each([
    [undefined, false],
    ['private', false],
    ['shared', false],
    ['slave', true],
    ['rslave', true],
  ] as const)('%s: whether the root stays a slave is %s', (word, slave) => {
    expect(planRootfs(spec({ rootfsPropagation: word }), context).steps[1]).toMatchObject({ op: 'root', slave });
  });

  it('is not private without pivot_root', () => {
    expect(() => first('rprivate', { noPivot: true })).toThrow('/linux/rootfsPropagation: private is not safe without pivot_root');
    expect(first(undefined, { noPivot: true })).toEqual({ op: 'propagation', flags: SLAVE | REC });
  });
});

describe('devices', () => {
  const devices = (linux: Linux, changes: Partial<RootfsContext> = {}) =>
    planRootfs(spec(linux), { ...context, ...changes }).steps.filter((step) => step.op === 'device' || step.op === 'bindDevice');

  it('are the default ones and those of the config, which replace them', () => {
    const given = devices({
      devices: [
        { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o20660, uid: 1, gid: 2 },
        { path: '/dev//null', type: 'u', major: 1, minor: 3 },
        { path: '/run/pipe', type: 'p' },
      ],
    });
    expect(given.map((step) => step.path)).toEqual([
      '/dev/zero',
      '/dev/full',
      '/dev/random',
      '/dev/urandom',
      '/dev/tty',
      '/dev/fuse',
      '/dev/null',
      '/run/pipe',
    ]);
    expect(given.slice(5)).toEqual([
      { op: 'device', path: '/dev/fuse', type: 'c', major: 10, minor: 229, mode: 0o660, uid: 1, gid: 2, found: false },
      { op: 'device', path: '/dev/null', type: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0, found: false },
      { op: 'device', path: '/run/pipe', type: 'p', major: 0, minor: 0, mode: 0o666, uid: 0, gid: 0, found: false },
    ]);
  });

  it.each([{ userNamespace: 'new' as const }, { userNamespace: 'joined' as const }, { host: { ...host, inUserNamespace: true } }])(
    'are the host’s in a user namespace (%#), other than fifos',
    (changes) => {
      const given = devices(
        {
          devices: [
            { path: '/dev/fuse', type: 'c', major: 10, minor: 229 },
            { path: '/p', type: 'p' },
          ],
        },
        changes,
      );
      expect(given.slice(5)).toMatchObject([
        { op: 'bindDevice', path: '/dev/tty', source: '/dev/tty', type: 'c', major: 5, minor: 0, made: -1 },
        { op: 'bindDevice', path: '/dev/fuse', source: '/dev/fuse', type: 'c', major: 10, minor: 229 },
        { op: 'device', path: '/p', type: 'p' },
      ]);
    },
  );

  it('are made by a runtime that is root, with the owner that its new user namespace means', () => {
    const linux: Linux = {
      devices: [
        { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o640, uid: 3, gid: 4 },
        { path: '/p', type: 'p' },
        { path: '/dev/sda', type: 'b', major: 8, minor: 0 },
      ],
      uidMappings: [{ containerID: 1, hostID: 1000, size: 10 }],
      gidMappings: [{ containerID: 0, hostID: 2000, size: 10 }],
    };
    const plan = (changes: Partial<RootfsContext>) => planRootfs(spec(linux), { ...context, ...changes });
    const made = plan({ userNamespace: 'new' });
    expect(made.devices).toEqual([
      { path: '/dev/fuse', type: 'c', major: 10, minor: 229, mode: 0o640, uid: 1002, gid: 2004 },
      // without an owner in the config, and root not mapped
      { path: '/dev/sda', type: 'b', major: 8, minor: 0, mode: 0o666, uid: 0, gid: 2000 },
    ]);
    const numbers = made.steps.filter((step) => step.op === 'bindDevice').map((step) => step.made);
    expect(numbers).toEqual([-1, -1, -1, -1, -1, -1, 0, 1]);
    for (const changes of [
      { userNamespace: 'new', host: { ...host, euid: 1000 } },
      { userNamespace: 'joined' },
      { userNamespace: 'none', host: { ...host, inUserNamespace: true } },
    ] as const) {
      expect(plan(changes).devices).toEqual([]);
    }
    expect(() =>
      planRootfs(spec({ ...linux, devices: [{ path: '/a', type: 'c', major: 1, minor: 3, uid: 0 }] }), {
        ...context,
        userNamespace: 'new',
      }),
    ).toThrow('/linux/devices/0/uid: 0 is not in /linux/uidMappings');
  });

  it('and links are left alone in a /dev from outside; what the config lists must be there', () => {
    for (const mount of [
      { destination: '/dev/', type: 'bind', source: '/dev' },
      { destination: 'dev', source: '/dev', options: ['rbind'] },
    ]) {
      const devices = [
        { path: '/dev/x', type: 'p' },
        { path: '/run/x', type: 'p' },
      ] as const;
      const { steps } = planRootfs(spec({ devices }, { mounts: [mount] }), context);
      expect(ops(steps)).toEqual(['propagation', 'root', 'mount', 'device', 'device']);
      expect(steps.slice(3)).toMatchObject([
        { path: '/dev/x', found: true },
        { path: '/run/x', found: false },
      ]);
    }
  });
});

describe('links', () => {
  const links = (kcore: boolean): (string | undefined)[] =>
    planRootfs(spec(), { ...context, host: { ...host, kcore } }).steps.map((step) => (step.op === 'symlink' ? step.path : undefined));

  it('have /dev/core only on a kernel with /proc/kcore', () => {
    expect(links(true)).toContain('/dev/core');
    expect(links(false)).not.toContain('/dev/core');
    expect(links(false)).toContain('/dev/fd');
  });
});

describe('the end', () => {
  it('has its order', () => {
    const steps = end(
      spec(
        { sysctl: { 'net.core.somaxconn': '5' }, maskedPaths: ['/proc/kcore'], readonlyPaths: ['/proc/sys'], rootfsPropagation: 'shared' },
        {
          root: { path: 'r', readonly: true },
          process: { cwd: '/a/b/' },
          mounts: [{ destination: '/run', type: 'tmpfs', options: ['ro'] }],
        },
      ),
      context,
    );
    expect(steps.map((step) => ('path' in step ? `${step.op} ${step.path}` : step.op))).toEqual([
      'sysctl net/core/somaxconn',
      'makeDirectory /a/b',
      'mount',
      'readonlyPath /proc/sys',
      'mask /proc/kcore',
      'pivotRoot',
      'rootPropagation',
      'rootReadonly',
    ]);
  });

  it('is a move of the root without pivot_root', () => {
    expect(ops(end(spec()))).toEqual(['pivotRoot']);
    expect(ops(end(spec(), { ...context, noPivot: true }))).toEqual(['moveRoot']);
  });

  it.each([
    ['net.ipv4.ip_forward', 'net/ipv4/ip_forward'],
    ['net/ipv4/ip_forward', 'net/ipv4/ip_forward'],
    ['net.ipv4.conf.eth0/100.mtu', 'net/ipv4/conf/eth0.100/mtu'],
    ['net/ipv4/conf/eth0.100/mtu', 'net/ipv4/conf/eth0.100/mtu'],
    ['kernel', 'kernel'],
  ])('writes the sysctl %s to %s', (name, path) => {
    expect(end(spec({ sysctl: { [name]: '1' } }))[0]).toEqual({ op: 'sysctl', path, value: '1' });
  });

  it.each(['net/../kernel/core_pattern', 'net...kernel', '/kernel/x', '', 'net/./x', 'kernel.'])('refuses the sysctl "%s"', (name) => {
    expect(() => end(spec({ sysctl: { [name]: '1' } }))).toThrow('/linux/sysctl: not a name of a kernel parameter');
  });
});

describe('without a mount namespace', () => {
  const bare = { ...context, mountNamespace: false };

  it('nothing is mounted', () => {
    expect(planRootfs(spec(), bare).steps).toEqual([{ op: 'root', path: '/bundle/rootfs', clone: false, slave: false }]);
    expect(ops(end(spec({}, { process: { cwd: '/x' } }), bare))).toEqual(['makeDirectory', 'chroot']);
  });

  it.each<[string, Linux, Partial<Spec>]>([
    ['/mounts', {}, { mounts: [{ destination: '/a', type: 'tmpfs' }] }],
    ['/linux/maskedPaths', { maskedPaths: ['/a'] }, {}],
    ['/linux/readonlyPaths', { readonlyPaths: ['/a'] }, {}],
    ['/linux/devices', { devices: [{ path: '/a', type: 'p' }] }, {}],
    ['/linux/rootfsPropagation', { rootfsPropagation: 'slave' }, {}],
    ['/root/readonly', {}, { root: { path: 'r', readonly: true } }],
  ])('%s is refused', (pointer, linux, more) => {
    expect(() => planRootfs(spec(linux, more), bare)).toThrow(`${pointer}: needs a mount namespace`);
  });
});
