import { describe, expect, test } from 'vitest';

import {
  cpuMask,
  creationProperties,
  knownProperties,
  resourceProperties,
  restoringProperties,
  systemdVersion,
  weightForBfq,
} from '../../../../src/plan/systemd/properties.js';
import type { Resources } from '../../../../src/spec/types.js';

const INFINITY = 2n ** 64n - 1n;

/** Name to value. */
const of = (resources: Resources) => Object.fromEntries(resourceProperties(resources).map(({ name, value }) => [name, value]));
const types = (resources: Resources) => resourceProperties(resources).map(({ name, type }) => `${name} ${type}`);

describe('memory', () => {
  test('limit, reservation, and swap as what it is beyond memory', () => {
    expect(of({ memory: { limit: 100, reservation: 50, swap: 130 } })).toEqual({ MemorySwapMax: 30n, MemoryMax: 100n, MemoryLow: 50n });
    expect(types({ memory: { limit: 100 } })).toEqual(['MemoryMax t']);
  });
  test('no limit', () => {
    expect(of({ memory: { limit: -1 } })).toEqual({ MemoryMax: INFINITY, MemorySwapMax: INFINITY });
  });
});

describe('cpu', () => {
  test('shares as weight', () => {
    expect(of({ cpu: { shares: 1024 } })).toEqual({ CPUWeight: 100 });
    expect(of({ cpu: { shares: 0 } })).toEqual({});
  });
  test('idle is weight 0, and then there is no other', () => {
    expect(resourceProperties({ cpu: { idle: 1, shares: 512 } })).toEqual([{ name: 'CPUWeight', type: 't', value: 0, since: 252 }]);
    expect(of({ cpu: { idle: 0, shares: 1024 } })).toEqual({ CPUWeight: 100 });
    expect(of({ cpu: { idle: 0 } })).toEqual({ CPUWeight: INFINITY });
  });
  test.each([
    [50_000, 100_000, 500_000n, 100_000n],
    [25_500, 50_000, 510_000n, 50_000n],
    // a third of a CPU: up to a whole percent
    [33_333, 100_000, 340_000n, 100_000n],
    [200_000, 100_000, 2_000_000n, 100_000n],
    [1, 1_000_000, 10_000n, 1_000_000n],
  ])('quota %i in %i', (quota, period, perSecond, length) => {
    expect(of({ cpu: { quota, period } })).toEqual({ CPUQuotaPerSecUSec: perSecond, CPUQuotaPeriodUSec: length });
  });
  test('quota or period alone', () => {
    expect(of({ cpu: { quota: 50_000 } })).toEqual({ CPUQuotaPerSecUSec: 500_000n });
    expect(of({ cpu: { period: 50_000 } })).toEqual({ CPUQuotaPerSecUSec: INFINITY, CPUQuotaPeriodUSec: 50_000n });
    expect(of({ cpu: { quota: -1 } })).toEqual({ CPUQuotaPerSecUSec: INFINITY });
  });
  test('cpus and memory nodes as bits', () => {
    expect(of({ cpu: { cpus: '0,2-4', mems: '8' } })).toEqual({
      AllowedCPUs: new Uint8Array([0b11101]),
      AllowedMemoryNodes: new Uint8Array([0, 1]),
    });
    expect(of({ cpu: { cpus: '', mems: '' } })).toEqual({});
  });
});

describe('a list of numbers', () => {
  test.each([
    ['0', [1]],
    ['7', [0x80]],
    ['0-15', [0xff, 0xff]],
    [' 1 , ,3 ', [0b1010]],
    ['17', [0, 0, 2]],
  ])('%s', (list, bytes) => {
    expect([...cpuMask(list, 'it')]).toEqual(bytes);
  });
  test.each(['', ',', '3-1', 'a', '1-', '-1', '1-2-3', '123456'])('%j is none', (list) => {
    expect(() => cpuMask(list, 'it')).toThrow('it: must be a list like 0,2-4');
  });
});

test.each([
  [5, 5n],
  [0, 1n],
  [-1, INFINITY],
])('a limit of %i processes', (limit, value) => {
  expect(of({ pids: { limit } })).toEqual({ TasksMax: value });
});

