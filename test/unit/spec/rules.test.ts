import { describe, expect, test } from 'vitest';
import { verdict, warnings, withUserNamespace } from './support.js';

type Case = [sentence: string, changes: Record<string, unknown>, expected: string];

function cases(list: readonly Case[]): void {
  for (const [sentence, changes, expected] of list) test(sentence, () => expect(verdict(changes)).toBe(expected));
}

const NS = (...types: string[]): { type: string }[] => types.map((type) => ({ type }));
const mount = (changes: Record<string, unknown>): Record<string, unknown> => ({
  mounts: [{ destination: '/mnt', type: 'tmpfs', ...changes }],
});

describe('ociVersion', () => {
  for (const version of ['1.0.0', '1.0.2-dev', '1.0.0-rc5', '1.2.1+dev', '1.3.0', '1.99.0']) {
    test(`${version} is supported`, () => expect(verdict({ ociVersion: version })).toBe('valid'));
  }
  for (const version of ['', '1', '1.0', 'v1.0.0', '1.0.0.0', '01.0.0', '1.00.0', ' 1.0.0', '1.0.0-']) {
    test(`${JSON.stringify(version)} is no version`, () =>
      expect(verdict({ ociVersion: version })).toBe(`/ociVersion: must be a version as "1.3.0", is ${JSON.stringify(version)}`));
  }
  for (const version of ['0.5.0-dev', '2.0.0']) {
    test(`${version} is not supported`, () => expect(verdict({ ociVersion: version })).toContain(`version ${version} is not supported`));
  }
});

describe('root and annotations', () => {
  cases([
    ['an empty root path is refused', { root: { path: '' } }, '/root/path: must not be empty'],
    ['an empty annotation key is refused', { annotations: { '': 'x' } }, '/annotations: has an empty key'],
    ['an annotation may be empty', { annotations: { x: '' } }, 'valid'],
  ]);
});

describe('process', () => {
  cases([
    ['a relative cwd is refused', { process: { cwd: 'tmp' } }, '/process/cwd: must be absolute, is "tmp"'],
    ['an empty cwd is refused', { process: { cwd: '' } }, '/process/cwd: must be absolute, is ""'],
    ['a variable without "=" is refused', { process: { env: ['A=1', 'B'] } }, '/process/env/1: must be NAME=value, is "B"'],
    ['a variable without a name is refused', { process: { env: ['=x'] } }, '/process/env/0: must have a name before "=", is "=x"'],
    ['a variable may be empty, be given twice and hold "="', { process: { env: ['A=', 'A=b=c'] } }, 'valid'],
    [
      'an rlimit given twice is refused',
      {
        process: {
          rlimits: [
            { type: 'RLIMIT_CORE', soft: 1, hard: 1 },
            { type: 'RLIMIT_CORE', soft: 1, hard: 1 },
          ],
        },
      },
      '/process/rlimits/1/type: RLIMIT_CORE is given twice',
    ],
    [
      'a soft limit above the hard one is refused',
      { process: { rlimits: [{ type: 'RLIMIT_CORE', soft: 2n ** 64n - 1n, hard: 5 }] } },
      '/process/rlimits/0/soft: must be at most the hard limit 5, is 18446744073709551615',
    ],
    ['capabilities that nobody knows are let pass', { process: { capabilities: { bounding: ['CAP_FUTURE'] } } }, 'valid'],
    [
      'an I/O priority above 7 is refused',
      { process: { ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 8 } } },
      '/process/ioPriority/priority: must be an integer from 0 to 7, is 8',
    ],
    ['CPUs for exec are lists', { process: { execCPUAffinity: { initial: '0-3,7', final: '1' } } }, 'valid'],
    ['CPUs for exec may be empty', { process: { execCPUAffinity: { initial: '', final: '' } } }, 'valid'],
    [
      'CPUs for exec that are no list are refused',
      { process: { execCPUAffinity: { initial: '0-x' } } },
      '/process/execCPUAffinity/initial: invalid list of CPUs "0-x": must be numbers and ranges as "0-3,7"',
    ],
    [
      'CPUs for exec beyond any kernel are refused',
      { process: { execCPUAffinity: { initial: '0', final: '70000' } } },
      '/process/execCPUAffinity/final: invalid list of CPUs "70000": has more than 65536',
    ],
    ['an I/O priority needs a class', { process: { ioPriority: { priority: 1 } } }, '/process/ioPriority/class: is required'],
  ]);
  test('a nice beside SCHED_DEADLINE is ignored with a warning', () => {
    expect(warnings({ process: { scheduler: { policy: 'SCHED_DEADLINE', runtime: 10, deadline: 20, nice: 19 } } })).toEqual([
      '/process/scheduler/nice: ignored, SCHED_DEADLINE has none',
    ]);
  });
  test('an unknown rlimit type is refused', () => {
    expect(verdict({ process: { rlimits: [{ type: 'RLIMIT_FOO', soft: 1, hard: 1 }] } })).toMatch(
      /^\/process\/rlimits\/0\/type: unknown rlimit "RLIMIT_FOO" \(known: /,
    );
  });
  test('a config without a process is valid', () => {
    expect(verdict({ process: undefined })).toBe('valid');
  });
  test('a console size without a terminal is ignored with a warning', () => {
    expect(warnings({ process: { consoleSize: { height: 5, width: 5 } } })).toEqual(['/process/consoleSize: ignored without a terminal']);
    expect(warnings({ process: { terminal: true, consoleSize: { height: 5, width: 5 } } })).toEqual([]);
  });
});

