import { describe, expect, it } from 'vitest';

import { knownMountOptions, parseMountOptions } from '../../../src/plan/mount-options.js';
import { planMounts } from '../../../src/plan/mounts.js';
import type { MountContext } from '../../../src/plan/mounts.js';
import type { MountStep } from '../../../src/plan/steps.js';
import type { Linux, Mount, Spec } from '../../../src/spec/types.js';
import { host } from './host.js';

const RDONLY = 0x1;
const NOSUID = 0x2;
const NODEV = 0x4;
const NOEXEC = 0x8;
const NOATIME = 0x10;
const STRICTATIME = 0x20;
const ATIME = 0x70;
const NODIRATIME = 0x80;
const NOSYMFOLLOW = 0x200000;
const REC = 0x4000;

const context: MountContext = { bundle: '/bundle', host, userNamespace: 'none', cgroupNamespace: true, networkNamespace: true };

function spec(mounts: readonly Mount[], linux: Linux = {}): Spec {
  return { ociVersion: '1.3.0', root: { path: 'rootfs' }, mounts, linux };
}

function plan(mount: Mount, changes: Partial<MountContext> = {}, linux: Linux = {}): MountStep {
  const [step] = planMounts(spec([mount], linux), { ...context, ...changes }).steps;
  if (step === undefined) throw new Error('no step');
  return step;
}

describe('mount options', () => {
  it.each([
    [['ro'], RDONLY, 0],
    [['ro', 'rw'], 0, RDONLY],
    [['rw', 'ro'], RDONLY, 0],
    [['nosuid', 'noexec', 'nodev', 'nosymfollow', 'nodiratime'], NOSUID | NOEXEC | NODEV | NOSYMFOLLOW | NODIRATIME, 0],
    [['suid', 'exec', 'dev', 'symfollow', 'diratime'], 0, NOSUID | NOEXEC | NODEV | NOSYMFOLLOW | NODIRATIME],
    [['noatime'], NOATIME, ATIME],
    [['strictatime'], STRICTATIME, ATIME],
    [['noatime', 'strictatime'], STRICTATIME, ATIME],
    [['strictatime', 'noatime'], NOATIME, ATIME],
    [['noatime', 'relatime'], 0, ATIME],
    [['noatime', 'atime'], 0, ATIME],
    [['strictatime', 'nostrictatime'], 0, ATIME],
    [['relatime', 'norelatime'], 0, 0],
    [['noatime', 'norelatime'], NOATIME, ATIME],
    [['defaults', 'silent', 'loud', 'noiversion', ''], 0, 0],
  ])('%j set %d and clear %d', (options, set, clear) => {
    expect(parseMountOptions(options)).toMatchObject({
      attributes: { set, clear },
      recursive: { set: 0, clear: 0 },
      superblock: [],
      data: [],
    });
  });

  it.each([
    [['rro'], RDONLY, 0],
    [['rro', 'rrw'], 0, RDONLY],
    [['rnosuid', 'rnodev', 'rnoexec', 'rnosymfollow', 'rnodiratime'], NOSUID | NODEV | NOEXEC | NOSYMFOLLOW | NODIRATIME, 0],
    [['rsuid', 'rdev', 'rexec', 'rsymfollow', 'rdiratime'], 0, NOSUID | NODEV | NOEXEC | NOSYMFOLLOW | NODIRATIME],
    [['rnoatime'], NOATIME, ATIME],
    [['rstrictatime'], STRICTATIME, ATIME],
    [['rrelatime'], 0, ATIME],
    [['ratime'], 0, ATIME],
    [['rnostrictatime'], 0, ATIME],
    [['rrelatime', 'rnorelatime'], 0, 0],
  ])('%j set %d and clear %d in all mounts below', (options, set, clear) => {
    expect(parseMountOptions(options)).toMatchObject({ attributes: { set: 0, clear: 0 }, recursive: { set, clear } });
  });

  it('keeps propagation in its order', () => {
    expect(parseMountOptions(['rslave', 'shared', 'private', 'runbindable']).propagation).toEqual([
      (1 << 19) | REC,
      1 << 20,
      1 << 18,
      (1 << 17) | REC,
    ]);
  });

  it('turns superblock options on and off, the later one counting', () => {
    expect(parseMountOptions(['sync', 'dirsync', 'nolazytime', 'mand', 'async']).superblock).toEqual([
      'async',
      'dirsync',
      'nolazytime',
      'mand',
    ]);
  });

  it('takes the wider of bind and rbind, in either order', () => {
    expect(parseMountOptions(['bind', 'rbind']).bind).toBe('rbind');
    expect(parseMountOptions(['rbind', 'bind']).bind).toBe('rbind');
    expect(parseMountOptions(['bind']).bind).toBe('bind');
  });

  it('leaves the rest to the file system, one option each', () => {
    expect(parseMountOptions(['mode=755,size=64k', 'newinstance', 'lowerdir=/a\\,b:/c', 'context="u:r:t:s0:c1,c2"']).data).toEqual([
      'mode=755',
      'size=64k',
      'newinstance',
      'lowerdir=/a\\,b:/c',
      'context=u:r:t:s0:c1,c2',
    ]);
  });

  it('may stand together in one entry', () => {
    expect(parseMountOptions(['rbind,ro', 'nosuid,mode=755,rslave'])).toMatchObject({
      bind: 'rbind',
      attributes: { set: RDONLY | NOSUID, clear: 0 },
      propagation: [(1 << 19) | REC],
      data: ['mode=755'],
    });
  });

  it('are known one by one', () => {
    // what the project promises to understand (docs: mount options)
    const must = `async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec
      noiversion nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave
      runbindable rw shared silent slave strictatime suid sync unbindable mand nomand tmpcopyup nosymfollow symfollow idmap
      ridmap rro rrw rsuid rnosuid rdev rnodev rexec rnoexec ratime rnoatime rdiratime rnodiratime rrelatime rnorelatime
      rstrictatime rnostrictatime rsymfollow rnosymfollow`.split(/\s+/);
    expect(knownMountOptions()).toEqual([...must].sort());
    for (const option of must) expect(parseMountOptions([option]).data).toEqual([]);
  });
});