describe('io', () => {
  test('weights that systemd makes into the ones of BFQ', () => {
    expect(of({ blockIO: { weight: 100 } })).toEqual({ IOWeight: 100 });
    expect(of({ blockIO: { weight: 0 } })).toEqual({});
    const device = { major: 8, minor: 16, weight: 500 };
    expect(resourceProperties({ blockIO: { weightDevice: [device] } })).toEqual([
      { name: 'IODeviceWeight', type: 'a(st)', value: [['/dev/block/8:16', 4500]] },
    ]);
  });
  test('every weight of BFQ comes out as itself', () => {
    // BFQ_WEIGHT of systemd's cgroup.c
    const bfq = (weight: number) =>
      weight <= 100 ? 100 - Math.trunc(((100 - weight) * 99) / 99) : 100 + Math.trunc(((weight - 100) * 900) / 9900);
    for (let weight = 1; weight <= 1000; weight++) expect(bfq(weightForBfq(weight))).toBe(weight);
  });
  test('rates by device', () => {
    const at = (minor: number, rate: number) => ({ major: 8, minor, rate });
    expect(
      of({
        blockIO: {
          throttleReadBpsDevice: [at(0, 1000), at(1, 0)],
          throttleWriteBpsDevice: [at(0, 2000)],
          throttleReadIOPSDevice: [at(0, 3)],
          throttleWriteIOPSDevice: [at(0, -1)],
        },
      }),
    ).toEqual({
      IOReadBandwidthMax: [
        ['/dev/block/8:0', 1000n],
        ['/dev/block/8:1', INFINITY],
      ],
      IOWriteBandwidthMax: [['/dev/block/8:0', 2000n]],
      IOReadIOPSMax: [['/dev/block/8:0', 3n]],
      IOWriteIOPSMax: [['/dev/block/8:0', INFINITY]],
    });
  });
});

describe('unified', () => {
  const unified = (files: Record<string, string>) => of({ unified: files });
  test.each([
    ['memory.min', 'MemoryMin'],
    ['memory.low', 'MemoryLow'],
    ['memory.high', 'MemoryHigh'],
    ['memory.max', 'MemoryMax'],
    ['memory.swap.max', 'MemorySwapMax'],
    ['memory.zswap.max', 'MemoryZSwapMax'],
    ['pids.max', 'TasksMax'],
  ])('%s is %s', (file, name) => {
    expect(unified({ [file]: ' 5\n' })).toEqual({ [name]: 5n });
    expect(unified({ [file]: 'max' })).toEqual({ [name]: INFINITY });
    expect(() => unified({ [file]: 'x' })).toThrow(`/linux/resources/unified/${file}: must be a number or "max", is "x"`);
  });
  test('no processes at all are one', () => {
    expect(unified({ 'pids.max': '0' })).toEqual({ TasksMax: 1n });
  });
  test.each([
    ['max', { CPUQuotaPerSecUSec: INFINITY, CPUQuotaPeriodUSec: 100_000n }],
    ['50000', { CPUQuotaPerSecUSec: 500_000n, CPUQuotaPeriodUSec: 100_000n }],
    ['max 20000', { CPUQuotaPerSecUSec: INFINITY, CPUQuotaPeriodUSec: 20_000n }],
    ['10000 20000', { CPUQuotaPerSecUSec: 500_000n, CPUQuotaPeriodUSec: 20_000n }],
  ])('cpu.max %s', (text, expected) => {
    expect(unified({ 'cpu.max': text })).toEqual(expected);
  });
  test.each(['1 2 3', '1 0', 'x', '-1'])('cpu.max %s is refused', (text) => {
    expect(() => unified({ 'cpu.max': text })).toThrow('/linux/resources/unified/cpu.max: ');
  });
  test('cpu.weight, unless the cgroup is idle', () => {
    expect(unified({ 'cpu.weight': '50' })).toEqual({ CPUWeight: 50n });
    expect(unified({ 'cpu.weight': '50', 'cpu.idle': '1' })).toEqual({ CPUWeight: 0 });
    expect(unified({ 'cpu.weight': '50', 'cpu.idle': '0' })).toEqual({ CPUWeight: 50n });
  });
  test('cpuset', () => {
    expect(unified({ 'cpuset.cpus': '1', 'cpuset.mems': '0' })).toEqual({
      AllowedCPUs: new Uint8Array([2]),
      AllowedMemoryNodes: new Uint8Array([1]),
    });
    expect(unified({ 'cpuset.cpus': '' })).toEqual({});
  });
  test('io', () => {
    expect(unified({ 'io.max': '8:0 rbps=1 wiops=max\n8:16 rbps=2' })).toEqual({
      IOReadBandwidthMax: [
        ['/dev/block/8:0', 1n],
        ['/dev/block/8:16', 2n],
      ],
      IOWriteIOPSMax: [['/dev/block/8:0', INFINITY]],
    });
    expect(unified({ 'io.weight': 'default 50\n8:0 60\n8:16 default' })).toEqual({
      IOWeight: 50,
      IODeviceWeight: [['/dev/block/8:0', 60]],
    });
    expect(unified({ 'io.bfq.weight': '500' })).toEqual({ IOWeight: 4500 });
  });
  test('what systemd has no word for is left to the file', () => {
    expect(unified({ 'memory.swap.high': '5', 'misc.max': 'a 1', 'hugetlb.2MB.max': '0', 'cgroup.max.depth': '1' })).toEqual({});
  });
  test('has the last word', () => {
    const names = resourceProperties({ memory: { limit: 5 }, unified: { 'memory.max': '6' } });
    expect(names.at(-1)).toEqual({ name: 'MemoryMax', type: 't', value: 6n });
  });
});

