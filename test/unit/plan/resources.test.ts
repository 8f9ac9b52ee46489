import { describe, expect, test } from 'vitest';
import { planResources } from '../../../src/plan/cgroups.js';
import { weightOfShares } from '../../../src/plan/resources/cpu.js';
import type { Resources } from '../../../src/spec/types.js';

const ALL = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'];

/** `file=value` of every write. */
const written = (resources: Resources) => planResources(resources, ALL).writes.map(({ file, value }) => `${file}=${value}`);

const MiB = 1048576;

const files: readonly (readonly [string, Resources, readonly string[]])[] = [
  ['nothing', {}, []],
  [
    'empty objects, as engines send them',
    { memory: {}, cpu: {}, pids: {}, blockIO: {}, hugepageLimits: [], rdma: {}, unified: {}, network: {} },
    [],
  ],
  [
    'zeros mean "not given"',
    { memory: { limit: 0, swap: 0, reservation: 0 }, cpu: { shares: 0, quota: 0, period: 0, cpus: '', mems: '' }, blockIO: { weight: 0 } },
    [],
  ],
  ['memory.limit', { memory: { limit: 64 * MiB } }, ['memory.max=67108864']],
  ['memory.limit -1 lifts swap as well', { memory: { limit: -1 } }, ['memory.swap.max=max', 'memory.max=max']],
  ['memory.limit beyond 2^53', { memory: { limit: 9223372036854771712n } }, ['memory.max=9223372036854771712']],
  ['memory.limit beyond the kernel', { memory: { limit: 2n ** 63n } }, ['memory.swap.max=max', 'memory.max=max']],
  ['memory.limit as a float', { memory: { limit: 2 ** 62 } }, ['memory.max=4611686018427387904']],
  ['memory.swap', { memory: { limit: 64 * MiB, swap: 128 * MiB } }, ['memory.swap.max=67108864', 'memory.max=67108864']],
  ['memory.swap equal to limit', { memory: { limit: MiB, swap: MiB } }, ['memory.swap.max=0', 'memory.max=1048576']],
  ['memory.swap -1', { memory: { limit: MiB, swap: -1 } }, ['memory.swap.max=max', 'memory.max=1048576']],
  ['memory.swap -1 alone', { memory: { swap: -1 } }, ['memory.swap.max=max']],
  ['memory.swap with unlimited memory', { memory: { limit: -1, swap: MiB } }, ['memory.swap.max=1048576', 'memory.max=max']],
  ['memory.reservation', { memory: { reservation: MiB } }, ['memory.low=1048576']],
  ['memory.reservation -1', { memory: { reservation: -1 } }, ['memory.low=max']],
  ['cpu.shares', { cpu: { shares: 1024 } }, ['cpu.weight=100']],
  ['cpu.quota and period', { cpu: { quota: 50000, period: 200000 } }, ['cpu.max=50000 200000']],
  ['cpu.quota', { cpu: { quota: 50000 } }, ['cpu.max=50000 100000']],
  ['cpu.quota -1', { cpu: { quota: -1 } }, ['cpu.max=max 100000']],
  ['cpu.period', { cpu: { period: 200000 } }, ['cpu.max=max 200000']],
  ['cpu.burst before and after the quota', { cpu: { quota: 2, burst: 1 } }, ['cpu.max.burst=1', 'cpu.max=2 100000', 'cpu.max.burst=1']],
  ['cpu.burst', { cpu: { burst: 0 } }, ['cpu.max.burst=0']],
  ['cpu.idle before the weight', { cpu: { shares: 2, idle: 0 } }, ['cpu.idle=0', 'cpu.weight=1']],
  ['cpu.idle has no weight', { cpu: { shares: 2, idle: 1 } }, ['cpu.idle=1']],
  ['cpuset', { cpu: { cpus: '0-1', mems: '0' } }, ['cpuset.cpus=0-1', 'cpuset.mems=0']],
  ['pids.limit', { pids: { limit: 2048 } }, ['pids.max=2048']],
  ['pids.limit -1', { pids: { limit: -1 } }, ['pids.max=max']],
  ['pids.limit 0', { pids: { limit: 0 } }, ['pids.max=1']],
  [
    'blockIO',
    {
      blockIO: {
        weight: 300,
        weightDevice: [{ major: 8, minor: 0, weight: 1000 }],
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1048576 }],
        throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 0 }],
        throttleReadIOPSDevice: [{ major: 8, minor: 16, rate: 100 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 18446744073709551615n }],
      },
    },
    [
      'io.bfq.weight=300',
      'io.bfq.weight=8:0 1000',
      'io.max=8:0 rbps=1048576',
      'io.max=8:0 wbps=max',
      'io.max=8:16 riops=100',
      'io.max=8:16 wiops=max',
    ],
  ],
  [
    'hugepageLimits',
    { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }] },
    ['hugetlb.2MB.max=4194304', 'hugetlb.2MB.rsvd.max=4194304'],
  ],
  [
    'rdma',
    { rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, mlx4_0: { hcaObjects: 1000 } } },
    ['rdma.max=mlx5_1 hca_handle=3 hca_object=10000', 'rdma.max=mlx4_0 hca_object=1000'],
  ],
  [
    'unified, after all others',
    {
      memory: { limit: 1 },
      unified: { 'memory.max': '2', 'io.max': '8:0 rbps=1\n8:0 wbps=2\n', 'cgroup.max.depth': '3', 'cpuset.cpus': '' },
    },
    ['memory.max=1', 'memory.max=2', 'io.max=8:0 rbps=1', 'io.max=8:0 wbps=2', 'cgroup.max.depth=3', 'cpuset.cpus=\n'],
  ],
];

