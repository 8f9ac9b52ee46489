import { describe, expect, test } from 'vitest';

import { defaultSpec } from '../../../src/spec/defaults.js';
import type { Process, Spec } from '../../../src/spec/types.js';
import { checkUntrusted, checkUntrustedProcess } from '../../../src/spec/untrusted.js';
import { checkConfig } from '../../../src/spec/validate.js';
import { problemOf } from './support.js';

/** Deep enough for these: objects are merged, lists and values replaced. */
type Json = Record<string, unknown>;
function merged(base: Json, changes: Json): Json {
  const result = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    const before = result[key];
    const both = [before, value].every((each) => typeof each === 'object' && each !== null && !Array.isArray(each));
    result[key] = both ? merged(before as Json, value as Json) : value;
  }
  return result;
}

const base = defaultSpec() as object as Json;
const spec = (changes: Json): Spec => merged(base, changes) as object as Spec;

/** What `--untrusted` says of a config that is valid without it. */
function verdict(changes: Json): string {
  const config = spec(changes);
  checkConfig(config);
  return problemOf(() => {
    checkUntrusted(config);
  });
}
const refused = (pointer: string, words: string): string => `${pointer}: ${words} (--untrusted)`;

const mounts = base['mounts'] as Json[];
const withMount = (mount: Json): Json => ({ mounts: [...mounts, mount] });
const linux = (changes: Json): Json => ({ linux: changes });
const namespaces = (base['linux'] as Json)['namespaces'] as Json[];
const userNamespace = {
  namespaces: [...namespaces, { type: 'user' }],
  uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
  gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
};
const capabilities = (...names: string[]): Json => ({ bounding: names, permitted: names, effective: names });

describe('a config that nobody vouches for may', () => {
  test.each<[string, Json]>([
    ['be what `spec` writes', {}],
    [
      'have limits, variables, a user and a terminal',
      { process: { terminal: true, user: { uid: 7 } }, linux: { resources: { pids: { limit: 5 } } } },
    ],
    [
      'have a user namespace, and in it every capability',
      { linux: userNamespace, process: { capabilities: capabilities('CAP_SYS_ADMIN') } },
    ],
    ['set what belongs to its namespaces', linux({ sysctl: { 'net.ipv4.ip_forward': '1' } })],
    ['have a tmpfs more', withMount({ destination: '/cache', type: 'tmpfs', source: '/etc', options: ['size=1m', 'nosuid'] })],
    ['have devices without anything behind them', linux({ devices: [{ path: '/dev/zero2', type: 'c', major: 1, minor: 5 }] })],
    ['allow terminals', linux({ resources: { devices: [{ allow: true, type: 'c', major: 136, access: 'rwm' }] } })],
    ['have a filter', linux({ seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } })],
    ['have notes of its own', { annotations: { 'com.example.note': 'x' } }],
  ])('%s', (_, changes) => {
    expect(verdict(changes)).toBe('valid');
  });
});