describe('a new file system', () => {
  it('has its attributes and its data apart', () => {
    expect(
      plan({ destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] }),
    ).toEqual({
      op: 'mount',
      destination: '/dev',
      kind: 'new',
      type: 'tmpfs',
      source: 'tmpfs',
      inside: false,
      tree: -1,
      treeIfDenied: false,
      set: NOSUID | STRICTATIME,
      clear: ATIME,
      replace: 0,
      setRecursive: 0,
      clearRecursive: 0,
      propagation: [],
      copyUp: false,
      idmap: '',
      idmapRecursive: false,
      data: ['mode=755', 'size=65536k'],
    });
  });

  it('counts a relative destination from / and shortens it', () => {
    expect(plan({ destination: 'a/./b//../c/', type: 'tmpfs' }).destination).toBe('/a/c');
    expect(plan({ destination: '../..', type: 'tmpfs' }).destination).toBe('/');
  });

  it('is read-only as a mount, and as a superblock only where that is its own', () => {
    expect(plan({ destination: '/sys', type: 'sysfs', options: ['ro'] })).toMatchObject({ set: RDONLY, data: [] });
    expect(plan({ destination: '/x', type: 'ext4', source: '/dev/sda', options: ['ro', 'acl'] })).toMatchObject({
      set: RDONLY,
      data: ['ro', 'acl'],
    });
  });

  it('is made read-only at the end when things are still to be put into it', () => {
    const mounts = [
      { destination: '/dev', type: 'devtmpfs', options: ['ro', 'nosuid'] },
      { destination: 'run/', type: 'tmpfs', options: ['ro'] },
      { destination: '/sys', type: 'sysfs', options: ['ro'] },
      { destination: '/etc', source: '/etc', options: ['bind', 'ro'] },
    ];
    const { steps, late } = planMounts(spec(mounts), context);
    expect(steps.map((step) => step.set)).toEqual([NOSUID, 0, RDONLY, RDONLY]);
    expect(late.map((step) => [step.kind, step.destination, step.set])).toEqual([
      ['remount', '/dev', RDONLY],
      ['remount', '/run', RDONLY],
    ]);
  });

  it('passes superblock options on', () => {
    expect(plan({ destination: '/x', type: 'ext4', source: '/dev/sda', options: ['sync', 'lazytime', 'discard'] }).data).toEqual([
      'sync',
      'lazytime',
      'discard',
    ]);
  });

  it('starts as a copy only if it is a tmpfs', () => {
    expect(plan({ destination: '/run', type: 'tmpfs', options: ['tmpcopyup'] })).toMatchObject({ copyUp: true, data: [] });
    expect(plan({ destination: '/run', type: 'ramfs', options: ['tmpcopyup'] })).toMatchObject({ copyUp: false, data: [] });
  });

  it('gets the mount label where there is SELinux, unless it has a context or takes none', () => {
    const selinux = { host: { ...host, selinux: true } };
    const linux = { mountLabel: 'system_u:object_r:container_file_t:s0:c1,c2' };
    const tmpfs = { destination: '/t', type: 'tmpfs', options: ['size=1m'] };
    expect(plan(tmpfs, selinux, linux).data).toEqual(['size=1m', 'context=system_u:object_r:container_file_t:s0:c1,c2']);
    expect(() => plan(tmpfs, {}, linux)).toThrow('/linux/mountLabel: this host has no SELinux');
    expect(plan(tmpfs, {}, { mountLabel: '' }).data).toEqual(['size=1m']);
    expect(plan({ ...tmpfs, options: ['context="a:b:c:d"'] }, selinux, linux).data).toEqual(['context=a:b:c:d']);
    expect(plan({ destination: '/proc', type: 'proc' }, selinux, linux).data).toEqual([]);
  });

  it('needs a type', () => {
    expect(() => plan({ destination: '/x', source: '/y' })).toThrow('/mounts/0/type: must be given, unless the mount is a bind mount');
  });
});

