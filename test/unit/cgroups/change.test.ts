import { beforeEach, describe, expect, test, vi } from 'vitest';
import { changeResources, takeBack } from '../../../src/cgroups/change.js';
import type { CgroupWrite } from '../../../src/plan/plan.js';
import { FakeCgroups } from './fake.js';

const MOUNT = '/sys/fs/cgroup';
const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));

const before = {
  'cpu.max': '50000 100000\n',
  'cpu.max.burst': '0\n',
  'memory.max': 'max\n',
  'memory.current': '4096\n',
  'memory.swap.current': '0\n',
  'cpu.idle': '0\n',
  'cpu.weight': '59\n',
  'pids.max': 'max\n',
};

let cgroups: FakeCgroups;
beforeEach(() => {
  cgroups = new FakeCgroups(MOUNT);
  current.native = cgroups.native;
  for (const [file, text] of Object.entries(before)) cgroups.files.set(`${MOUNT}/${file}`, text);
});

const write = (file: string, value: string, rest: Partial<CgroupWrite> = {}): CgroupWrite => ({
  file,
  value,
  controller: '',
  pointer: `/${file}`,
  ...rest,
});
const holds = (file: string) => cgroups.files.get(`${MOUNT}/${file}`)?.trim();
const writes = () => cgroups.calls.filter((call) => call.startsWith('write'));

test('writes, and takes it back', () => {
  const undo = changeResources(MOUNT, [write('cpu.max', '1000 5000'), write('pids.max', '5')]);
  expect([holds('cpu.max'), holds('pids.max')]).toEqual(['1000 5000', '5']);
  undo();
  expect([holds('cpu.max'), holds('pids.max')]).toEqual(['50000 100000', 'max']);
});

test('what the kernel refuses takes back what was written before', () => {
  cgroups.fail = (call) => (call === `write ${MOUNT}/memory.max` ? 'EBUSY' : undefined);
  expect(() => changeResources(MOUNT, [write('cpu.max', '1 2'), write('pids.max', '5'), write('memory.max', '1')])).toThrow(
    /^\/memory\.max: /,
  );
  expect([holds('cpu.max'), holds('pids.max'), holds('memory.max')]).toEqual(['50000 100000', 'max', 'max']);
});

test('a failure of any call leaves what was there', () => {
  const asked = [
    write('cpu.max.burst', '7', { tolerate: ['EINVAL'] }),
    write('cpu.max', '9 9'),
    write('cpu.idle', '1'),
    write('pids.max', '5'),
  ];
  changeResources(MOUNT, asked);
  const calls = cgroups.calls.length;
  for (let nth = 0; nth < calls; nth++) {
    cgroups = new FakeCgroups(MOUNT);
    current.native = cgroups.native;
    for (const [file, text] of Object.entries(before)) cgroups.files.set(`${MOUNT}/${file}`, text);
    let count = 0;
    const failing: string[] = [];
    cgroups.fail = (call) => {
      if (count++ !== nth) return undefined;
      failing.push(call);
      return 'ENOMEM';
    };
    try {
      changeResources(MOUNT, asked);
      // what could not be read cannot be taken back, and is no reason to refuse
      expect(failing[0]).toMatch(/^read/);
    } catch {
      for (const { file } of asked) expect([nth, holds(file)]).toEqual([nth, before[file as keyof typeof before].trim()]);
    }
  }
  expect(calls).toBeGreaterThan(8);
});

test('what was tolerated is not taken back', () => {
  let refused = false;
  cgroups.fail = (call) => {
    if (call !== `write ${MOUNT}/cpu.max.burst` || refused) return undefined;
    refused = true;
    return 'EINVAL';
  };
  changeResources(MOUNT, [write('cpu.max.burst', '7', { tolerate: ['EINVAL'] }), write('pids.max', '5')])();
  expect(writes()).toEqual([`write ${MOUNT}/cpu.max.burst`, `write ${MOUNT}/pids.max`, `write ${MOUNT}/pids.max`]);
});

