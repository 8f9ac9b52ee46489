import { describe, expect, test } from 'vitest';
import { planCgroup } from '../../../src/plan/cgroups.js';
import type { Host } from '../../../src/plan/host.js';
import type { Linux, Spec } from '../../../src/spec/types.js';

const HOST: Host = {
  euid: 0,
  egid: 0,
  inUserNamespace: false,
  cgroupMount: '/sys/fs/cgroup',
  controllers: ['cpu', 'memory', 'pids'],
  ownCgroup: '/user.slice/session-1.scope',
  bounding: '0',
  lastCapability: 40,
  apparmor: false,
  selinux: false,
  kcore: true,
  architecture: 'x86_64',
};
const ROOTLESS: Host = { ...HOST, euid: 1000, egid: 1000 };

const spec = (linux: Linux, rest: Partial<Spec> = {}): Spec => ({ ociVersion: '1.3.0', linux, ...rest });
const plan = (linux: Linux, host = HOST, rest: Partial<Spec> = {}) => planCgroup(spec(linux, rest), 'c1', host, 'cgroupfs');
const path = (cgroupsPath: string | undefined, host = HOST) => plan(cgroupsPath === undefined ? {} : { cgroupsPath }, host)?.path;

describe('the path', () => {
  test.each([
    [undefined, '/tsrun/c1'],
    ['', '/tsrun/c1'],
    ['/a/b', '/a/b'],
    ['/a/./b//c/', '/a/b/c'],
    ['/../../a/../b', '/b'],
    ['a/b', '/user.slice/a/b'],
    ['../../a', '/user.slice/a'],
    ['system.slice:docker:1234', '/user.slice/system.slice:docker:1234'],
  ])('%s -> %s', (given, expected) => {
    expect(path(given)).toBe(expected);
  });
  test('of a caller at the root of the hierarchy', () => {
    expect(path('a', { ...HOST, ownCgroup: '/' })).toBe('/a');
    expect(path('a', { ...HOST, ownCgroup: '/../outside/x' })).toBe('/outside/a');
  });
  test('of a caller without root', () => {
    expect(path(undefined, ROOTLESS)).toBe('/user.slice/tsrun-c1');
    expect(path(undefined, { ...HOST, inUserNamespace: true })).toBe('/user.slice/tsrun-c1');
    expect(path('/a', ROOTLESS)).toBe('/a');
  });
  test.each(['/', '/..', '/a/..', '/a\nb', '/a\0b'])('%j is refused', (given) => {
    expect(() => path(given)).toThrow('/linux/cgroupsPath: ');
  });
});

describe('the manager', () => {
  test('systemd: a unit, and the place of its cgroup below the service manager', () => {
    const planned = planCgroup(spec({ cgroupsPath: 'a-b.slice:p:n', resources: { pids: { limit: 5 } } }), 'c1', HOST, 'systemd');
    expect(planned).toMatchObject({ path: '/a.slice/a-b.slice/p-n.scope/container', unit: { name: 'p-n.scope', slice: 'a-b.slice' } });
    expect(planned?.writes).toEqual([{ file: 'pids.max', value: '5', controller: 'pids', pointer: '/linux/resources/pids/limit' }]);
    expect(plan({})?.unit).toBeUndefined();
  });
  test('systemd: an ordinary user who asked for it gets it or an error', () => {
    expect(planCgroup(spec({}), 'c1', ROOTLESS, 'systemd')).toMatchObject({ optional: false, unit: { user: true, slice: 'user.slice' } });
  });
  test('disabled: no cgroup, and no limits', () => {
    const resources = { devices: [{ allow: false, access: 'rwm' }], memory: {}, blockIO: { weight: 0 } };
    expect(planCgroup(spec({ resources }), 'c1', HOST, 'disabled')).toBeNull();
    expect(() => planCgroup(spec({ resources: { pids: { limit: 5 } } }), 'c1', HOST, 'disabled')).toThrow(
      '/linux/resources/pids/limit: cannot set limits without cgroups: the cgroup manager is "disabled"',
    );
  });
});