describe('a bind mount', () => {
  it('is one by its options or by its type', () => {
    expect(plan({ destination: '/a', type: 'none', source: '/x', options: ['bind'] })).toMatchObject({
      kind: 'bind',
      type: '',
      source: '/x',
    });
    expect(plan({ destination: '/a', source: '/x', options: ['rbind', 'rprivate', 'ro'] })).toMatchObject({
      kind: 'rbind',
      set: RDONLY,
      propagation: [(1 << 18) | REC],
    });
    expect(plan({ destination: '/a', type: 'bind', source: '/x' }).kind).toBe('bind');
  });

  it('takes a relative source from the bundle', () => {
    expect(plan({ destination: '/a', source: 'data/../x', options: ['bind'] }).source).toBe('/bundle/data/../x');
  });

  it('clears only what the options say: locked flags of the source stay', () => {
    expect(plan({ destination: '/a', source: '/x', options: ['bind', 'exec', 'nosuid'] })).toMatchObject({ set: NOSUID, clear: NOEXEC });
    expect(plan({ destination: '/a', source: '/x', options: ['bind'] })).toMatchObject({ set: 0, clear: 0, replace: 0 });
  });

  it('loses what its source has when something else is asked for', () => {
    const replace = (...options: string[]) => plan({ destination: '/a', source: '/x', options: ['bind', ...options] }).replace;
    expect(replace('ro')).toBe(NOSUID | NODEV | NOEXEC | NOSYMFOLLOW);
    expect(replace('rw')).toBe(NOSUID | NODEV | NOEXEC | NOSYMFOLLOW);
    expect(replace('nosuid', 'dev', 'noatime')).toBe(RDONLY | NOEXEC | NOSYMFOLLOW | NODIRATIME);
    expect(replace('noatime', 'nodiratime')).toBe(RDONLY | NOSUID | NODEV | NOEXEC | NOSYMFOLLOW);
    // about other things
    expect(replace('rro', 'rslave', 'norelatime')).toBe(0);
    expect(plan({ destination: '/a', options: ['remount', 'bind', 'ro'] }).replace).toBe(0);
    expect(plan({ destination: '/a', type: 'tmpfs', options: ['ro'] }).replace).toBe(0);
  });

  it.each([['r0'], ['mode=1'], ['iversion'], ['sync', 'RO']])('has no option that is not about the mount: %s', (...options) => {
    expect(() => plan({ destination: '/a', source: '/x', options: ['rbind', ...options] })).toThrow(
      `/mounts/0/options: bind mounts and remounts of them cannot have any filesystem-specific options applied: "${options.at(-1)}"`,
    );
    expect(() => plan({ destination: '/a', type: 'bind', source: '/x', options })).toThrow('cannot have any filesystem-specific options');
  });

  it.each([
    ['/bundle/rootfs/a//b/', '/a/b'],
    ['rootfs/a', '/a'],
    ['./rootfs', '/'],
  ])('is looked up in the root when it lies there: %s', (source, path) => {
    expect(plan({ destination: '/a', source, options: ['bind'] })).toMatchObject({ inside: true, source: path, tree: -1 });
    expect(plan({ destination: '/a', source, options: ['bind'] }, { userNamespace: 'new' })).toMatchObject({ inside: true, tree: -1 });
    expect(plan({ destination: '/a', source, options: ['bind', 'idmap'] }, { userNamespace: 'new' })).toMatchObject({
      inside: true,
      tree: 0,
      treeIfDenied: false,
    });
  });

  it.each(['/bundle/rootfs2', '/bundle', 'rootfs/../rootfs/a', '/a/b'])('is the host’s when it does not: %s', (source) => {
    expect(plan({ destination: '/a', source, options: ['bind'] }).inside).toBe(false);
  });

  it('in a user namespace is opened by the runtime where init may not, unless that is no more than init', () => {
    const mount = { destination: '/a', source: '/x', options: ['rbind', 'ro'] };
    expect(planMounts(spec([mount]), { ...context, userNamespace: 'new' })).toMatchObject({
      steps: [{ source: '/x', tree: 0, treeIfDenied: true, set: RDONLY }],
      trees: [{ source: '/x', destination: '/a', recursive: true, idmap: null }],
    });
    expect(planMounts(spec([mount]), { ...context, userNamespace: 'new', host: { ...host, euid: 1000 } })).toMatchObject({
      steps: [{ tree: -1, treeIfDenied: false }],
      trees: [],
    });
  });

  it('needs a source', () => {
    expect(() => plan({ destination: '/a', options: ['bind'] })).toThrow('/mounts/0/source: a bind mount needs one');
  });
});

