import { expect, test } from 'vitest';

import { CAPABILITIES } from '../../../src/plan/capabilities.js';
import { features } from '../../../src/plan/features.js';
import { parseMountOptions } from '../../../src/plan/mount-options.js';
import { CLONE_FLAG } from '../../../src/plan/namespaces.js';

const told = features() as {
  readonly ociVersionMin: string;
  readonly hooks: readonly string[];
  readonly mountOptions: readonly string[];
  readonly linux: {
    readonly namespaces: readonly string[];
    readonly capabilities: readonly string[];
    readonly cgroup: Readonly<Record<string, boolean>>;
    readonly seccomp: Readonly<Record<string, readonly string[]>>;
    readonly intelRdt: { readonly enabled: boolean };
    readonly netDevices: { readonly enabled: boolean };
    readonly memoryPolicy: { readonly modes: readonly string[]; readonly flags: readonly string[] };
  };
};

test('what is told of a mount option is true: none goes to the file system unread', () => {
  expect(told.mountOptions.filter((option) => parseMountOptions([option]).data.length > 0)).toEqual([]);
  // what containerd and dockerd look for
  expect(told.mountOptions).toEqual(expect.arrayContaining(['rro', 'rbind', 'idmap', 'tmpcopyup', 'rslave']));
  expect(new Set(told.mountOptions).size).toBe(told.mountOptions.length);
});

test('names are those of the specification', () => {
  expect([...told.linux.namespaces].sort()).toEqual(Object.keys(CLONE_FLAG).sort());
  expect(told.linux.capabilities).toBe(CAPABILITIES);
  expect(told.linux.capabilities.every((name) => /^CAP_[A-Z_]+$/.test(name))).toBe(true);
  expect(told.linux.seccomp['archs']?.every((name) => /^SCMP_ARCH_[A-Z0-9_]+$/.test(name))).toBe(true);
  expect(told.hooks).toContain('createContainer');
  expect(told.linux.netDevices.enabled).toBe(true);
  expect(told.linux.memoryPolicy.modes).toHaveLength(7);
  expect(told.linux.memoryPolicy.modes.every((name) => /^MPOL_[A-Z_]+$/.test(name))).toBe(true);
  expect(told.linux.memoryPolicy.flags.every((name) => /^MPOL_F_[A-Z_]+$/.test(name))).toBe(true);
});

test('what is not there is said', () => {
  expect(told.linux.cgroup).toMatchObject({ v1: false, v2: true });
  expect(told.linux.intelRdt.enabled).toBe(false);
});
