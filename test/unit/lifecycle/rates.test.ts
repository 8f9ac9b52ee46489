import { describe, expect, test } from 'vitest';

import { loadOf, loadsOf, type Counters, type Reading } from '../../../src/lifecycle/rates.js';

function reading(at: number, counters: Counters | null, change: Partial<Reading> = {}): Reading {
  return { id: 'web', instance: 'first', status: 'running', pid: 42, at, counters, ...change };
}

function cpu(usage: number, periods = 0, throttledPeriods = 0, quota: number | null = null): Counters {
  return { cpu: { usage, periods, throttledPeriods, quota, period: 100_000 } };
}

function io(...devices: [number, number][]): Counters {
  return { io: { devices: devices.map(([rbytes, wbytes]) => ({ rbytes, wbytes })) } };
}

describe('cpu', () => {
  test('is percent of one processor in the time between the samples', () => {
    expect(loadOf(reading(1000, cpu(500_000)), reading(1500, cpu(750_000))).cpu?.percent).toBe(50);
    expect(loadOf(reading(0, cpu(0)), reading(2000, cpu(5_000_000))).cpu?.percent).toBe(250);
    expect(loadOf(reading(0, cpu(7)), reading(2000, cpu(7))).cpu?.percent).toBe(0);
  });

  test('is not known without an earlier sample, nor from the same moment', () => {
    expect(loadOf(undefined, reading(1000, cpu(5)))).toMatchObject({ cpu: { percent: null, limitPercent: null, throttledPercent: null } });
    expect(loadOf(reading(1000, cpu(0)), reading(1000, cpu(5))).cpu?.percent).toBe(null);
    expect(loadOf(reading(0, null), reading(1000, cpu(5))).cpu?.percent).toBe(null);
  });

  test('of a later container with the same name is its own', () => {
    const later = reading(1000, cpu(5), { instance: 'second' });
    expect(loadOf(reading(0, cpu(1_000_000)), later).cpu?.percent).toBe(null);
  });

  test('the quota is in percent of one processor too', () => {
    expect(loadOf(undefined, reading(0, cpu(0, 0, 0, 150_000))).cpu?.limitPercent).toBe(150);
    expect(loadOf(undefined, reading(0, cpu(0, 0, 0, null))).cpu?.limitPercent).toBe(null);
  });

  test('throttling is a share of the periods since the last sample', () => {
    const before = reading(0, cpu(0, 100, 50, 10_000));
    expect(loadOf(before, reading(1000, cpu(0, 110, 55, 10_000))).cpu?.throttledPercent).toBe(50);
    expect(loadOf(before, reading(1000, cpu(0, 100, 50, 10_000))).cpu?.throttledPercent).toBe(0);
    expect(loadOf(before, reading(1000, cpu(0, 110, 55, null))).cpu?.throttledPercent).toBe(null);
  });
});

describe('memory', () => {
  const memory = (usage: number, limit: number | null): Counters => ({ memory: { usage, limit, events: { oom: 4, oom_kill: 3 } } });

  test('usage, limit, share and kills', () => {
    expect(loadOf(undefined, reading(0, memory(25, 100))).memory).toEqual({ usage: 25, limit: 100, percent: 25, oomKills: 3 });
    expect(loadOf(undefined, reading(0, memory(25, null))).memory).toEqual({ usage: 25, limit: null, percent: null, oomKills: 3 });
  });

  test('a limit of nothing is full', () => {
    expect(loadOf(undefined, reading(0, memory(0, 0))).memory?.percent).toBe(100);
  });
});

describe('io', () => {
  test('bytes a second, of all devices', () => {
    const load = loadOf(reading(0, io([1000, 0], [0, 10])), reading(2000, io([3000, 0], [0, 30])));
    expect(load.io).toEqual({ read: 1000, write: 10 });
  });

  test('a device that came counts, one that went takes nothing away', () => {
    expect(loadOf(reading(0, io()), reading(1000, io([512, 1024]))).io).toEqual({ read: 512, write: 1024 });
    expect(loadOf(reading(0, io([512, 1024])), reading(1000, io())).io).toEqual({ read: 0, write: 0 });
  });

  test('is not known without an earlier sample', () => {
    expect(loadOf(undefined, reading(0, io([1, 1]))).io).toEqual({ read: null, write: null });
  });
});

test('what the cgroup lacks is null, and so is everything without a cgroup', () => {
  const nothing = { cpu: null, memory: null, pids: null, io: null, pressure: { cpu: null, memory: null, io: null } };
  expect(loadOf(undefined, reading(0, {}))).toEqual({ id: 'web', status: 'running', pid: 42, ...nothing });
  expect(loadOf(reading(0, null), reading(1, null))).toEqual({ id: 'web', status: 'running', pid: 42, ...nothing });
});

test('pressure is the share of the last ten seconds in which some waited', () => {
  const some = (avg10: number) => ({ some: { avg10 } });
  const counters: Counters = {
    cpu: { usage: 0, periods: 0, throttledPeriods: 0, quota: null, period: 1, pressure: some(1.5) },
    memory: { usage: 0, limit: null, events: {} },
    io: { devices: [], pressure: some(2.5) },
  };
  expect(loadOf(undefined, reading(0, counters)).pressure).toEqual({ cpu: 1.5, memory: null, io: 2.5 });
});

test('pids', () => {
  expect(loadOf(undefined, reading(0, { pids: { current: 3, limit: null } })).pids).toEqual({ current: 3, limit: null });
});

test('containers are matched by name and come in the order of the later sample', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => (at: number, usage: number) => reading(at, cpu(usage), { id, instance: id }));
  const loads = loadsOf([a?.(0, 0), b?.(0, 0)] as Reading[], [c?.(1000, 9), b?.(1000, 100_000)] as Reading[]);
  expect(loads.map((load) => [load.id, load.cpu?.percent])).toEqual([
    ['c', null],
    ['b', 10],
  ]);
});
