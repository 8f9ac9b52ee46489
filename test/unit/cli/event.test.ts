import { beforeEach, expect, test, vi } from 'vitest';

import { readStatistics } from '../../../src/cgroups/statistics/statistics.js';
import { eventLine } from '../../../src/cli/event.js';
import { decodeEvent } from '../../fixtures/go-runc.js';
import { FakeCgroups } from '../cgroups/fake.js';
import { LINUX_6_12 } from '../cgroups/recorded.js';

const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));

const PATH = '/sys/fs/cgroup/c1';
let cgroups: FakeCgroups;
beforeEach(() => {
  cgroups = new FakeCgroups('/sys/fs/cgroup');
  cgroups.add(PATH);
  current.native = cgroups.native;
});

function line(files: Readonly<Record<string, string>>): string {
  cgroups.files.delete(`${PATH}/pids.max`);
  for (const [name, text] of Object.entries(files)) cgroups.files.set(`${PATH}/${name}`, text);
  return eventLine({ type: 'stats', id: 'c1', statistics: readStatistics(PATH) });
}

/** Of cgroup v1, and always 0. */
const FLAGS = {
  cpu_exclusive: 0,
  mem_hardwall: 0,
  mem_exclusive: 0,
  memory_migrate: 0,
  memory_spread_page: 0,
  memory_spread_slab: 0,
  memory_pressure: 0,
  sched_load_balance: 0,
  sched_relax_domain_level: 0,
};

test('an out-of-memory event', () => {
  expect(eventLine({ type: 'oom', id: 'c1' })).toBe('{"type":"oom","id":"c1"}\n');
});

test('statistics: shape and units', () => {
  const text = line(LINUX_6_12);
  expect(text.endsWith('}}\n')).toBe(true);
  expect(text.trim()).not.toContain('\n');
  expect(JSON.parse(text)).toEqual({
    type: 'stats',
    id: 'c1',
    data: {
      cpu: {
        usage: { total: 8395603000, kernel: 1840972000, user: 6554630000 },
        throttling: { periods: 424, throttledPeriods: 418, throttledTime: 31650085000 },
        psi: {
          some: { avg10: 55.73, avg60: 26.77, avg300: 7.08, total: 22455835 },
          full: { avg10: 55.73, avg60: 26.77, avg300: 7.08, total: 22451970 },
        },
      },
      cpuset: { cpus: [0, 1], mems: [0], ...FLAGS },
      memory: {
        usage: { limit: 41943040, usage: 77824, max: 41943040, failcnt: 63 },
        swap: { limit: 41943040, usage: 77824, failcnt: 0 },
        raw: expect.objectContaining({ anon: 0, slab: 68784, thp_fault_alloc: 14 }) as unknown,
        psi: {
          some: { avg10: 2.56, avg60: 0.51, avg300: 0.1, total: 372463 },
          full: { avg10: 2.56, avg60: 0.51, avg300: 0.1, total: 372463 },
        },
      },
      pids: { limit: 3 },
      blkio: {
        ioServiceBytesRecursive: [
          { major: 254, op: 'Read', value: 6127616 },
          { major: 254, op: 'Write', value: 8388608 },
          { major: 254, op: 'Discard' },
        ],
        ioServicedRecursive: [
          { major: 254, op: 'Read', value: 161 },
          { major: 254, op: 'Write', value: 8 },
          { major: 254, op: 'Discard' },
        ],
        psi: {
          some: { avg10: 0, avg60: 0, avg300: 0, total: 26923 },
          full: { avg10: 0, avg60: 0, avg300: 0, total: 26923 },
        },
      },
      hugetlb: { '1GB': { failcnt: 0 }, '2MB': { usage: 8388608, failcnt: 1 } },
      intel_rdt: {},
      network_interfaces: null,
    },
  });
  // the order of the keys is that of runc's types, and the counters of memory.stat are sorted
  expect([...text.matchAll(/"(cpu|cpuset|memory|pids|blkio|hugetlb|intel_rdt|network_interfaces)":/g)].map(([, key]) => key)).toEqual([
    'cpu',
    'cpuset',
    'memory',
    'pids',
    'blkio',
    'hugetlb',
    'intel_rdt',
    'network_interfaces',
  ]);
  const raw = Object.keys((JSON.parse(text) as { data: { memory: { raw: object } } }).data.memory.raw);
  expect(raw).toEqual(raw.toSorted());
});

test('no controllers, nothing used', () => {
  const text = line({ 'cpu.stat': 'usage_usec 0\nuser_usec 0\nsystem_usec 0\n' });
  expect(JSON.parse(text)).toMatchObject({
    data: { cpu: {}, cpuset: FLAGS, memory: {}, pids: {}, blkio: {}, hugetlb: {} },
  });
  expect(text).toContain('"cpu":{}');
  expect(text).toContain('"memory":{}');
});

test('no limit is the largest number, exactly, and that of pids 0', () => {
  const text = line({ ...LINUX_6_12, 'memory.max': 'max\n', 'memory.swap.max': '4096\n', 'pids.max': 'max\n', 'pids.current': '7\n' });
  expect(text).toContain('"usage":{"limit":18446744073709551615,"usage":77824,');
  expect(text).toContain('"swap":{"limit":18446744073709551615,"usage":77824,');
  expect(text).toContain('"pids":{"current":7}');
});

test('go-runc decodes it, numbers beyond 2^53 too', () => {
  const usage = 2 ** 53 - 1;
  const files = { ...LINUX_6_12, 'memory.max': 'max\n', 'cpu.stat': `usage_usec ${usage}\nuser_usec 1\nsystem_usec 0\n` };
  expect(decodeEvent(line(files))).toMatchObject({
    type: 'stats',
    data: {
      cpu: { usage: { total: BigInt(usage) * 1000n, kernel: 0n, user: 1000n } },
      memory: { usage: { limit: 2n ** 64n - 1n, usage: 77824n }, raw: { slab: 68784n } },
      blkio: { ioServiceBytesRecursive: [{ major: 254n, op: 'Read', value: 6127616n }, {}, {}] },
      hugetlb: { '2MB': { failcnt: 1n } },
    },
  });
  // and the decoder does refuse
  expect(() => decodeEvent('{"type":"stats","data":{"pids":{"current":-1}}}')).toThrow('into uint64');
  expect(() => decodeEvent('{"type":"stats","data":{"pids":{"limit":18446744073709552000}}}')).toThrow('into uint64');
  expect(() => decodeEvent('{"type":"stats","data":{"pids":{"limit":1e21}}}')).toThrow('into uint64');
});
