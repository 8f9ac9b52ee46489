import { describe, expect, test } from 'vitest';
import { planResources } from '../../../src/plan/cgroups.js';
import { updateResources } from '../../../src/plan/resources/update.js';
import type { Resources } from '../../../src/spec/types.js';

/** What an update writes, as `file=value`. */
const writes = (current: Resources, update: Resources) =>
  planResources(updateResources(current, update).change, null).writes.map(({ file, value }) => `${file}=${value}`);

const all: Resources = {
  devices: [{ allow: false, access: 'rwm' }],
  memory: { limit: 100, swap: 300, reservation: 50, checkBeforeUpdate: true },
  cpu: { shares: 512, quota: 30000, period: 200000, burst: 1000, cpus: '0', mems: '0' },
  pids: { limit: 7 },
  blockIO: { weight: 100, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 5 }] },
  hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
  rdma: { a: { hcaHandles: 1, hcaObjects: 2 } },
  unified: { 'memory.high': '90' },
};

test.each<[string, Resources, readonly string[]]>([
  ['nothing', {}, []],
  ['empty objects', { memory: {}, cpu: {}, pids: {}, blockIO: {}, hugepageLimits: [], rdma: {}, unified: {} }, []],
  ['zeros are "not given"', { memory: { limit: 0, swap: 0, reservation: 0 }, cpu: { shares: 0, quota: 0, period: 0, cpus: '' } }, []],
  ['devices stay', { devices: [{ allow: true, access: 'rwm' }] }, []],
  ['a limit keeps memory and swap together', { memory: { limit: 200 } }, ['memory.swap.max=100', 'memory.max=200']],
  ['swap counts from the limit', { memory: { swap: 150 } }, ['memory.swap.max=50', 'memory.max=100']],
  ['both', { memory: { limit: 5, swap: 5 } }, ['memory.swap.max=0', 'memory.max=5']],
  ['no limit lifts swap too', { memory: { limit: -1 } }, ['memory.swap.max=max', 'memory.max=max']],
  ['no limit but one on swap', { memory: { limit: -1, swap: 9 } }, ['memory.swap.max=9', 'memory.max=max']],
  ['reservation alone', { memory: { reservation: -1 } }, ['memory.low=max']],
  ['quota keeps the period', { cpu: { quota: 40000 } }, ['cpu.max=40000 200000']],
  ['period keeps the quota', { cpu: { period: 100000 } }, ['cpu.max=30000 100000']],
  ['quota and 0 for the period', { cpu: { quota: -1, period: 0 } }, ['cpu.max=max 200000']],
  ['burst', { cpu: { burst: 0 } }, ['cpu.max.burst=0']],
  ['shares', { cpu: { shares: 1024 } }, ['cpu.weight=100']],
  ['idle', { cpu: { idle: 1 } }, ['cpu.idle=1']],
  ['busy: the weight comes back', { cpu: { idle: 0 } }, ['cpu.idle=0', 'cpu.weight=59']],
  ['processors', { cpu: { cpus: '0-1' } }, ['cpuset.cpus=0-1']],
  ['pids', { pids: { limit: 0 } }, ['pids.max=1']],
  ['no limit of pids', { pids: { limit: -1 } }, ['pids.max=max']],
  ['throttles', { blockIO: { throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 0 }] } }, ['io.max=8:0 wiops=max']],
  ['huge pages', { hugepageLimits: [{ pageSize: '2MB', limit: 1 }] }, ['hugetlb.2MB.max=1', 'hugetlb.2MB.rsvd.max=1']],
  ['rdma', { rdma: { a: { hcaObjects: 3 } } }, ['rdma.max=a hca_object=3']],
  ['unified', { unified: { 'memory.low': '3' } }, ['memory.low=3']],
])('writes what is asked: %s', (_name, update, expected) => {
  expect(writes(all, update)).toEqual(expected);
});

test('without anything of its own', () => {
  expect(writes({}, { cpu: { quota: 5000 } })).toEqual(['cpu.max=5000 100000']);
  expect(writes({}, { memory: { limit: 5 } })).toEqual(['memory.max=5']);
  expect(writes({}, { cpu: { idle: 0 } })).toEqual(['cpu.idle=0']);
});

test('an idle cgroup gets no weight until it is idle no more', () => {
  const idle = { cpu: { idle: 1 } };
  expect(writes(idle, { cpu: { shares: 512 } })).toEqual(['cpu.idle=1']);
  const { merged } = updateResources(idle, { cpu: { shares: 512 } });
  expect(writes(merged, { cpu: { idle: 0 } })).toEqual(['cpu.idle=0', 'cpu.weight=59']);
  expect(writes(idle, { cpu: { shares: 512, idle: 0 } })).toEqual(['cpu.idle=0', 'cpu.weight=59']);
  const warnings = (current: Resources, update: Resources) => planResources(updateResources(current, update).change, null).warnings;
  expect(warnings(all, { cpu: { idle: 1 } })).toEqual([]);
  expect(warnings(idle, { cpu: { shares: 512 } })).toHaveLength(1);
});

describe('what is saved', () => {
  const merged = (update: Resources) => updateResources(all, update).merged;

  test('what was not given stays', () => {
    expect(merged({})).toEqual(all);
    expect(merged({ memory: { limit: 0 }, cpu: { quota: 0, cpus: '' }, pids: {}, blockIO: { weight: 0 } })).toEqual(all);
    expect(merged({ devices: [] })).toEqual(all);
  });

  test('what was given is new', () => {
    expect(merged({ memory: { limit: 200 } }).memory).toEqual({ ...all.memory, limit: 200 });
    expect(merged({ memory: { limit: -1 } }).memory).toEqual({ limit: -1, reservation: 50, checkBeforeUpdate: true });
    expect(merged({ cpu: { period: 5000, cpus: '1' } }).cpu).toEqual({ ...all.cpu, period: 5000, cpus: '1' });
    expect(merged({ pids: { limit: 0 } }).pids).toEqual({ limit: 0 });
    expect(merged({ rdma: { a: { hcaObjects: 3 }, b: { hcaHandles: 4 } } }).rdma).toEqual({
      a: { hcaHandles: 1, hcaObjects: 3 },
      b: { hcaHandles: 4 },
    });
    expect(merged({ unified: { 'memory.low': '3' } }).unified).toEqual({ 'memory.high': '90', 'memory.low': '3' });
    expect(merged({ hugepageLimits: [{ pageSize: '1GB', limit: 5 }] }).hugepageLimits).toEqual([
      { pageSize: '2MB', limit: 0 },
      { pageSize: '1GB', limit: 5 },
    ]);
  });

  test('devices by their number', () => {
    const rates = (update: Resources) => merged(update).blockIO?.throttleReadBpsDevice;
    const change = (minor: number, rate: number): Resources => ({ blockIO: { throttleReadBpsDevice: [{ major: 8, minor, rate }] } });
    expect(rates(change(0, 9))).toEqual([{ major: 8, minor: 0, rate: 9 }]);
    expect(rates(change(0, 0))).toEqual([{ major: 8, minor: 0, rate: 0 }]);
    expect(rates(change(1, 9))).toEqual([
      { major: 8, minor: 0, rate: 5 },
      { major: 8, minor: 1, rate: 9 },
    ]);
  });

  test('an update of an update', () => {
    const once = merged({ memory: { limit: 200 } });
    expect(writes(once, { memory: { swap: 250 } })).toEqual(['memory.swap.max=50', 'memory.max=200']);
  });
});