describe('a host without cgroup v2', () => {
  const host = { ...HOST, cgroupMount: null, controllers: [] };
  test('says what to boot with', () => {
    expect(() => plan({}, host)).toThrow('boot it with systemd.unified_cgroup_hierarchy=1');
  });
  test('does without for a caller without root, unless limits are asked for', () => {
    expect(plan({}, { ...host, euid: 1000 })).toBeNull();
    expect(() => plan({ resources: { pids: { limit: 5 } } }, { ...host, euid: 1000 })).toThrow('cannot set limits without cgroups');
  });
});

test('all controllers are handed down, the ones without a limit too', () => {
  expect(plan({ resources: { pids: { limit: 5 } } })).toMatchObject({
    controllers: ['cpu', 'memory', 'pids'],
    writes: [{ file: 'pids.max' }],
  });
});

test('root needs the cgroup, others only for limits', () => {
  const limits = { resources: { pids: { limit: 5 } } };
  expect(plan({})).toMatchObject({ optional: false, deviceFilterOptional: false });
  expect(plan({}, ROOTLESS)).toMatchObject({ optional: true, deviceFilterOptional: 'silent' });
  expect(plan(limits, ROOTLESS)).toMatchObject({ optional: false, deviceFilterOptional: 'silent' });
  expect(plan({ resources: { devices: [{ allow: false }] } }, ROOTLESS)).toMatchObject({ optional: true, deviceFilterOptional: 'warn' });
});

test('a device filter, unless every device is allowed', () => {
  expect(plan({})?.deviceFilter).toBeInstanceOf(Uint8Array);
  expect(plan({ resources: { devices: [] } })?.deviceFilter).toBeInstanceOf(Uint8Array);
  expect(plan({ resources: { devices: [{ allow: true, access: 'rwm' }] } })?.deviceFilter).toBeNull();
  expect(plan({ resources: { devices: [{ allow: false, access: 'rwm' }] } })?.deviceFilter).toBeInstanceOf(Uint8Array);
});

describe('the owner', () => {
  const mounts = (...options: string[]) => [{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options }];
  const process = (uid: number) => ({ cwd: '/', args: ['true'], user: { uid, gid: 0 } });
  const user: Linux = {
    namespaces: [{ type: 'cgroup' }, { type: 'user' }],
    uidMappings: [
      { containerID: 0, hostID: 100000, size: 1000 },
      { containerID: 1000, hostID: 500, size: 1 },
    ],
  };
  const owner = (linux: Linux, rest: Partial<Spec>, host = HOST) => plan(linux, host, rest)?.owner;

  test('is the container user, mapped', () => {
    expect(owner(user, { mounts: mounts('rw'), process: process(0) })).toEqual({ uid: 100000, gid: -1 });
    expect(owner(user, { mounts: mounts(), process: process(7) })).toEqual({ uid: 100007, gid: -1 });
    expect(owner(user, { mounts: mounts('ro', 'rw'), process: process(1000) })).toEqual({ uid: 500, gid: -1 });
    expect(owner({ namespaces: [{ type: 'cgroup' }] }, { mounts: mounts(), process: process(7) })).toEqual({ uid: 7, gid: -1 });
  });
  test('stays who it is', () => {
    const rest = { mounts: mounts('rw'), process: process(0) };
    // read-only, no mount, a bind mount, no new cgroup namespace, an unmapped user, somebody's user namespace, root itself, not root
    expect(owner(user, { ...rest, mounts: mounts('nosuid', 'ro') })).toBeNull();
    expect(owner(user, { ...rest, mounts: [] })).toBeNull();
    expect(owner(user, { ...rest, mounts: [{ destination: '/sys/fs/cgroup', type: 'bind', source: '/sys/fs/cgroup' }] })).toBeNull();
    expect(owner({ ...user, namespaces: [{ type: 'user' }] }, rest)).toBeNull();
    expect(owner({ ...user, namespaces: [{ type: 'user' }, { type: 'cgroup', path: '/proc/1/ns/cgroup' }] }, rest)).toBeNull();
    expect(owner(user, { ...rest, process: process(1001) })).toBeNull();
    expect(owner({ ...user, namespaces: [{ type: 'cgroup' }, { type: 'user', path: '/proc/1/ns/user' }] }, rest)).toBeNull();
    expect(owner({ namespaces: [{ type: 'cgroup' }] }, rest)).toBeNull();
    expect(owner(user, rest, ROOTLESS)).toBeNull();
  });
});