describe('a config that nobody vouches for may not', () => {
  const without = (type: string): Json[] => namespaces.filter((each) => each['type'] !== type);
  const host = "without one the container is in the host's";
  const joined = [...without('pid'), { type: 'pid', path: '/proc/1/ns/pid' }];
  const noProc = ((base['linux'] as Json)['readonlyPaths'] as string[]).filter((path) => path !== '/proc/sys');
  const noKeys = ((base['linux'] as Json)['maskedPaths'] as string[]).filter((path) => path !== '/proc/keys');
  const device = "must not be a device of the host's";
  const devices = 'must not allow devices other than null, zero, full, random, urandom and terminals';

  test.each<[string, Json, string, string]>([
    ['have its root elsewhere', { root: { path: '/' } }, '/root/path', 'must be relative to the bundle, is "/"'],
    ['climb out of the bundle', { root: { path: 'a/../../b' } }, '/root/path', 'must stay in the bundle, is "a/../../b"'],
    [
      'have hooks',
      { hooks: { poststop: [{ path: '/bin/x' }] } },
      '/hooks/poststop/0',
      'hooks are programs of the host and must not be named',
    ],
    [
      'give orders to systemd',
      { annotations: { 'org.systemd.property.X': 'y' } },
      '/annotations/org.systemd.property.X',
      'must not give orders to the runtime',
    ],
    [
      'join a namespace',
      linux({ namespaces: joined }),
      '/linux/namespaces/5/path',
      'must not join a namespace that is there, is "/proc/1/ns/pid"',
    ],
    ...['pid', 'network', 'ipc', 'uts', 'cgroup'].map((type): [string, Json, string, string] => [
      `be in the host's ${type} namespace`,
      { hostname: type === 'uts' ? '' : 'x', linux: { namespaces: without(type), sysctl: {} } },
      '/linux/namespaces',
      `must have a new ${type} namespace: ${host}`,
    ]),
    [
      "be the host's root in a user namespace",
      linux({ ...userNamespace, gidMappings: [{ containerID: 0, hostID: 0, size: 10 }] }),
      '/linux/gidMappings/0/hostID',
      "must not be the host's root",
    ],
    [
      'bind a path',
      withMount({ destination: '/m', type: 'bind', source: '/etc', options: ['rbind'] }),
      '/mounts/7/source',
      'must not bind "/etc" of the host',
    ],
    [
      'bind by an option alone',
      withMount({ destination: '/m', type: 'tmpfs', source: '/etc', options: ['nosuid,bind'] }),
      '/mounts/7/source',
      'must not bind "/etc" of the host',
    ],
    [
      'mount a disk',
      withMount({ destination: '/m', type: 'ext4', source: '/dev/sda' }),
      '/mounts/7/type',
      'must be one of proc, sysfs, tmpfs, devpts, mqueue, cgroup, cgroup2, is "ext4"',
    ],
    [
      'lay over a directory',
      withMount({ destination: '/m', type: 'overlay', options: ['lowerdir=/'] }),
      '/mounts/7/type',
      'must be one of proc, sysfs, tmpfs, devpts, mqueue, cgroup, cgroup2, is "overlay"',
    ],
    ['remount', withMount({ destination: '/sys', options: ['remount', 'rw'] }), '/mounts/7/options', 'must not remount'],
    ['have a second procfs', withMount({ destination: '/m', type: 'proc' }), '/mounts/7/destination', 'must be "/proc", is "/m"'],
    [
      'have a writable sysfs',
      withMount({ destination: '/sys', type: 'sysfs', options: ['ro', 'rw'] }),
      '/mounts/7/options',
      'must have "ro" for sysfs',
    ],
    ['have a writable cgroup', withMount({ destination: '/c', type: 'cgroup2' }), '/mounts/7/options', 'must have "ro" for cgroup2'],
    [
      'hide an option in quotes',
      withMount({ destination: '/c', type: 'cgroup2', options: ['x="a,ro"'] }),
      '/mounts/7/options/0',
      'must not have quotes, is "x=\\"a,ro\\""',
    ],
    [
      'share its mounts',
      withMount({ destination: '/m', type: 'tmpfs', options: ['rshared'] }),
      '/mounts/7/options',
      'must not have "rshared": mounts would go out or come in',
    ],
    ['share its root', linux({ rootfsPropagation: 'rslave' }), '/linux/rootfsPropagation', 'must be private, is "rslave"'],
    ['write below /proc/sys', linux({ readonlyPaths: noProc }), '/linux/readonlyPaths', 'must have "/proc/sys"'],
    ['read keys', linux({ maskedPaths: noKeys }), '/linux/maskedPaths', 'must have "/proc/keys"'],
    [
      'choose a cgroup',
      linux({ cgroupsPath: '/system.slice' }),
      '/linux/cgroupsPath',
      'must not name a place in the host\'s tree, is "/system.slice"',
    ],
    ['have a disk', linux({ devices: [{ path: '/d', type: 'b', major: 8, minor: 0 }] }), '/linux/devices/0', device],
    ["have the host's memory", linux({ devices: [{ path: '/d', type: 'c', major: 1, minor: 1 }] }), '/linux/devices/0', device],
    ['allow all devices', linux({ resources: { devices: [{ allow: true }] } }), '/linux/resources/devices/0', devices],
    [
      'allow disks',
      linux({ resources: { devices: [{ allow: true, type: 'b', major: 8, minor: 0, access: 'r' }] } }),
      '/linux/resources/devices/0',
      devices,
    ],
    [
      'send a listener',
      linux({ seccomp: { defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: '/s' } }),
      '/linux/seccomp/listenerPath',
      'must not name a socket of the host',
    ],
    ['have a label', { process: { selinuxLabel: 'a:b:spc_t' } }, '/process/selinuxLabel', "must not choose a label of the host's policy"],
    ['be unconfined', { process: { apparmorProfile: 'unconfined' } }, '/process/apparmorProfile', 'must not be "unconfined"'],
    [
      'have CAP_SYS_ADMIN',
      { process: { capabilities: capabilities('CAP_KILL', 'CAP_SYS_ADMIN') } },
      '/process/capabilities/bounding/1',
      '"CAP_SYS_ADMIN" reaches out of a container without a user namespace',
    ],
    [
      'have CAP_MKNOD',
      { process: { capabilities: { ambient: ['CAP_MKNOD'] } } },
      '/process/capabilities/ambient/0',
      '"CAP_MKNOD" reaches out of a container without a user namespace',
    ],
    ['be the last to be killed', { process: { oomScoreAdj: -1 } }, '/process/oomScoreAdj', 'must not be below 0, is -1'],
    [
      'come before all others',
      { process: { scheduler: { policy: 'SCHED_FIFO', priority: 1 } } },
      '/process/scheduler/policy',
      'must not be before all others, is "SCHED_FIFO"',
    ],
    [
      'come before others',
      { process: { scheduler: { policy: 'SCHED_OTHER', nice: -1 } } },
      '/process/scheduler/nice',
      'must not be below 0',
    ],
    [
      'read and write first',
      { process: { ioPriority: { class: 'IOPRIO_CLASS_RT' } } },
      '/process/ioPriority/class',
      'must not be before all others',
    ],
    [
      'get the right to it',
      { process: { rlimits: [{ type: 'RLIMIT_RTPRIO', soft: 0, hard: 1 }] } },
      '/process/rlimits/0',
      'must not raise RLIMIT_RTPRIO',
    ],
    ['have devices of the host', linux({ netDevices: { eth0: {} } }), '/linux/netDevices', 'is not among what stays inside the container'],
    ['have what is not known here', linux({ future: 1 }), '/linux/future', 'is not among what stays inside the container'],
    ['have more that is not known', { process: { future: 1 } }, '/process/future', 'is not among what stays inside the container'],
  ])('%s', (_, changes, pointer, words) => {
    expect(verdict(changes)).toBe(refused(pointer, words));
  });
});

