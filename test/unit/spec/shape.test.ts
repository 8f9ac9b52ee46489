import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/spec/json.js';
import { checkConfig, checkProcess, checkResources } from '../../../src/spec/validate.js';
import { config, problemOf, verdict } from './support.js';

test('the smallest config has a version and a root', () => {
  expect(problemOf(() => checkConfig({ ociVersion: '1.0.0', root: { path: 'rootfs' } }))).toBe('valid');
});

test('properties that the specification does not have are ignored, at every depth', () => {
  expect(verdict({ future: { deep: [null] }, linux: { future: 1, resources: { oomScoreAdj: 100 } } })).toBe('valid');
});

test('sections of other platforms are ignored', () => {
  expect(verdict({ windows: 1, solaris: 'x', vm: [], zos: {}, freebsd: { jail: { vnet: 'disable' } } })).toBe('valid');
});

describe('what is wrong is one line that begins with a JSON pointer:', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ hostname: 5 }, '/hostname: must be a string, is 5'],
    [{ mounts: {} }, '/mounts: must be an array, is an object'],
    [{ process: { args: 'sh' } }, '/process/args: must be an array, is "sh"'],
    [{ process: { args: [] } }, '/process/args: must have at least one entry'],
    [{ process: { args: ['sh', 1] } }, '/process/args/1: must be a string, is 1'],
    [{ process: { args: undefined } }, '/process/args: is required'],
    [{ process: { cwd: undefined } }, '/process/cwd: is required'],
    [{ process: { terminal: 'yes' } }, '/process/terminal: must be true or false, is "yes"'],
    [{ process: { user: [] } }, '/process/user: must be an object, is an array'],
    [{ root: undefined }, '/root: is required'],
    [{ root: {} }, '/root/path: is required'],
    [{ annotations: { 'a/b~c': 1 } }, '/annotations/a~1b~0c: must be a string, is 1'],
    [
      { linux: { namespaces: [{ type: 'pid' }, { type: 'foo' }] } },
      '/linux/namespaces/1/type: unknown namespace "foo" (known: pid, network, mount, ipc, uts, user, cgroup, time)',
    ],
    [
      { linux: { rootfsPropagation: 'public' } },
      '/linux/rootfsPropagation: unknown propagation "public" (known: shared, slave, private, unbindable, rshared, rslave, rprivate, runbindable)',
    ],
  ])('%j', (changes, expected) => {
    expect(verdict(changes)).toBe(expected);
  });

  test('a config that is no object', () => {
    expect(problemOf(() => checkConfig(null))).toBe('/: must be an object, is null');
    expect(problemOf(() => checkConfig([]))).toBe('/: must be an object, is an array');
  });

  test('long values are cut short, and what a terminal would act on is escaped', () => {
    expect(verdict({ process: { cwd: 'x'.repeat(500) } })).toBe(`/process/cwd: must be absolute, is "${'x'.repeat(100)}..."`);
    expect(verdict({ process: { cwd: '\u001b[2J\u009b' } })).toBe('/process/cwd: must be absolute, is "\\u001b[2J\\u009b"');
  });
});

describe('a NUL byte is refused wherever the kernel would end the string at it:', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ root: { path: 'a\0b' } }, '/root/path'],
    [{ hostname: 'a\0b' }, '/hostname'],
    [{ mounts: [{ destination: '/a\0b', type: 'tmpfs' }] }, '/mounts/0/destination'],
    [{ mounts: [{ destination: '/a', type: 'tmpfs', options: ['ro', 'x=\0'] }] }, '/mounts/0/options/1'],
    [{ process: { cwd: '/\0' } }, '/process/cwd'],
    [{ process: { args: ['\0'] } }, '/process/args/0'],
    [{ process: { env: ['A=\0'] } }, '/process/env/0'],
    [{ process: { selinuxLabel: '\0' } }, '/process/selinuxLabel'],
    [{ process: { apparmorProfile: '\0' } }, '/process/apparmorProfile'],
    [{ hooks: { prestart: [{ path: '/\0' }] } }, '/hooks/prestart/0/path'],
    [{ hooks: { poststop: [{ path: '/x', args: ['\0'] }] } }, '/hooks/poststop/0/args/0'],
    [{ linux: { cgroupsPath: '/\0' } }, '/linux/cgroupsPath'],
    [{ linux: { maskedPaths: ['/\0'] } }, '/linux/maskedPaths/0'],
    [{ linux: { sysctl: { 'net.x': '\0' } } }, '/linux/sysctl/net.x'],
    [{ linux: { devices: [{ path: '/dev/\0', type: 'p' }] } }, '/linux/devices/0/path'],
    [{ linux: { resources: { unified: { 'memory.high': '\0' } } } }, '/linux/resources/unified/memory.high'],
    [
      { linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['\0'], action: 'SCMP_ACT_LOG' }] } } },
      '/linux/seccomp/syscalls/0/names/0',
    ],
  ])('%j', (changes, pointer) => {
    expect(verdict(changes)).toMatch(new RegExp(`^${pointer}: must not contain a NUL byte, is "`));
  });
});