describe('scheduler', () => {
  const scheduler = (value: Record<string, unknown>): Record<string, unknown> => ({ process: { scheduler: value } });
  cases([
    ['nice is for OTHER', scheduler({ policy: 'SCHED_OTHER', nice: -20 }), 'valid'],
    ['nice is for BATCH', scheduler({ policy: 'SCHED_BATCH', nice: 19 }), 'valid'],
    [
      'nice is not for FIFO',
      scheduler({ policy: 'SCHED_FIFO', priority: 1, nice: 1 }),
      '/process/scheduler/nice: is for SCHED_OTHER and SCHED_BATCH only, not for SCHED_FIFO',
    ],
    [
      'nice ends at 19',
      scheduler({ policy: 'SCHED_OTHER', nice: 20 }),
      '/process/scheduler/nice: must be an integer from -20 to 19, is 20',
    ],
    [
      'priority is not for OTHER',
      scheduler({ policy: 'SCHED_OTHER', priority: 1 }),
      '/process/scheduler/priority: is for SCHED_FIFO and SCHED_RR only, not for SCHED_OTHER',
    ],
    ['zeros stand for absent numbers', scheduler({ policy: 'SCHED_IDLE', priority: 0, nice: 0, runtime: 0 }), 'valid'],
    ['RR needs a priority', scheduler({ policy: 'SCHED_RR' }), '/process/scheduler/priority: must be from 1 to 99 for SCHED_RR, is 0'],
    [
      'runtime is for DEADLINE only',
      scheduler({ policy: 'SCHED_OTHER', runtime: 5 }),
      '/process/scheduler/runtime: is for SCHED_DEADLINE only, not for SCHED_OTHER',
    ],
    ['DEADLINE takes a nice, which does nothing', scheduler({ policy: 'SCHED_DEADLINE', runtime: 10, deadline: 20, nice: 19 }), 'valid'],
    ['DEADLINE takes its three numbers', scheduler({ policy: 'SCHED_DEADLINE', runtime: 10, deadline: 20, period: 30n }), 'valid'],
    [
      'DEADLINE needs a runtime',
      scheduler({ policy: 'SCHED_DEADLINE', deadline: 20 }),
      '/process/scheduler/runtime: must be more than 0 for SCHED_DEADLINE',
    ],
    [
      'a deadline below the runtime is refused',
      scheduler({ policy: 'SCHED_DEADLINE', runtime: 10, deadline: 5 }),
      '/process/scheduler/deadline: must be at least the runtime 10, is 5',
    ],
    [
      'a period below the deadline is refused',
      scheduler({ policy: 'SCHED_DEADLINE', runtime: 1, deadline: 5, period: 4 }),
      '/process/scheduler/period: must be at least the deadline 5, is 4',
    ],
    [
      'ISO is refused',
      scheduler({ policy: 'SCHED_ISO' }),
      '/process/scheduler/policy: SCHED_ISO is reserved, the kernel has no such policy',
    ],
  ]);
  test('an unknown flag is refused', () => {
    expect(verdict(scheduler({ policy: 'SCHED_OTHER', flags: ['SCHED_FLAG_X'] }))).toContain(
      '/process/scheduler/flags/0: unknown scheduler flag "SCHED_FLAG_X"',
    );
  });
});

describe('namespaces', () => {
  cases([
    [
      'a namespace given twice is refused',
      { linux: { namespaces: NS('pid', 'ipc', 'pid') } },
      '/linux/namespaces/2/type: namespace "pid" is given twice',
    ],
    [
      'a relative path is refused',
      { linux: { namespaces: [{ type: 'pid', path: 'ns' }] } },
      '/linux/namespaces/0/path: must be absolute, is "ns"',
    ],
    ['an empty path is none', { linux: { namespaces: [{ type: 'pid', path: '' }] } }, 'valid'],
    ['none at all are fine', { linux: { namespaces: [] } }, 'valid'],
    ['hostname needs a uts namespace', { hostname: 'x', linux: { namespaces: NS('pid') } }, '/hostname: needs a uts namespace'],
    ['domainname needs a uts namespace', { domainname: 'x', linux: { namespaces: NS('pid') } }, '/domainname: needs a uts namespace'],
    ['an empty hostname needs nothing', { hostname: '', linux: { namespaces: NS('pid') } }, 'valid'],
    ['a hostname of 64 bytes is valid', { hostname: 'x'.repeat(64) }, 'valid'],
    ['a hostname of 65 bytes is refused', { hostname: 'x'.repeat(65) }, `/hostname: must be at most 64 bytes, is "${'x'.repeat(65)}"`],
    ['bytes are counted, not characters', { hostname: 'ä'.repeat(33) }, `/hostname: must be at most 64 bytes, is "${'ä'.repeat(33)}"`],
    [
      'maskedPaths need a mount namespace',
      { linux: { namespaces: NS('pid'), maskedPaths: ['/proc/kcore'] } },
      '/linux/maskedPaths: needs a mount namespace',
    ],
    [
      'readonlyPaths need a mount namespace',
      { linux: { namespaces: NS('pid'), readonlyPaths: ['/proc/sys'] } },
      '/linux/readonlyPaths: needs a mount namespace',
    ],
    [
      'timeOffsets need a time namespace',
      { linux: { timeOffsets: { boottime: { secs: 1 } } } },
      '/linux/timeOffsets: needs a new time namespace',
    ],
    [
      'timeOffsets need a new time namespace',
      { linux: { namespaces: [{ type: 'time', path: '/proc/1/ns/time' }], timeOffsets: { monotonic: { secs: 1 } } } },
      '/linux/timeOffsets: needs a new time namespace',
    ],
    ['timeOffsets may be negative', { linux: { namespaces: NS('time'), timeOffsets: { monotonic: { secs: -1, nanosecs: 5 } } } }, 'valid'],
    [
      'nanoseconds are less than a second',
      { linux: { namespaces: NS('time'), timeOffsets: { monotonic: { nanosecs: 1000000000 } } } },
      '/linux/timeOffsets/monotonic/nanosecs: must be an integer from 0 to 999999999, is 1000000000',
    ],
  ]);
});

