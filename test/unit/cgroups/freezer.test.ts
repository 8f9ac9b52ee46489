import { beforeEach, expect, test, vi } from 'vitest';
import { freeze, thaw } from '../../../src/cgroups/freezer.js';
import type { Native } from '../../../src/native.js';
import { FakeCgroups } from './fake.js';

const MOUNT = '/sys/fs/cgroup';
const PATH = `${MOUNT}/parent/c1`;
const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));

let cgroups: FakeCgroups;
const wait = vi.fn<Native['waitCgroupEvent']>();
const states = new Map<number, string>();

beforeEach(() => {
  cgroups = new FakeCgroups(MOUNT);
  // the root of the hierarchy cannot be frozen
  cgroups.files.delete(`${MOUNT}/cgroup.freeze`);
  cgroups.add(`${MOUNT}/parent`);
  cgroups.add(PATH);
  wait.mockReset().mockReturnValue(true);
  states.clear();
  current.native = {
    ...cgroups.native,
    waitCgroupEvent: wait,
    processStat: (pid: number) => ({ startTime: '1', state: states.get(pid) ?? 'S' }),
    readSubdirectories: (path: string) => (path === '/proc/7/task' ? ['7', '8'] : []),
  };
});

const frozen = (path = PATH): string | undefined => cgroups.files.get(`${path}/cgroup.freeze`)?.trim();

test('freezes and waits for it', () => {
  freeze(PATH);
  expect(frozen()).toBe('1');
  expect(wait).toHaveBeenCalledWith(PATH, 'frozen', true, expect.any(Number));
});

test('a process that does not stop: named, and nothing is left half done', () => {
  wait.mockReturnValue(false);
  cgroups.files.set(`${PATH}/cgroup.procs`, '6\n7\n');
  states.set(8, 'D');
  expect(() => {
    freeze(PATH, 1000);
  }).toThrow(`freeze ${PATH}: not frozen after 1000 ms: in an uninterruptible sleep (state D): 7`);
  expect(wait.mock.calls.reduce((sum, [, , , time]) => sum + time, 0)).toBe(1000);
  expect(frozen()).toBe('0');
});

test('someone else thaws it meanwhile', () => {
  wait.mockImplementation(() => {
    cgroups.files.set(`${PATH}/cgroup.freeze`, '0\n');
    return false;
  });
  expect(() => {
    freeze(PATH);
  }).toThrow('someone else thawed it meanwhile');
  expect(wait).toHaveBeenCalledTimes(1);
});

test('the cgroup goes meanwhile', () => {
  wait.mockImplementation(() => {
    cgroups.native.rmdir(PATH);
    return false;
  });
  expect(() => {
    freeze(PATH);
  }).toThrow('ENOENT');
});

test('thaws and waits for it', () => {
  freeze(PATH);
  expect(thaw(PATH)).toBeNull();
  expect(frozen()).toBe('0');
  expect(wait).toHaveBeenLastCalledWith(PATH, 'frozen', false, 10_000);
});

test('a cgroup above that is frozen is not waited for', () => {
  cgroups.files.set(`${MOUNT}/parent/cgroup.freeze`, '1\n');
  freeze(PATH);
  wait.mockClear();
  expect(thaw(PATH)).toBe(`${MOUNT}/parent`);
  expect(frozen()).toBe('0');
  expect(wait).not.toHaveBeenCalled();
});

test('frozen again before it showed', () => {
  wait.mockImplementation(() => {
    cgroups.files.set(`${PATH}/cgroup.freeze`, '1\n');
    return false;
  });
  expect(thaw(PATH)).toBeNull();
});

test('never thawed', () => {
  wait.mockReturnValue(false);
  expect(() => thaw(PATH, 50)).toThrow('not thawed after 50 ms');
});
