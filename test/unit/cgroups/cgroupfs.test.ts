import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createCgroup } from '../../../src/cgroups/cgroupfs.js';
import { removeCgroup } from '../../../src/cgroups/remove.js';
import type { CgroupPlan } from '../../../src/plan/plan.js';
import { FakeCgroups } from './fake.js';

const MOUNT = '/sys/fs/cgroup';
const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));

let cgroups: FakeCgroups;
beforeEach(() => {
  cgroups = new FakeCgroups(MOUNT);
  current.native = cgroups.native;
});

const plan = (rest: Partial<CgroupPlan> = {}): CgroupPlan => ({
  path: '/tsrun/c1',
  controllers: ['cpu', 'pids'],
  writes: [{ file: 'pids.max', value: '5', controller: 'pids', pointer: '/linux/resources/pids/limit' }],
  deviceFilter: new Uint8Array(8),
  deviceFilterOptional: false,
  owner: { uid: 1000, gid: -1 },
  optional: false,
  warnings: [],
  ...rest,
});

test('from the top down: controllers, directory, limits, filter, owner', () => {
  const made = createCgroup(plan(), MOUNT);
  expect(made).toMatchObject({ path: `${MOUNT}/tsrun/c1`, fd: 7, warnings: [] });
  expect(cgroups.calls.filter((call) => !call.startsWith('read'))).toEqual([
    'write /sys/fs/cgroup/cgroup.subtree_control',
    'mkdir /sys/fs/cgroup/tsrun',
    'write /sys/fs/cgroup/tsrun/cgroup.subtree_control',
    'mkdir /sys/fs/cgroup/tsrun/c1',
    'write /sys/fs/cgroup/tsrun/c1/pids.max',
    'open /sys/fs/cgroup/tsrun/c1',
    'attach',
    'chown /sys/fs/cgroup/tsrun/c1',
    'chown /sys/fs/cgroup/tsrun/c1/cgroup.procs',
    'chown /sys/fs/cgroup/tsrun/c1/memory.reclaim',
  ]);
  expect(cgroups.files.get('/sys/fs/cgroup/tsrun/cgroup.subtree_control')).toBe('+cpu +pids');
  made?.undo();
  expect([...cgroups.directories]).toEqual([MOUNT]);
});

test('controllers that are there are not written again', () => {
  cgroups.files.set(`${MOUNT}/cgroup.subtree_control`, 'pids cpu\n');
  createCgroup(plan(), MOUNT);
  expect(cgroups.calls).not.toContain('write /sys/fs/cgroup/cgroup.subtree_control');
});

test('a failure of any call leaves nothing behind', () => {
  createCgroup(plan(), MOUNT)?.undo();
  const calls = cgroups.calls.indexOf('rmdir /sys/fs/cgroup/tsrun/c1');
  expect(calls).toBeGreaterThan(10);
  for (let nth = 0; nth < calls; nth++) {
    cgroups = new FakeCgroups(MOUNT);
    current.native = cgroups.native;
    let count = 0;
    cgroups.fail = () => (count++ === nth ? 'ENOMEM' : undefined);
    try {
      createCgroup(plan(), MOUNT)?.undo();
    } catch {
      expect(cgroups.descriptors.size).toBe(0);
    }
    expect([nth, ...cgroups.directories]).toEqual([nth, MOUNT]);
  }
});

test('controllers one by one when all together fail; only the needed one counts', () => {
  let together = true;
  cgroups.fail = (call) => {
    if (!call.startsWith('write /sys/fs/cgroup/cgroup.subtree_control')) return undefined;
    const fails = together;
    together = false;
    return fails ? 'EINVAL' : undefined;
  };
  expect(createCgroup(plan(), MOUNT)).not.toBeNull();
  cgroups.files.set(`${MOUNT}/tsrun/cgroup.subtree_control`, '\n');
  cgroups.fail = (call) => (call === 'write /sys/fs/cgroup/tsrun/cgroup.subtree_control' ? 'EBUSY' : undefined);
  expect(createCgroup(plan({ path: '/tsrun/c2', writes: [] }), MOUNT)).not.toBeNull();
  expect(() => createCgroup(plan({ path: '/tsrun/c3' }), MOUNT)).toThrow(
    /^enable the "pids" controller below \/sys\/fs\/cgroup\/tsrun: .*EBUSY \(this cgroup has processes/,
  );
});

test('a parent that another caller removes is made again', () => {
  let once = true;
  cgroups.fail = (call) => {
    if (once && call === 'mkdir /sys/fs/cgroup/tsrun/c1') {
      once = false;
      cgroups.native.rmdir(`${MOUNT}/tsrun`);
    }
    return undefined;
  };
  const made = createCgroup(plan(), MOUNT);
  expect(cgroups.directories.has(`${MOUNT}/tsrun/c1`)).toBe(true);
  made?.undo();
  expect([...cgroups.directories]).toEqual([MOUNT]);
});

describe('a caller who may not', () => {
  beforeEach(() => {
    cgroups.fail = (call) => (call.startsWith('mkdir') ? 'EACCES' : undefined);
  });
  test('goes without', () => {
    expect(createCgroup(plan({ writes: [], optional: true }), MOUNT)).toBeNull();
  });
  test('fails when the cgroup is needed', () => {
    expect(() => createCgroup(plan(), MOUNT)).toThrow('make cgroup /tsrun/c1: mkdir /sys/fs/cgroup/tsrun: EACCES');
  });
  test('may use what is there', () => {
    cgroups.add(`${MOUNT}/tsrun`);
    cgroups.add(`${MOUNT}/tsrun/c1`);
    expect(createCgroup(plan(), MOUNT)).not.toBeNull();
  });
});

test('a refused device filter is a warning only where the plan says so', () => {
  cgroups.fail = (call) => (call === 'attach' ? 'EPERM' : undefined);
  expect(() => createCgroup(plan(), MOUNT)).toThrow('attach: EPERM');
  expect(createCgroup(plan({ deviceFilterOptional: 'silent' }), MOUNT)?.warnings).toEqual([]);
  expect(createCgroup(plan({ deviceFilterOptional: 'warn' }), MOUNT)?.warnings).toEqual([
    '/linux/resources/devices: left out, the kernel refuses device filters here: attach: EPERM',
  ]);
});

test('remove: deepest first, again while busy', () => {
  for (const path of ['/a', '/a/b', '/a/b/c', '/a/d']) cgroups.add(MOUNT + path);
  let busy = 2;
  cgroups.fail = (call) => (call === `rmdir ${MOUNT}/a/d` && busy-- > 0 ? 'EBUSY' : undefined);
  removeCgroup(`${MOUNT}/a`);
  expect([...cgroups.directories]).toEqual([MOUNT]);
  cgroups.fail = () => 'EROFS';
  expect(() => {
    removeCgroup(`${MOUNT}/a`);
  }).toThrow('EROFS');
});