describe('user namespace', () => {
  const map = (containerID: number, hostID: number, size: number): Record<string, number> => ({ containerID, hostID, size });
  cases([
    ['mappings with a user namespace are valid', { linux: withUserNamespace() }, 'valid'],
    ['uidMappings need a user namespace', { linux: { uidMappings: [map(0, 0, 1)] } }, '/linux/uidMappings: needs a user namespace'],
    ['gidMappings need a user namespace', { linux: { gidMappings: [map(0, 0, 1)] } }, '/linux/gidMappings: needs a user namespace'],
    [
      'uidMappings need gidMappings',
      { linux: withUserNamespace({ gidMappings: [] }) },
      '/linux/gidMappings: is required beside uidMappings',
    ],
    [
      'gidMappings need uidMappings',
      { linux: withUserNamespace({ uidMappings: undefined }) },
      '/linux/uidMappings: is required beside gidMappings',
    ],
    ['a user namespace without mappings is left to the plan', { linux: { namespaces: NS('user') } }, 'valid'],
    [
      'an empty range is refused',
      { linux: withUserNamespace({ uidMappings: [map(0, 1, 0)] }) },
      '/linux/uidMappings/0/size: must be at least 1, is 0',
    ],
    [
      'container ids must not overlap',
      { linux: withUserNamespace({ uidMappings: [map(0, 1000, 10), map(9, 2000, 1)] }) },
      '/linux/uidMappings/1: containerID overlaps that of /linux/uidMappings/0',
    ],
    [
      'host ids must not overlap',
      { linux: withUserNamespace({ gidMappings: [map(0, 1000, 10), map(10, 991, 10)] }) },
      '/linux/gidMappings/1: hostID overlaps that of /linux/gidMappings/0',
    ],
    [
      'a range must not run past the last id',
      { linux: withUserNamespace({ uidMappings: [map(0, 4294967000, 296)] }) },
      '/linux/uidMappings/0/size: ids from 4294967000 on are fewer than 296',
    ],
    ['all ids may be mapped', { linux: withUserNamespace({ uidMappings: [map(0, 0, 4294967295)] }) }, 'valid'],
    [
      'more ranges than the kernel takes are refused',
      { linux: withUserNamespace({ uidMappings: Array.from({ length: 341 }, (_, i) => map(i, i, 1)) }) },
      '/linux/uidMappings: must have at most 340 entries, has 341',
    ],
    [
      'the uid must be mapped',
      { process: { user: { uid: 1000 } }, linux: withUserNamespace() },
      '/process/user/uid: 1000 is not in /linux/uidMappings',
    ],
    [
      'all groups must be mapped',
      { process: { user: { additionalGids: [0, 1000] } }, linux: withUserNamespace() },
      '/process/user/additionalGids/1: 1000 is not in /linux/gidMappings',
    ],
    [
      'the gid must be mapped',
      { process: { user: { gid: 1000 } }, linux: withUserNamespace() },
      '/process/user/gid: 1000 is not in /linux/gidMappings',
    ],
    [
      'uid 0 must be mapped when none is given',
      { linux: withUserNamespace({ uidMappings: [map(1, 1, 1)] }) },
      '/process/user/uid: 0 is not in /linux/uidMappings',
    ],
  ]);
  test('a namespace given by path has mappings of its own', () => {
    const namespaces = [{ type: 'user', path: '/proc/5/ns/user' }];
    expect(verdict({ process: { user: { uid: 70000 } }, linux: withUserNamespace({ namespaces }) })).toBe('valid');
  });
});