test('the file that was written instead is the one that goes back', () => {
  cgroups.files.set(`${MOUNT}/io.weight`, 'default 100\n');
  const undo = changeResources(MOUNT, [write('io.bfq.weight', '300', { instead: { file: 'io.weight', value: '2930' } })]);
  expect(holds('io.weight')).toBe('2930');
  undo();
  expect(holds('io.weight')).toBe('default 100');
});

test('a weight that idleness took comes back', () => {
  const undo = changeResources(MOUNT, [write('cpu.idle', '1')]);
  cgroups.files.set(`${MOUNT}/cpu.weight`, '0\n');
  undo();
  expect([holds('cpu.idle'), holds('cpu.weight')]).toEqual(['0', '59']);
});

test('a list of processors that cannot be emptied again becomes what it stood for', () => {
  cgroups.files.set(`${MOUNT}/cpuset.cpus`, '\n');
  cgroups.files.set(`${MOUNT}/cpuset.cpus.effective`, '0-3\n');
  const undo = changeResources(MOUNT, [write('cpuset.cpus', '1')]);
  let count = 0;
  cgroups.fail = () => (count++ === 1 ? 'ENOSPC' : undefined);
  undo();
  expect(holds('cpuset.cpus')).toBe('0-3');
});

test.each([
  ['4095', 'rejecting memory limit 4095 <= usage 4096'],
  ['4096', 'rejecting memory limit 4096 <= usage 4096'],
])('usage forbids %s, before anything is written', (limit, message) => {
  const above = { files: ['memory.current'], limit, what: 'memory' };
  expect(() => changeResources(MOUNT, [write('pids.max', '5'), write('memory.max', limit, { above })])).toThrow(message);
  expect(writes()).toEqual([]);
});

test('memory and swap in use are counted together', () => {
  cgroups.files.set(`${MOUNT}/memory.swap.current`, '10\n');
  const above = { files: ['memory.current', 'memory.swap.current'], limit: '4106', what: 'memory+swap' };
  expect(() => changeResources(MOUNT, [write('memory.max', '5', { above })])).toThrow('rejecting memory+swap limit 4106 <= usage 4106');
});

describe('what takes a write back', () => {
  test.each([
    ['memory.max', '5', 'max\n', 'max'],
    ['cpu.max', '5 6', 'max 100000\n', 'max 100000'],
    ['cpuset.cpus', '0', '\n', '\n'],
    ['cpuset.cpus', '0', '0-3\n', '0-3'],
    ['cpu.weight', '5', '100\n', '100'],
    ['io.max', '8:0 rbps=5', '', '8:0 rbps=max wbps=max riops=max wiops=max'],
    ['io.max', '8:0 rbps=5', '8:16 rbps=1 wbps=max\n8:0 rbps=2 wbps=3 riops=max wiops=4\n', '8:0 rbps=2 wbps=3 riops=max wiops=4'],
    ['io.weight', '300', 'default 100\n8:0 50\n', 'default 100'],
    ['io.weight', '8:0 300', 'default 100\n', '8:0 default'],
    ['io.weight', '8:0 300', 'default 100\n8:0 50\n', '8:0 50'],
    ['io.bfq.weight', '300', '100\n', '100'],
    ['rdma.max', 'a hca_handle=1', 'a hca_handle=max hca_object=5\n', 'a hca_handle=max hca_object=5'],
    ['rdma.max', 'b hca_handle=1', 'a hca_handle=max hca_object=5\n', null],
    ['misc.max', 'sev 4', 'sev max\nsev_es 5\n', 'sev max'],
    ['cpu.pressure', 'x', 'some avg10=0\nfull avg10=0\n', null],
  ])('%s=%s over %j', (file, value, text, back) => {
    expect(takeBack(file, value, text)).toBe(back);
  });
});