test('what to do out of memory is said when the unit is made', () => {
  const policy = (value: string) => creationProperties({ unified: { 'memory.oom.group': value } }).map((each) => each.value);
  expect(policy('1')).toEqual(['kill']);
  expect(policy('0\n')).toEqual(['continue']);
  expect(creationProperties({})).toEqual([]);
});

test('what takes an update back', () => {
  const rate = (minor: number) => ({ major: 8, minor, rate: 5 });
  const changed = resourceProperties({
    memory: { limit: 5, reservation: 4 },
    cpu: { shares: 2, cpus: '0' },
    blockIO: { throttleReadBpsDevice: [rate(0)], weightDevice: [{ major: 8, minor: 0, weight: 100 }] },
  });
  const before: Resources = { memory: { limit: 9 }, pids: { limit: 3 }, blockIO: { throttleReadBpsDevice: [rate(16)] } };
  expect(restoringProperties(changed, before).map(({ name, value }) => [name, value])).toEqual([
    ['CPUWeight', INFINITY],
    ['AllowedCPUs', new Uint8Array()],
    ['MemoryMax', INFINITY],
    ['MemoryLow', 0n],
    ['IOReadBandwidthMax', [['/dev/block/8:0', INFINITY]]],
    ['MemoryMax', 9n],
    ['IOReadBandwidthMax', [['/dev/block/8:16', 5n]]],
  ]);
});

describe('versions of systemd', () => {
  test.each([
    ['257.13-1~deb13u1', 257],
    ['v245.4-1.fc32', 245],
    ['252', 252],
    ['', 0],
  ])('%s is %i', (text, version) => {
    expect(systemdVersion(text)).toBe(version);
  });
  test('one that does not know a property is not told it', () => {
    const all = resourceProperties({
      cpu: { idle: 1, quota: 1, period: 1000, cpus: '0', mems: '0' },
      unified: { 'memory.zswap.max': '0' },
    });
    const names = (version: number) => knownProperties(all, version).map(({ name }) => name);
    expect(names(241)).toEqual(['CPUQuotaPerSecUSec']);
    expect(names(243)).toEqual(['CPUQuotaPeriodUSec', 'CPUQuotaPerSecUSec']);
    expect(names(251)).toEqual(['CPUQuotaPeriodUSec', 'CPUQuotaPerSecUSec', 'AllowedCPUs', 'AllowedMemoryNodes']);
    expect(names(252)).toHaveLength(5);
    expect(names(253)).toHaveLength(6);
  });
});