describe('mounts', () => {
  cases([
    ['an empty destination is refused', mount({ destination: '' }), '/mounts/0/destination: must not be empty'],
    [
      'a mount without a type is refused',
      mount({ type: undefined }),
      '/mounts/0/type: is required, unless "bind" or "remount" is among the options',
    ],
    ['a bind mount needs no type', mount({ type: undefined, source: '/', options: ['rbind'] }), 'valid'],
    // a comma in quotes or behind a backslash belongs to the value, as for the plan
    [
      'a quoted word is no option',
      mount({ type: undefined, options: ['x="a,remount,b"'] }),
      '/mounts/0/type: is required, unless "bind" or "remount" is among the options',
    ],
    [
      'an escaped word is no option',
      mount({ type: undefined, options: ['lowerdir=/a\\,bind'] }),
      '/mounts/0/type: is required, unless "bind" or "remount" is among the options',
    ],
    [
      'a word behind quotes is an option',
      mount({ type: undefined, options: ['context="a:b,c",bind'] }),
      '/mounts/0/source: is required for a bind mount',
    ],
    ['a bind mount needs a source', mount({ type: 'bind' }), '/mounts/0/source: is required for a bind mount'],
    ['a remount needs neither', mount({ type: undefined, options: ['remount', 'ro'] }), 'valid'],
    ['/proc is of type proc', mount({ destination: '/proc', type: 'proc' }), 'valid'],
    ["/proc may be the host's", mount({ destination: '/proc', type: 'bind', source: '/proc' }), 'valid'],
    [
      '/proc may be nothing else',
      mount({ destination: '/proc/' }),
      '/mounts/0/type: /proc must be of type "proc" or a bind mount of the host\'s /proc, is "tmpfs"',
    ],
    [
      '/proc may not be bound from elsewhere',
      mount({ destination: 'proc', type: 'bind', source: '/tmp' }),
      '/mounts/0/type: /proc must be of type "proc" or a bind mount of the host\'s /proc, is "bind"',
    ],
    ['some files of /proc may be mounted over', mount({ destination: '/proc/meminfo', type: 'bind', source: '/x' }), 'valid'],
    [
      'others may not',
      mount({ destination: '/proc/self/attr' }),
      '/mounts/0/destination: nothing may be mounted at "/proc/self/attr": it is inside /proc',
    ],
    [
      'however they are written',
      mount({ destination: '/x/..//./proc/sys/' }),
      '/mounts/0/destination: nothing may be mounted at "/proc/sys": it is inside /proc',
    ],
    ['beside /proc anything may be mounted', mount({ destination: '/process' }), 'valid'],
    [
      'mappings of uids need those of gids',
      mount({ type: 'bind', source: '/x', uidMappings: [{ containerID: 0, hostID: 1, size: 1 }] }),
      '/mounts/0/gidMappings: is required beside uidMappings',
    ],
    [
      'mappings are for bind mounts',
      mount({ uidMappings: [{ containerID: 0, hostID: 1, size: 1 }], gidMappings: [{ containerID: 0, hostID: 1, size: 1 }] }),
      '/mounts/0/uidMappings: an id-mapped mount must be a bind mount',
    ],
    [
      'a bind mount may have mappings',
      mount({
        type: 'bind',
        source: '/x',
        uidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
        gidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
      }),
      'valid',
    ],
    ['options may stand together', mount({ source: '/x', options: ['rbind,ro'] }), 'valid'],
    ['idmap is for bind mounts', mount({ options: ['idmap'] }), '/mounts/0/options: an id-mapped mount must be a bind mount'],
    [
      'idmap needs mappings from somewhere',
      mount({ type: 'bind', source: '/x', options: ['ridmap'] }),
      '/mounts/0/options: "ridmap" needs uidMappings and gidMappings, or a user namespace',
    ],
    [
      'idmap takes those of the user namespace',
      { ...mount({ type: 'bind', source: '/x', options: ['idmap'] }), linux: withUserNamespace() },
      'valid',
    ],
    [
      'an owner must be mapped',
      { ...mount({ type: 'devpts', options: ['nosuid', 'gid=5000'] }), linux: withUserNamespace() },
      '/mounts/0/options/1: "gid=5000" is not in /linux/gidMappings',
    ],
  ]);
  test('a relative destination is taken from /, with a warning', () => {
    expect(warnings(mount({ destination: 'data' }))).toEqual(['/mounts/0/destination: is not absolute, taken as "/data"']);
  });
});

describe('devices', () => {
  const device = (...list: Record<string, unknown>[]): Record<string, unknown> => ({ linux: { devices: list } });
  const fuse = { path: '/dev/fuse', type: 'c', major: 10, minor: 229 };
  cases([
    ['a device is valid', device({ ...fuse, fileMode: 0o20666, uid: 0, gid: 0 }), 'valid'],
    ['its path must be absolute', device({ ...fuse, path: 'dev/fuse' }), '/linux/devices/0/path: must be absolute, is "dev/fuse"'],
    ['its path must name a node', device({ ...fuse, path: '/dev/..' }), '/linux/devices/0/path: must name a node, is "/dev/.."'],
    ['an unknown type is refused', device({ ...fuse, type: 'a' }), '/linux/devices/0/type: unknown device type "a" (known: c, b, u, p)'],
    ['it needs a major number', device({ ...fuse, major: undefined }), '/linux/devices/0/major: is required for a device of type "c"'],
    ['it needs a minor number', device({ ...fuse, minor: undefined }), '/linux/devices/0/minor: is required for a device of type "c"'],
    ['a fifo needs no numbers', device({ path: '/dev/pipe', type: 'p' }), 'valid'],
    ['major numbers have 12 bits', device({ ...fuse, major: 4096 }), '/linux/devices/0/major: must be an integer from 0 to 4095, is 4096'],
    [
      'minor numbers have 20 bits',
      device({ ...fuse, minor: 1048576 }),
      '/linux/devices/0/minor: must be an integer from 0 to 1048575, is 1048576',
    ],
    ['the same device twice is one', device(fuse, { ...fuse, type: 'u' }), 'valid'],
    [
      'two devices cannot have one path',
      device(fuse, { ...fuse, minor: 1 }),
      '/linux/devices/1/path: "/dev/fuse" is another device in /linux/devices/0',
    ],
  ]);
});