test.each(files)('%s', (_name, resources, expected) => {
  expect(written(resources)).toEqual(expected);
});

const refused: readonly (readonly [string, Resources, string])[] = [
  ['negative limit', { memory: { limit: -2 } }, '/linux/resources/memory/limit: must be -1 (no limit) or not negative, is -2'],
  ['swap alone', { memory: { swap: 5 } }, '/linux/resources/memory/swap: unable to set swap limit without memory limit'],
  [
    'swap below limit',
    { memory: { limit: 6, swap: 5 } },
    '/linux/resources/memory/swap: memory+swap limit should be >= memory limit, 5 is below 6',
  ],
  [
    'page size',
    { hugepageLimits: [{ pageSize: '../x', limit: 1 }] },
    '/linux/resources/hugepageLimits/0/pageSize: must be a size like 2MB, is "../x"',
  ],
  ['empty rdma', { rdma: { 'a~b': {} } }, '/linux/resources/rdma/a~0b: needs hcaHandles or hcaObjects'],
  ['rdma name', { rdma: { 'a b': { hcaHandles: 1 } } }, '/linux/resources/rdma/a b: is not a device name'],
  ['unified path', { unified: { '../memory.max': '1' } }, '/linux/resources/unified/..~1memory.max: must be a file name (no slashes)'],
  ['unified name', { unified: { memory: '1' } }, '/linux/resources/unified/memory: must be in the form CONTROLLER.PARAMETER'],
  ['unified dots', { unified: { '..': '1' } }, '/linux/resources/unified/..: must be in the form CONTROLLER.PARAMETER'],
  ['unified action', { unified: { 'cgroup.procs': '1' } }, '/linux/resources/unified/cgroup.procs: is not a resource'],
];

test.each(refused)('refuses: %s', (_name, resources, message) => {
  expect(() => planResources(resources, ALL)).toThrow(expect.objectContaining({ name: 'TsrunError', message }));
});

