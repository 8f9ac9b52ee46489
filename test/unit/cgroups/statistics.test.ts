import { beforeEach, expect, test, vi } from 'vitest';
import { readStatistics, type Statistics } from '../../../src/cgroups/statistics/statistics.js';
import { FakeCgroups } from './fake.js';
import { LINUX_6_12 } from './recorded.js';

const MOUNT = '/sys/fs/cgroup';
const PATH = `${MOUNT}/c1`;
const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));

let cgroups: FakeCgroups;
beforeEach(() => {
  cgroups = new FakeCgroups(MOUNT);
  cgroups.add(PATH);
  cgroups.files.delete(`${PATH}/pids.max`);
  current.native = cgroups.native;
});

function statistics(files: Readonly<Record<string, string>>): Statistics {
  for (const [name, text] of Object.entries(files)) cgroups.files.set(`${PATH}/${name}`, text);
  return readStatistics(PATH);
}

test('all controllers of Linux 6.12', () => {
  expect(statistics(LINUX_6_12)).toEqual({
    cpu: {
      usage: 8395603,
      user: 6554630,
      system: 1840972,
      periods: 424,
      throttledPeriods: 418,
      throttledTime: 31650085,
      bursts: 1,
      burstTime: 10000,
      quota: 20000,
      period: 100000,
      pressure: {
        some: { avg10: 55.73, avg60: 26.77, avg300: 7.08, total: 22455835 },
        full: { avg10: 55.73, avg60: 26.77, avg300: 7.08, total: 22451970 },
      },
    },
    cpuset: { cpus: '0-1', mems: '0' },
    memory: {
      usage: 77824,
      peak: 41943040,
      limit: 41943040,
      swapUsage: 0,
      swapPeak: 0,
      swapLimit: 0,
      swapEvents: { high: 0, max: 0, fail: 0 },
      stat: {
        anon: 0,
        file: 0,
        kernel: 77824,
        kernel_stack: 0,
        percpu: 64,
        slab_reclaimable: 67144,
        slab_unreclaimable: 1640,
        slab: 68784,
        pgscan: 1590,
        pgfault: 4160,
        pgmajfault: 32,
        thp_fault_alloc: 14,
      },
      events: { low: 0, high: 0, max: 63, oom: 1, oom_kill: 1, oom_group_kill: 0 },
      pressure: {
        some: { avg10: 2.56, avg60: 0.51, avg300: 0.1, total: 372463 },
        full: { avg10: 2.56, avg60: 0.51, avg300: 0.1, total: 372463 },
      },
    },
    pids: { current: 0, peak: 3, limit: 3, failures: 3 },
    io: {
      devices: [{ major: 254, minor: 0, rbytes: 6127616, wbytes: 8388608, dbytes: 0, rios: 161, wios: 8, dios: 0 }],
      pressure: {
        some: { avg10: 0, avg60: 0, avg300: 0, total: 26923 },
        full: { avg10: 0, avg60: 0, avg300: 0, total: 26923 },
      },
    },
    hugetlb: {
      '1GB': { usage: 0, limit: null, failures: 0, reserved: { usage: 0, limit: null } },
      '2MB': { usage: 4194304, limit: 4194304, failures: 1, reserved: { usage: 8388608, limit: null } },
    },
    rdma: {},
    misc: {},
  });
});

test('a cgroup without controllers has its cpu times', () => {
  expect(statistics({ 'cpu.stat': 'usage_usec 3\nuser_usec 2\nsystem_usec 1\n' })).toEqual({
    cpu: {
      usage: 3,
      user: 2,
      system: 1,
      periods: 0,
      throttledPeriods: 0,
      throttledTime: 0,
      bursts: 0,
      burstTime: 0,
      quota: null,
      period: 100000,
    },
  });
});

test('no limits', () => {
  const { 'memory.swap.current': _, 'memory.peak': __, ...rest } = LINUX_6_12;
  const { cpu, memory, pids } = statistics({ ...rest, 'cpu.max': 'max 50000\n', 'memory.max': 'max\n', 'pids.max': 'max\n' });
  expect([cpu?.quota, cpu?.period, memory?.limit, pids?.limit]).toEqual([null, 50000, null, null]);
  // no swap accounting, no peak: the properties are not there
  expect(Object.keys(memory ?? {})).toEqual(['usage', 'limit', 'stat', 'events', 'pressure']);
});

test('pressure that is switched off', () => {
  cgroups.fail = (call) => (call.endsWith('.pressure') ? 'EOPNOTSUPP' : undefined);
  const { cpu, memory, io } = statistics(LINUX_6_12);
  expect([cpu, memory, io].map((each) => each && 'pressure' in each)).toEqual([false, false, false]);
});

test('cpu.pressure before Linux 5.13 has no "full"', () => {
  const { cpu } = statistics({ 'cpu.stat': '', 'cpu.pressure': 'some avg10=1.50 avg60=0.00 avg300=0.00 total=7\n' });
  expect(cpu?.pressure).toEqual({
    some: { avg10: 1.5, avg60: 0, avg300: 0, total: 7 },
    full: { avg10: 0, avg60: 0, avg300: 0, total: 0 },
  });
});

test('io.stat: several devices, idle ones in the same line, cost and latency', () => {
  const { io } = statistics({
    'io.stat': `7:1 7:0 8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0 cost.usage=15
8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 dios=3021 depth=max avg_lat=1 win=2
252:0
`,
  });
  expect(io?.devices.map(({ major, minor, rbytes, dios }) => [major, minor, rbytes, dios])).toEqual([
    [8, 16, 1459200, 0],
    [8, 0, 90430464, 3021],
  ]);
});

test('rdma and misc, with the examples of cgroup-v2.rst', () => {
  const { rdma, misc } = statistics({
    'rdma.current': 'mlx4_0 hca_handle=1 hca_object=20\nocrdma1 hca_handle=1 hca_object=23\n',
    'rdma.max': 'mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n',
    'misc.current': 'res_a 3\nres_b 0\n',
    'misc.max': 'res_a max\nres_b 4\n',
    'misc.peak': 'res_a 10\nres_b 8\n',
    'misc.events': 'res_a.max 0\nres_b.max 2\n',
  });
  expect(rdma).toEqual({
    mlx4_0: { handles: 1, handleLimit: 2, objects: 20, objectLimit: 2000 },
    ocrdma1: { handles: 1, handleLimit: 3, objects: 23, objectLimit: null },
  });
  expect(misc).toEqual({
    res_a: { usage: 3, limit: null, peak: 10, failures: 0 },
    res_b: { usage: 0, limit: 4, peak: 8, failures: 2 },
  });
});

test('a cgroup that is gone, or goes meanwhile', () => {
  expect(() => readStatistics(`${MOUNT}/other`)).toThrow('ENOENT');
  cgroups.fail = (call) => (call.endsWith('/memory.stat') ? 'ENODEV' : undefined);
  expect(() => statistics(LINUX_6_12)).toThrow('ENODEV');
});