describe('hooks', () => {
  const hook = (value: Record<string, unknown>): Record<string, unknown> => ({
    hooks: { createContainer: [{ path: '/bin/true', ...value }] },
  });
  cases([
    ['a hook is valid', hook({ args: ['true'], env: ['A=b'], timeout: 5 }), 'valid'],
    ['its path must be absolute', hook({ path: 'true' }), '/hooks/createContainer/0/path: must be absolute, is "true"'],
    ['its path is required', hook({ path: undefined }), '/hooks/createContainer/0/path: is required'],
    [
      'its timeout must be more than 0',
      hook({ timeout: 0 }),
      '/hooks/createContainer/0/timeout: must be an integer from 1 to 2147483647, is 0',
    ],
    ['its environment is NAME=value', hook({ env: ['A'] }), '/hooks/createContainer/0/env/0: must be NAME=value, is "A"'],
  ]);
  for (const kind of ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop']) {
    test(`${kind} is checked`, () => {
      expect(verdict({ hooks: { [kind]: [{ path: '/x' }, { path: 'x' }] } })).toBe(`/hooks/${kind}/1/path: must be absolute, is "x"`);
    });
  }
});

describe('sysctl', () => {
  const sysctl = (key: string, ...namespaces: string[]): Record<string, unknown> => ({
    linux: { namespaces: NS(...namespaces), sysctl: { [key]: '1' } },
  });
  cases([
    ['net.* is set in a network namespace', sysctl('net.ipv4.ip_forward', 'network'), 'valid'],
    [
      'net.* is refused without one',
      sysctl('net.ipv4.ip_forward', 'ipc'),
      '/linux/sysctl/net.ipv4.ip_forward: needs a network namespace: it would change the host',
    ],
    ['kernel.shm* is set in an ipc namespace', sysctl('kernel.shmmax', 'ipc'), 'valid'],
    [
      'kernel.shm* is refused without one',
      sysctl('kernel.shm_rmid_forced', 'network'),
      '/linux/sysctl/kernel.shm_rmid_forced: needs a ipc namespace: it would change the host',
    ],
    ['fs.mqueue.* is set in an ipc namespace', sysctl('fs.mqueue.msg_max', 'ipc'), 'valid'],
    ['kernel.domainname is set in a uts namespace', sysctl('kernel.domainname', 'uts'), 'valid'],
    [
      'kernel.domainname is refused beside /domainname',
      { domainname: 'x', linux: { namespaces: NS('uts'), sysctl: { 'kernel/domainname': 'x' } } },
      '/linux/sysctl/kernel~1domainname: is set by /domainname',
    ],
    ['an empty /domainname sets nothing', { domainname: '', ...sysctl('kernel.domainname', 'uts') }, 'valid'],
    [
      'kernel.domainname is no longer than the kernel keeps',
      { linux: { namespaces: NS('uts'), sysctl: { 'kernel.domainname': 'x'.repeat(65) } } },
      `/linux/sysctl/kernel.domainname: must be at most 64 bytes, is "${'x'.repeat(65)}"`,
    ],
    ['kernel.hostname is refused', sysctl('kernel.hostname', 'uts'), '/linux/sysctl/kernel.hostname: is set by /hostname'],
    [
      'any other is refused',
      sysctl('vm.overcommit_memory', 'ipc'),
      '/linux/sysctl/vm.overcommit_memory: is not in a namespace: it would change the host',
    ],
    ['a slash separates as well', sysctl('net/ipv4/ip_forward', 'network'), 'valid'],
    [
      'a key cannot climb',
      sysctl('net/../kernel/core_pattern', 'network'),
      '/linux/sysctl/net~1..~1kernel~1core_pattern: is not the name of a sysctl',
    ],
    ['a key has no empty part', sysctl('net..x', 'network'), '/linux/sysctl/net..x: is not the name of a sysctl'],
    ['user.* needs a new user namespace', sysctl('user.max_user_namespaces', 'user'), 'valid'],
    [
      'the same key written twice is refused',
      { linux: { sysctl: { 'net.a.b': '1', 'net/a/b': '2' } } },
      '/linux/sysctl/net~1a~1b: is given twice',
    ],
  ]);
});