const needs: readonly (readonly [string, Resources, string])[] = [
  ['memory', { memory: { limit: 1 } }, '/linux/resources/memory/limit'],
  ['memory', { memory: { limit: 1, swap: 1 } }, '/linux/resources/memory/swap'],
  ['cpu', { cpu: { shares: 5 } }, '/linux/resources/cpu/shares'],
  ['cpuset', { cpu: { cpus: '0' } }, '/linux/resources/cpu/cpus'],
  ['pids', { pids: { limit: 5 } }, '/linux/resources/pids/limit'],
  ['io', { blockIO: { throttleReadBpsDevice: [{ major: 1, minor: 1, rate: 1 }] } }, '/linux/resources/blockIO/throttleReadBpsDevice/0'],
  ['rdma', { rdma: { a: { hcaHandles: 1 } } }, '/linux/resources/rdma/a'],
  ['memory', { unified: { 'memory.high': '1' } }, '/linux/resources/unified/memory.high'],
];

test.each(needs)('names the missing controller %s', (controller, resources, pointer) => {
  const text = `${pointer}: this host's cgroup v2 has no "${controller}" controller (it has: hugetlb)`;
  expect(() => planResources(resources, ['hugetlb'])).toThrow(text);
});

test('a host without any controller says so', () => {
  expect(() => planResources({ pids: { limit: 5 } }, [])).toThrow('(it has none)');
});

test('the weight of an idle cgroup is a warning', () => {
  expect(planResources({ cpu: { idle: 1, shares: 5 } }, ALL).warnings).toEqual([
    '/linux/resources/cpu/shares: ignored, an idle cgroup has no weight',
  ]);
  expect(planResources({ cpu: { idle: 0, shares: 5 } }, ALL).warnings).toEqual([]);
});

test('memory after all others, unified last', () => {
  const resources = { memory: { limit: 5 }, unified: { 'cpu.weight': '1' }, pids: { limit: 1 }, rdma: { a: { hcaHandles: 1 } } };
  expect(written(resources)).toEqual(['pids.max=1', 'rdma.max=a hca_handle=1', 'memory.max=5', 'cpu.weight=1']);
});

test('the weight of a cgroup without BFQ is scaled', () => {
  const [write] = planResources({ blockIO: { weight: 10 } }, ALL).writes;
  expect(write?.instead).toEqual({ file: 'io.weight', value: '1' });
  const [most] = planResources({ blockIO: { weight: 1000 } }, ALL).writes;
  expect(most?.instead?.value).toBe('10000');
});

test('checkBeforeUpdate compares with the usage', () => {
  const { writes } = planResources({ memory: { limit: 5, swap: 7, checkBeforeUpdate: true } }, ALL);
  expect(writes.map(({ above }) => above)).toEqual([
    { files: ['memory.current', 'memory.swap.current'], limit: '7', what: 'memory+swap' },
    { files: ['memory.current'], limit: '5', what: 'memory' },
  ]);
  expect(planResources({ memory: { limit: -1, checkBeforeUpdate: true } }, ALL).writes.some(({ above }) => above)).toBe(false);
});

test('a kernel without swap accounting may refuse only what it cannot do anyway', () => {
  const tolerated = (limit: number, swap: number) => planResources({ memory: { limit, swap } }, ALL).writes[0]?.tolerate;
  expect(tolerated(5, 5)).toEqual(['ENOENT']);
  expect(tolerated(5, -1)).toEqual(['ENOENT']);
  expect(tolerated(5, 6)).toBeUndefined();
});

describe('cpu.shares as weight', () => {
  // both ends, the default, and the neighbours that a wrong curve would miss
  test.each([
    [0, 0],
    [1, 1],
    [2, 1],
    [3, 2],
    [100, 17],
    [512, 59],
    [1024, 100],
    [2048, 174],
    [262143, 10000],
    [262144, 10000],
    [262145, 10000],
  ])('%i -> %i', (shares, weight) => {
    expect(weightOfShares(shares)).toBe(weight);
  });
  test('never falls', () => {
    const weights = Array.from({ length: 7000 }, (_, index) => weightOfShares(2 + index * 37));
    expect(weights).toEqual(weights.toSorted((a, b) => a - b));
  });
});