describe('a process that nobody vouches for', () => {
  const say = (process: Partial<Process>, changes: Json = {}): string =>
    problemOf(() => {
      checkUntrustedProcess({ cwd: '/', args: ['sh'], noNewPrivileges: true, ...process }, spec(changes));
    });

  test('may be as confined as the container', () => {
    expect(say({})).toBe('valid');
    expect(say({ user: { uid: 5 }, capabilities: { bounding: ['CAP_KILL'] } })).toBe('valid');
    expect(say({ apparmorProfile: 'p' }, { process: { apparmorProfile: 'p' } })).toBe('valid');
  });

  test('may not be less confined', () => {
    expect(say({ noNewPrivileges: false })).toBe(refused('/noNewPrivileges', "must be true, as the container's is"));
    expect(say({ capabilities: { bounding: ['CAP_CHOWN'] } })).toBe(
      refused('/capabilities/bounding/0', '"CAP_CHOWN" is not in the container\'s bounding set'),
    );
    expect(say({}, { process: { apparmorProfile: 'p' } })).toBe(refused('/apparmorProfile', 'must be the container\'s, "p"'));
    expect(say({ selinuxLabel: 'x' })).toBe(refused('/selinuxLabel', "must not choose a label of the host's policy"));
    expect(say({ capabilities: { effective: ['CAP_SYS_ADMIN'] } }, { linux: userNamespace })).toBe(
      refused('/capabilities/effective/0', '"CAP_SYS_ADMIN" is not in the container\'s bounding set'),
    );
  });
});