describe('paths', () => {
  cases([
    ['the root is not masked', { linux: { maskedPaths: ['/a', '/x/..//'] } }, '/linux/maskedPaths/1: must not be the root, is "/x/..//"'],
    ['maskedPaths are absolute', { linux: { maskedPaths: ['/a', 'b'] } }, '/linux/maskedPaths/1: must be absolute, is "b"'],
    ['readonlyPaths are absolute', { linux: { readonlyPaths: ['b'] } }, '/linux/readonlyPaths/0: must be absolute, is "b"'],
    ["cgroupsPath may be of systemd's form", { linux: { cgroupsPath: 'system.slice:tsrun:x..y' } }, 'valid'],
    ['cgroupsPath cannot climb', { linux: { cgroupsPath: '/a/../../b' } }, '/linux/cgroupsPath: must not have "..", is "/a/../../b"'],
    ['an empty propagation is none', { linux: { rootfsPropagation: '' } }, 'valid'],
    ['rslave is a propagation', { linux: { rootfsPropagation: 'rslave' } }, 'valid'],
    [
      'a personality is LINUX or LINUX32',
      { linux: { personality: { domain: 'BSD' } } },
      '/linux/personality/domain: unknown personality "BSD" (known: LINUX, LINUX32)',
    ],
  ]);
  test('flags of a personality are ignored with a warning', () => {
    expect(warnings({ linux: { personality: { domain: 'LINUX', flags: ['x'] } } })).toEqual([
      '/linux/personality/flags: ignored, there are none yet',
    ]);
  });
});