describe('a remount', () => {
  it('changes the mount, and the file system only without bind', () => {
    expect(plan({ destination: '/a', type: 'tmpfs', options: ['remount', 'ro', 'size=1m'] })).toMatchObject({
      kind: 'remount',
      set: RDONLY,
      data: ['size=1m'],
    });
    expect(plan({ destination: '/a', options: ['remount', 'bind', 'ro'] })).toMatchObject({ kind: 'remount', set: RDONLY, data: [] });
    expect(() => plan({ destination: '/a', options: ['remount', 'bind', 'ro', 'size=1m'] })).toThrow('filesystem-specific options');
    expect(() => plan({ destination: '/a', type: 'tmpfs', options: ['remount', 'iversion'] })).toThrow('"iversion"');
  });
});

describe('below /proc', () => {
  it.each(['/proc/sys', '/proc/self/attr', 'proc/sysrq-trigger', '/proc/../proc/kcore', '/proc/cpuinfo/x'])(
    'nothing is mounted at %s',
    (destination) => {
      expect(() => plan({ destination, source: '/x', options: ['bind'] })).toThrow('nothing may be mounted at');
    },
  );

  it.each(['/proc', '/proc/cpuinfo', '/proc/sys/kernel/ns_last_pid', '/proc/sys/crypto/fips_enabled', '/process'])(
    'something is at %s',
    (destination) => {
      expect(plan({ destination, source: '/x', options: ['bind'] }).destination).toBe(destination);
    },
  );
});

describe('cgroup', () => {
  const mount = {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['ro', 'nosuid', 'nsdelegate'],
  };

  it.each(['name=systemd', 'cpu', 'r0'])('is refused with an option that cgroup v2 does not have: %s', (option) => {
    expect(() => plan({ ...mount, options: ['ro', option] })).toThrow(`/mounts/0/options: cgroup v2 has no option "${option}"`);
    expect(() => plan({ ...mount, options: [option] }, { cgroupNamespace: false })).toThrow('has no option');
    expect(() => plan({ ...mount, options: ['nsdelegate'] }, { cgroupNamespace: false })).toThrow('filesystem-specific');
  });

  it('is cgroup2', () => {
    expect(plan(mount)).toMatchObject({ kind: 'new', type: 'cgroup2', source: 'cgroup', set: RDONLY | NOSUID, data: ['nsdelegate'] });
  });

  it('is the host’s tree without a cgroup namespace, as the config asks for it', () => {
    expect(plan({ ...mount, type: 'cgroup2', options: [] }, { cgroupNamespace: false })).toMatchObject({
      kind: 'rbind',
      source: '/sys/fs/cgroup',
      set: 0,
    });
  });

  it.each([{ userNamespace: 'new' as const }, { host: { ...host, inUserNamespace: true } }])(
    'is the host’s, and read-only whatever was asked, in a user namespace (%#) without a cgroup namespace',
    (changes) => {
      const hard = RDONLY | NOSUID | NODEV | NOEXEC;
      expect(plan({ ...mount, options: ['rw', 'rrw', 'dev'] }, { ...changes, cgroupNamespace: false })).toMatchObject({
        kind: 'rbind',
        source: '/sys/fs/cgroup',
        set: hard,
        clear: 0,
        setRecursive: hard,
        clearRecursive: 0,
        data: [],
      });
    },
  );
});

