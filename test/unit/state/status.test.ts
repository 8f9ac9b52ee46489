import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Native } from '../../../src/native.js';
import { isAlive, openProcess, statusOf } from '../../../src/state/status.js';
import { systemError } from '../cli/native.js';
import { state } from './state.js';

const fake = {
  processStat: vi.fn<Native['processStat']>(),
  processExe: vi.fn<Native['processExe']>(),
  readFile: vi.fn<Native['readFile']>(),
  openDirectory: vi.fn<Native['openDirectory']>(),
  lock: vi.fn<Native['lock']>(),
  close: vi.fn<Native['close']>(),
  pidfdOpen: vi.fn<Native['pidfdOpen']>(),
};
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

function refuse(code: string): () => never {
  return () => {
    throw systemError(code, 1, 'x', code);
  };
}

beforeEach(() => {
  vi.resetAllMocks();
  fake.processStat.mockReturnValue({ startTime: '100', state: 'S' });
  fake.processExe.mockReturnValue('8:9');
  fake.readFile.mockReturnValue('0\n');
  fake.openDirectory.mockReturnValue(50);
  fake.pidfdOpen.mockReturnValue(60);
});

const status = (changes = {}) => statusOf('/root', state(changes));

describe('a container is', () => {
  it('running when another program than ours runs in its process', () => {
    expect(status()).toBe('running');
  });

  it('created as long as its process runs our init, told by the very file', () => {
    fake.processExe.mockReturnValue('1:2');
    expect(status()).toBe('created');
  });

  it('running when nobody can say what it runs', () => {
    fake.processExe.mockReturnValue(null);
    expect(status()).toBe('running');
  });

  it('paused when its cgroup is frozen, started or not', () => {
    fake.readFile.mockReturnValue('1\n');
    expect(status()).toBe('paused');
    expect(fake.readFile).toHaveBeenCalledWith('/sys/fs/cgroup/tsrun/c1/cgroup.freeze', expect.any(Number));
    fake.processExe.mockReturnValue('1:2');
    expect(status()).toBe('paused');
  });

  it('not paused without a cgroup, or when that is gone', () => {
    fake.readFile.mockImplementation(refuse('ENOENT'));
    expect(status()).toBe('running');
    expect(status({ cgroup: '' })).toBe('running');
  });

  it('stopped when its process is gone', () => {
    fake.processStat.mockReturnValue(null);
    expect(status()).toBe('stopped');
  });

  it.each(['Z', 'X'])('stopped when its process is only a %s', (letter) => {
    fake.processStat.mockReturnValue({ startTime: '100', state: letter });
    expect(status()).toBe('stopped');
  });

  it.each(['R', 'S', 'D', 'T', 't', 'I'])('running while its process is a %s', (letter) => {
    fake.processStat.mockReturnValue({ startTime: '100', state: letter });
    expect(status()).toBe('running');
  });

  it('stopped when its pid is that of a later process', () => {
    fake.processStat.mockReturnValue({ startTime: '101', state: 'S' });
    expect(status()).toBe('stopped');
  });

  it('stopped when frozen without a process', () => {
    fake.processStat.mockReturnValue(null);
    fake.readFile.mockReturnValue('1\n');
    expect(status()).toBe('stopped');
  });
});

describe('a container without a process yet is', () => {
  it('creating while somebody holds its lock', () => {
    fake.lock.mockImplementation(refuse('EWOULDBLOCK'));
    expect(status({ pid: 0 })).toBe('creating');
    expect(fake.lock).toHaveBeenCalledWith(50, false);
    expect(fake.close).toHaveBeenCalledWith(50);
  });

  it('stopped when nobody does: its creator was killed', () => {
    expect(status({ pid: 0 })).toBe('stopped');
    expect(fake.close).toHaveBeenCalledWith(50);
  });

  it('stopped when its directory is gone meanwhile', () => {
    fake.openDirectory.mockImplementation(refuse('ENOENT'));
    expect(status({ pid: 0 })).toBe('stopped');
    expect(fake.close).not.toHaveBeenCalled();
  });

  it('not alive', () => {
    expect(isAlive(state({ pid: 0 }))).toBe(false);
    expect(isAlive(state({ pid: -1 }))).toBe(false);
    expect(fake.processStat).not.toHaveBeenCalled();
  });
});

describe('opening the process', () => {
  it('gives a pidfd, checked after it was opened', () => {
    expect(openProcess(state())).toBe(60);
    expect(fake.pidfdOpen.mock.invocationCallOrder[0]).toBeLessThan(fake.processStat.mock.invocationCallOrder[0] ?? 0);
    expect(fake.close).not.toHaveBeenCalled();
  });

  it("never gives another's", () => {
    fake.processStat.mockReturnValue({ startTime: '101', state: 'S' });
    expect(openProcess(state())).toBeNull();
    expect(fake.close).toHaveBeenCalledWith(60);
  });

  it('gives nothing when there is none', () => {
    expect(openProcess(state({ pid: 0 }))).toBeNull();
    expect(fake.pidfdOpen).not.toHaveBeenCalled();
    fake.pidfdOpen.mockImplementation(refuse('ESRCH'));
    expect(openProcess(state())).toBeNull();
  });

  it('keeps nothing open when looking fails', () => {
    fake.processStat.mockImplementation(refuse('EIO'));
    expect(() => openProcess(state())).toThrow('EIO');
    expect(fake.close).toHaveBeenCalledWith(60);
  });
});