describe('seccomp', () => {
  const seccomp = (value: Record<string, unknown>): Record<string, unknown> => ({
    linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', ...value } },
  });
  const rule = (value: Record<string, unknown>): Record<string, unknown> =>
    seccomp({ syscalls: [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO', ...value }] });
  cases([
    ['a rule is valid', rule({ errnoRet: 1, args: [{ index: 5, value: 2n ** 64n - 1n, valueTwo: 1, op: 'SCMP_CMP_MASKED_EQ' }] }), 'valid'],
    ['a default action is required', seccomp({ defaultAction: undefined }), '/linux/seccomp/defaultAction: is required'],
    ['a rule has at least one name', rule({ names: [] }), '/linux/seccomp/syscalls/0/names: must have at least one entry'],
    ['a name is not empty', rule({ names: ['a', ''] }), '/linux/seccomp/syscalls/0/names/1: must not be empty'],
    ['an unknown system call is let pass', rule({ names: ['from_the_future'] }), 'valid'],
    [
      'errnoRet is for actions that return one',
      rule({ action: 'SCMP_ACT_KILL', errnoRet: 1 }),
      '/linux/seccomp/syscalls/0/errnoRet: is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE only, not for SCMP_ACT_KILL',
    ],
    ['TRACE takes errnoRet', rule({ action: 'SCMP_ACT_TRACE', errnoRet: 65535 }), 'valid'],
    [
      'an errno ends at 4095',
      rule({ errnoRet: 4096 }),
      '/linux/seccomp/syscalls/0/errnoRet: must be at most 4095 for SCMP_ACT_ERRNO, is 4096',
    ],
    [
      'defaultErrnoRet is for actions that return one',
      seccomp({ defaultErrnoRet: 1 }),
      '/linux/seccomp/defaultErrnoRet: is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE only, not for SCMP_ACT_ALLOW',
    ],
    ['NOTIFY is for a listener', rule({ action: 'SCMP_ACT_NOTIFY' }), '/linux/seccomp/listenerPath: is required with SCMP_ACT_NOTIFY'],
    [
      'NOTIFY by default too',
      seccomp({ defaultAction: 'SCMP_ACT_NOTIFY' }),
      '/linux/seccomp/listenerPath: is required with SCMP_ACT_NOTIFY',
    ],
    ['a listener may have nothing to do', seccomp({ listenerPath: '/run/l', listenerMetadata: 'm' }), 'valid'],
    ['a listener’s path is absolute', seccomp({ listenerPath: 'l' }), '/linux/seccomp/listenerPath: must be absolute, is "l"'],
    ['metadata is for a listener', seccomp({ listenerMetadata: 'm' }), '/linux/seccomp/listenerPath: is required beside listenerMetadata'],
    [
      'an argument is one of six',
      rule({ args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] }),
      '/linux/seccomp/syscalls/0/args/0/index: must be an integer from 0 to 5, is 6',
    ],
  ]);
  test.each([
    [rule({ action: 'SCMP_ACT_X' }), '/linux/seccomp/syscalls/0/action: unknown seccomp action "SCMP_ACT_X" (known: SCMP_ACT_KILL, '],
    [seccomp({ architectures: ['SCMP_ARCH_X'] }), '/linux/seccomp/architectures/0: unknown seccomp architecture "SCMP_ARCH_X"'],
    [seccomp({ flags: ['X'] }), '/linux/seccomp/flags/0: unknown seccomp flag "X"'],
    [rule({ args: [{ index: 0, value: 0, op: 'X' }] }), '/linux/seccomp/syscalls/0/args/0/op: unknown seccomp operator "X"'],
  ])('unknown words are refused: %j', (changes, expected) => {
    expect(verdict(changes)).toContain(expected);
  });
  test('WAIT_KILLABLE_RECV is ignored with a warning where nobody listens', () => {
    expect(warnings(seccomp({ flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] }))).toEqual([
      '/linux/seccomp/flags/1: ignored without SCMP_ACT_NOTIFY',
    ]);
    const flags = ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'];
    expect(warnings(seccomp({ flags, defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: '/l' }))).toEqual([]);
  });
});

describe('resources', () => {
  const resources = (value: Record<string, unknown>): Record<string, unknown> => ({ linux: { resources: value } });
  const at = '/linux/resources';
  cases([
    ['a device rule is valid', resources({ devices: [{ allow: true, type: 'c', major: -1, minor: 5, access: 'rw' }] }), 'valid'],
    ['a device rule says allow or not', resources({ devices: [{ access: 'r' }] }), `${at}/devices/0/allow: is required`],
    [
      'a device rule is of type a, b or c',
      resources({ devices: [{ allow: true, type: 'p' }] }),
      `${at}/devices/0/type: unknown device type "p" (known: a, b, c)`,
    ],
    [
      'access is of rwm',
      resources({ devices: [{ allow: true, access: 'rx' }] }),
      `${at}/devices/0/access: must be of the letters "rwm", is "rx"`,
    ],
    ['swap needs a memory limit', resources({ memory: { swap: 5 } }), `${at}/memory/swap: needs a memory limit`],
    [
      'swap counts memory too',
      resources({ memory: { limit: 10, swap: 9n } }),
      `${at}/memory/swap: counts memory too: must be at least its limit 10, is 9`,
    ],
    ['swap may be without a limit', resources({ memory: { limit: 10, swap: -1 } }), 'valid'],
    ['swap may be limited where memory is not', resources({ memory: { limit: -1, swap: 9 } }), 'valid'],
    ['a burst within the quota', resources({ cpu: { quota: 5000, burst: 5000 } }), 'valid'],
    ['a burst without a quota', resources({ cpu: { quota: -1, burst: 5000 } }), 'valid'],
    [
      'a burst is within the quota',
      resources({ cpu: { quota: 5000, burst: 5001 } }),
      `${at}/cpu/burst: must not be above the quota 5000, is 5001`,
    ],
    ['a limit of 0 pids is one', resources({ pids: { limit: 0 } }), 'valid'],
    ['a weight is from 10 to 1000', resources({ blockIO: { weight: 5 } }), `${at}/blockIO/weight: must be from 10 to 1000, is 5`],
    [
      'a device weight says one',
      resources({ blockIO: { weightDevice: [{ major: 8, minor: 0 }] } }),
      `${at}/blockIO/weightDevice/0: must have at least one of weight and leafWeight`,
    ],
    [
      'a throttle names its device',
      resources({ blockIO: { throttleReadBpsDevice: [{ major: 8, rate: 1 }] } }),
      `${at}/blockIO/throttleReadBpsDevice/0/minor: is required`,
    ],
    [
      'a page size is as 2MB',
      resources({ hugepageLimits: [{ pageSize: '64kB', limit: 1 }] }),
      `${at}/hugepageLimits/0/pageSize: must be a size as "2MB" or "1GB", is "64kB"`,
    ],
    [
      'a page size is given once',
      resources({
        hugepageLimits: [
          { pageSize: '2MB', limit: 1 },
          { pageSize: '2MB', limit: 2 },
        ],
      }),
      `${at}/hugepageLimits/1/pageSize: "2MB" is given twice`,
    ],
    [
      'rdma limits something',
      resources({ rdma: { mlx5_1: {} } }),
      `${at}/rdma/mlx5_1: must have at least one of hcaHandles and hcaObjects`,
    ],
    ['an rdma device is one word', resources({ rdma: { 'a b': { hcaObjects: 1 } } }), `${at}/rdma/a b: is not the name of a device`],
    ['unified takes files of the cgroup', resources({ unified: { 'memory.high': '1', 'io.max': '8:0 rbps=1' } }), 'valid'],
    [
      'unified takes no paths',
      resources({ unified: { '../memory.high': '1' } }),
      `${at}/unified/..~1memory.high: must be the name of a file of the cgroup, as "memory.high"`,
    ],
    [
      'unified takes no other names',
      resources({ unified: { memory: '1' } }),
      `${at}/unified/memory: must be the name of a file of the cgroup, as "memory.high"`,
    ],
    ['unified moves no processes', resources({ unified: { 'cgroup.procs': '1' } }), `${at}/unified/cgroup.procs: is for the runtime only`],
  ]);
  test('what cgroup v2 does not have is ignored with a warning', () => {
    const list = warnings(
      resources({
        network: { classID: 1 },
        memory: { kernel: 5, kernelTCP: 5, swappiness: 0, disableOOMKiller: true, useHierarchy: false },
        cpu: { realtimeRuntime: 1, realtimePeriod: 1 },
        blockIO: { leafWeight: 10, weightDevice: [{ major: 8, minor: 0, leafWeight: 10 }] },
      }),
    );
    expect(list.map((line) => line.replace(/: ignored, cgroup v2 has no such setting$/, ''))).toEqual(
      [
        'network',
        'memory/kernel',
        'memory/kernelTCP',
        'memory/swappiness',
        'memory/disableOOMKiller',
        'memory/useHierarchy',
        'cpu/realtimeRuntime',
        'cpu/realtimePeriod',
        'blockIO/leafWeight',
        'blockIO/weightDevice/0/leafWeight',
      ].map((where) => `/linux/resources/${where}`),
    );
  });
  test('values that ask for nothing are no reason to warn', () => {
    expect(
      warnings(
        resources({
          network: {},
          memory: { kernel: -1, kernelTCP: 0, disableOOMKiller: false, useHierarchy: true },
          cpu: { realtimePeriod: 0 },
        }),
      ),
    ).toEqual([]);
  });
});

describe('netDevices', () => {
  const netDevices = (devices: Record<string, unknown>, ...types: string[]): Record<string, unknown> => ({
    linux: { namespaces: NS(...(types.length === 0 ? ['network'] : types)), netDevices: devices },
  });
  const invalid = (name: string): string => `invalid network device name ${JSON.stringify(name)}`;
  cases([
    [
      'need a network namespace',
      netDevices({ eth0: {} }, 'uts'),
      '/linux/netDevices: unable to move network devices without a NET namespace',
    ],
    ['of which there are none need nothing', netDevices({}, 'uts'), 'valid'],
    ['keep their names, or get others', netDevices({ eth0: {}, eth1: { name: 'lan' }, eth2: { name: '' } }), 'valid'],
    ['may swap their names', netDevices({ eth0: { name: 'eth1' }, eth1: { name: 'eth0' } }), 'valid'],
    [
      'have one name each',
      netDevices({ eth0: { name: 'lan' }, eth1: { name: 'lan' } }),
      '/linux/netDevices/eth1: "lan" is the name of two network devices',
    ],
    [
      'have a name that no other keeps',
      netDevices({ eth0: { name: 'eth1' }, eth1: {} }),
      '/linux/netDevices/eth1: "eth1" is the name of two network devices',
    ],
    ['may have one template', netDevices({ eth0: { name: 'lan%d' }, eth1: { name: 'lan%d' } }), 'valid'],
    ['have 15 bytes', netDevices({ eth0: { name: 'a23456789012345' } }), 'valid'],
    ['have no more', netDevices({ eth0: { name: 'a234567890123456' } }), `/linux/netDevices/eth0/name: ${invalid('a234567890123456')}`],
    ['have no more of UTF-8', netDevices({ eth0: { name: 'ä'.repeat(8) } }), `/linux/netDevices/eth0/name: ${invalid('ä'.repeat(8))}`],
    ...['.', '..', 'a/b', 'a:1', 'a b', 'a\n'].map((name): Case => [
      `are not called ${JSON.stringify(name)}`,
      netDevices({ eth0: { name } }),
      `/linux/netDevices/eth0/name: ${invalid(name)}`,
    ]),
    ['of the host have such names, too', netDevices({ 'a/b': {} }), `/linux/netDevices/a~1b: ${invalid('a/b')}`],
    ['of the host have names', netDevices({ '': {} }), `/linux/netDevices/: ${invalid('')}`],
    ...['a%', 'a%s', '%d%d', '%%d'].map((name): Case => [
      `have no template ${name}`,
      netDevices({ eth0: { name } }),
      `/linux/netDevices/eth0/name: ${invalid(name)}: of "%" only one "%d" is allowed`,
    ]),
  ]);
});

const MODES = 'MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL';
const memoryPolicy = (policy: Record<string, unknown>): Record<string, unknown> => ({ linux: { memoryPolicy: policy } });
const at = '/linux/memoryPolicy';

describe('memoryPolicy', () => {
  cases([
    ['needs a mode', memoryPolicy({ nodes: '0' }), `${at}/mode: invalid memory policy mode: is required (known: ${MODES})`],
    ['has no other modes', memoryPolicy({ mode: 'BIND' }), `${at}/mode: invalid memory policy mode "BIND" (known: ${MODES})`],
    [
      'has no other flags',
      memoryPolicy({ mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES', 'X'] }),
      `${at}/flags/1: invalid memory policy flag "X" (known: MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES)`,
    ],
    [
      'has one kind of nodes',
      memoryPolicy({ mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES'] }),
      `${at}/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other`,
    ],
    [
      'has a list of nodes',
      memoryPolicy({ mode: 'MPOL_BIND', nodes: '0..3' }),
      `${at}/nodes: invalid memory policy nodes "0..3": must be numbers and ranges as "0-3,7"`,
    ],
    ...['MPOL_DEFAULT', 'MPOL_LOCAL'].map((mode): Case => [
      `${mode} takes no nodes`,
      memoryPolicy({ mode, nodes: '0,4-5' }),
      `${at}/nodes: memory policy mode requires 0 nodes but got 3: ${mode}`,
    ]),
    ...['MPOL_BIND', 'MPOL_INTERLEAVE', 'MPOL_WEIGHTED_INTERLEAVE', 'MPOL_PREFERRED_MANY'].map((mode): Case => [
      `${mode} takes nodes`,
      memoryPolicy({ mode, nodes: '' }),
      `${at}/nodes: memory policy mode requires at least one node but got 0: ${mode}`,
    ]),
    ['MPOL_PREFERRED takes none', memoryPolicy({ mode: 'MPOL_PREFERRED', nodes: '' }), 'valid'],
    ['MPOL_PREFERRED takes several', memoryPolicy({ mode: 'MPOL_PREFERRED', nodes: '0-1', flags: ['MPOL_F_STATIC_NODES'] }), 'valid'],
    ['the default may be asked for', memoryPolicy({ mode: 'MPOL_DEFAULT' }), 'valid'],
  ]);
});

describe('what is not supported yet is refused', () => {
  cases([['intelRdt', { linux: { intelRdt: { closID: 'x' } } }, '/linux/intelRdt: is not supported yet']]);
});
