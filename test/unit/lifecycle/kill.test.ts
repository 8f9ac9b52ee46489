import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Native } from '../../../src/native.js';
import { kill } from '../../../src/lifecycle/kill.js';
import { systemError } from '../cli/native.js';
import { state } from '../state/state.js';

const fake = {
  processStat: vi.fn<Native['processStat']>(),
  processExe: vi.fn<Native['processExe']>(),
  pidfdOpen: vi.fn<Native['pidfdOpen']>(),
  close: vi.fn<Native['close']>(),
  signal: vi.fn<Native['signal']>(),
  readlink: vi.fn<Native['readlink']>(),
  readFile: vi.fn<Native['readFile']>(),
  writeFile: vi.fn<Native['writeFile']>(),
  waitCgroupEvent: vi.fn<Native['waitCgroupEvent']>(),
  lstat: vi.fn<Native['lstat']>(),
};
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

const given = state();
const KILL = 9;
let ended = false;

beforeEach(() => {
  vi.resetAllMocks();
  ended = false;
  fake.processStat.mockReturnValue({ startTime: '100', state: 'S' });
  fake.processExe.mockReturnValue('8:9');
  fake.lstat.mockReturnValue(null);
  fake.pidfdOpen.mockReturnValue(7);
  fake.signal.mockImplementation(() => {
    ended = true;
  });
  fake.readFile.mockImplementation((path) => {
    if (path === '/root/c1/state.json') return JSON.stringify(given);
    if (path === `${given.cgroup}/cgroup.events`) return 'populated 0\nfrozen 0\n';
    throw systemError('ENOENT', 2, `open ${path}`, 'No such file or directory');
  });
  fake.waitCgroupEvent.mockReturnValue(true);
  // Neither the state root nor the cgroup is looked at any closer.
  fake.lstat.mockReturnValue(null);
});

/** The pid namespaces, which are there to be read as long as the process is. */
function namespaces(own: string, its: string): void {
  fake.readlink.mockImplementation((path) => {
    if (path === '/proc/self/ns/pid') return own;
    if (ended) throw systemError('ENOENT', 2, `readlink ${path}`, 'No such file or directory');
    return its;
  });
}

describe('kill', () => {
  it('KILL of a process in our pid namespace ends its cgroup, although the process is gone by then', () => {
    namespaces('pid:[1]', 'pid:[1]');
    kill({ root: '/root', id: 'c1', signal: KILL });
    expect(fake.writeFile.mock.calls.map(([path, text]) => [path, text])).toContainEqual([`${given.cgroup}/cgroup.kill`, '1']);
  });

  it('KILL of one with a pid namespace of its own leaves the rest to the kernel', () => {
    namespaces('pid:[1]', 'pid:[2]');
    kill({ root: '/root', id: 'c1', signal: KILL });
    expect(fake.writeFile).not.toHaveBeenCalled();
  });

  it('KILL on a kernel without pid namespaces ends the cgroup', () => {
    fake.readlink.mockImplementation((path) => {
      throw systemError('ENOENT', 2, `readlink ${path}`, 'No such file or directory');
    });
    kill({ root: '/root', id: 'c1', signal: KILL });
    expect(fake.writeFile.mock.calls.map(([path, text]) => [path, text])).toContainEqual([`${given.cgroup}/cgroup.kill`, '1']);
  });

  it('no other signal ends the cgroup', () => {
    namespaces('pid:[1]', 'pid:[1]');
    kill({ root: '/root', id: 'c1', signal: 15 });
    expect(fake.writeFile).not.toHaveBeenCalled();
  });
});