describe('sysfs', () => {
  it('is the host’s in a user namespace without a network namespace', () => {
    const mount = { destination: '/sys', type: 'sysfs', options: ['nosuid'] };
    expect(plan(mount, { userNamespace: 'new', networkNamespace: false })).toMatchObject({
      kind: 'rbind',
      source: '/sys',
      setRecursive: 0xf,
    });
    expect(plan(mount, { userNamespace: 'new' }).kind).toBe('new');
    expect(plan(mount, { networkNamespace: false }).kind).toBe('new');
  });
});

describe('an idmapped mount', () => {
  const map = [{ containerID: 0, hostID: 1000, size: 10 }];
  const other = [{ containerID: 5, hostID: 7, size: 1 }];
  const bind = { destination: '/a', source: '/x', options: ['bind'] };

  const slave = (1 << 19) | REC;

  it('is opened by the runtime, with its mappings', () => {
    const { steps, slots, trees } = planMounts(
      spec([
        { ...bind, uidMappings: map, gidMappings: other },
        { ...bind, destination: '/b', options: ['rbind', 'ridmap'], uidMappings: other, gidMappings: map },
      ]),
      context,
    );
    expect(slots).toEqual([]);
    expect(steps.map(({ tree, treeIfDenied, idmap }) => [tree, treeIfDenied, idmap])).toEqual([
      [0, false, ''],
      [1, false, ''],
    ]);
    const common = { source: '/x', propagation: slave };
    expect(trees).toEqual([
      { ...common, destination: '/a', recursive: false, idmap: { uidMap: '0 1000 10\n', gidMap: '5 7 1\n' }, idmapRecursive: false },
      { ...common, destination: '/b', recursive: true, idmap: { uidMap: '5 7 1\n', gidMap: '0 1000 10\n' }, idmapRecursive: true },
    ]);
  });

  it('is init’s own business where the runtime is not root, mounts with the same mappings sharing a user namespace', () => {
    const mapped = { ...bind, uidMappings: map, gidMappings: map };
    expect(planMounts(spec([mapped, mapped]), { ...context, host: { ...host, euid: 1000 } })).toMatchObject({
      trees: [],
      slots: [{ name: 'idmap.0', open: 'userNamespace', uidMap: '0 1000 10\n', gidMap: '0 1000 10\n' }],
      steps: [
        { tree: -1, idmap: 'idmap.0' },
        { tree: -1, idmap: 'idmap.0' },
      ],
    });
  });

  it('without mappings has those of the container', () => {
    const linux: Linux = { uidMappings: map, gidMappings: map, namespaces: [{ type: 'user', path: '/proc/1/ns/user' }] };
    const mounts = spec([{ ...bind, options: ['bind', 'idmap'] }], linux);
    expect(planMounts(mounts, { ...context, userNamespace: 'new' }).trees).toMatchObject([
      { idmap: { uidMap: '0 1000 10\n', gidMap: '0 1000 10\n' } },
    ]);
    expect(planMounts(mounts, { ...context, userNamespace: 'joined' }).trees).toMatchObject([{ idmap: { path: '/proc/1/ns/user' } }]);
    expect(() => planMounts(mounts, context)).toThrow('/mounts/0/options: idmap needs mappings, or a container with a user namespace');
  });

  it.each([
    [undefined, 'none', slave],
    ['', 'none', slave],
    ['private', 'none', (1 << 18) | REC],
    ['runbindable', 'new', (1 << 18) | REC],
    ['shared', 'none', 0],
    ['rshared', 'new', slave],
  ] as const)('is cut off from the host by rootfsPropagation %s with a user namespace (%s): %d', (word, userNamespace, propagation) => {
    const mounts = spec([{ ...bind, uidMappings: map, gidMappings: map }], word === undefined ? {} : { rootfsPropagation: word });
    expect(planMounts(mounts, { ...context, userNamespace }).trees).toMatchObject([{ propagation }]);
  });

  it('has both mappings or none', () => {
    expect(() => plan({ ...bind, uidMappings: map })).toThrow('/mounts/0: uidMappings and gidMappings need each other');
  });
});