describe('numbers', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ process: { user: { uid: -1 } } }, '/process/user/uid: must be an integer from 0 to 4294967294, is -1'],
    [{ process: { user: { gid: 1.5 } } }, '/process/user/gid: must be an integer from 0 to 4294967294, is 1.5'],
    [{ process: { user: { uid: 4294967295 } } }, '/process/user/uid: must be an integer from 0 to 4294967294, is 4294967295'],
    [
      { process: { user: { additionalGids: [1, '2'] } } },
      '/process/user/additionalGids/1: must be an integer from 0 to 4294967294, is "2"',
    ],
    [{ process: { user: { umask: 512 } } }, '/process/user/umask: must be an integer from 0 to 511, is 512'],
    [{ process: { oomScoreAdj: 1001 } }, '/process/oomScoreAdj: must be an integer from -1000 to 1000, is 1001'],
    [
      { process: { consoleSize: { height: 65536, width: 1 } } },
      '/process/consoleSize/height: must be an integer from 0 to 65535, is 65536',
    ],
    [
      { linux: { resources: { memory: { limit: -2 } } } },
      '/linux/resources/memory/limit: must be an integer from -1 to 9223372036854775807, is -2',
    ],
    [{ linux: { resources: { cpu: { idle: 2 } } } }, '/linux/resources/cpu/idle: must be an integer from 0 to 1, is 2'],
  ])('are in their range: %j', (changes, expected) => {
    expect(verdict(changes)).toBe(expected);
  });

  test('of 64 bits go to the last one', () => {
    const rlimits = parseJson('[{"type": "RLIMIT_CORE", "soft": 18446744073709551614, "hard": 18446744073709551615}]', 'x');
    expect(verdict({ process: { rlimits } })).toBe('valid');
    const tooMany = parseJson('[{"type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551616}]', 'x');
    expect(verdict({ process: { rlimits: tooMany } })).toBe(
      '/process/rlimits/0/hard: must be an integer from 0 to 18446744073709551615, is 18446744073709551616',
    );
  });

  test('that have lost digits already are refused', () => {
    const hard = Number('18446744073709551615');
    expect(verdict({ process: { rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard }] } })).toContain('/process/rlimits/0/hard: must be');
  });
});

test('process and resources on their own have pointers that begin there', () => {
  expect(problemOf(() => checkProcess({ cwd: 'tmp', args: ['x'] }))).toBe('/cwd: must be absolute, is "tmp"');
  expect(problemOf(() => checkProcess({ cwd: '/' }))).toBe('/args: is required');
  expect(problemOf(() => checkProcess({ cwd: '/', args: ['x'], env: ['A'] }))).toBe('/env/0: must be NAME=value, is "A"');
  expect(problemOf(() => checkResources({ pids: { limit: 'many' } }))).toBe(
    '/pids/limit: must be an integer from -1 to 9223372036854775807, is "many"',
  );
  expect(problemOf(() => checkResources({ unified: { 'a/b': '' } }))).toBe(
    '/unified/a~1b: must be the name of a file of the cgroup, as "memory.high"',
  );
});

test('10,000 mounts are checked', () => {
  const mounts = Array.from({ length: 10_000 }, (_, index) => ({
    destination: `/mnt/${index}`,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['ro'],
  }));
  expect(verdict({ mounts })).toBe('valid');
  expect(verdict({ mounts: [...mounts, { type: 'tmpfs' }] })).toBe('/mounts/10000/destination: is required');
});

test('checking changes nothing and hands the same value back', () => {
  const value = config();
  const before = JSON.stringify(value);
  expect(checkConfig(value).spec).toBe(value);
  expect(JSON.stringify(value)).toBe(before);
});
