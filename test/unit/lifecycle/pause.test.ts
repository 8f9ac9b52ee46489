import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Native } from '../../../src/native.js';
import { pause } from '../../../src/lifecycle/pause.js';
import { resume } from '../../../src/lifecycle/resume.js';
import { systemError } from '../cli/native.js';
import { state } from '../state/state.js';

const fake = {
  lstat: vi.fn<Native['lstat']>(),
  processStat: vi.fn<Native['processStat']>(),
  processExe: vi.fn<Native['processExe']>(),
  readFile: vi.fn<Native['readFile']>(),
  writeFile: vi.fn<Native['writeFile']>(),
  waitCgroupEvent: vi.fn<Native['waitCgroupEvent']>(),
};
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

const ours = { root: '/root', id: 'c1' };
const warn = vi.fn<(message: string) => void>();
let freezer = '0';
let given = state();

beforeEach(() => {
  vi.resetAllMocks();
  fake.lstat.mockReturnValue(null);
  freezer = '0';
  given = state();
  fake.processStat.mockReturnValue({ startTime: '100', state: 'S' });
  fake.processExe.mockReturnValue('8:9');
  fake.readFile.mockImplementation((path) => {
    if (path === '/root/c1/state.json') return JSON.stringify(given);
    if (path === `${given.cgroup}/cgroup.freeze`) return `${freezer}\n`;
    throw systemError('ENOENT', 2, `open ${path}`, 'No such file or directory');
  });
  fake.writeFile.mockImplementation((_, text) => {
    freezer = text;
  });
  fake.waitCgroupEvent.mockReturnValue(true);
});

function refuse(code: string, words: string): () => never {
  return () => {
    throw systemError(code, 1, `open ${given.cgroup}/cgroup.freeze`, words);
  };
}

describe('pause', () => {
  it.each(['8:9', '1:2'])('freezes a running or created container (%s)', (exe) => {
    fake.processExe.mockReturnValue(exe);
    pause(ours);
    expect(freezer).toBe('1');
  });

  it('refuses a stopped and a paused one', () => {
    freezer = '1';
    expect(() => {
      pause(ours);
    }).toThrow('container not running: it is paused already');
    fake.processStat.mockReturnValue(null);
    expect(() => {
      pause(ours);
    }).toThrow(/^container not running$/);
    expect(fake.writeFile).not.toHaveBeenCalled();
  });

  it('says that there is no freezer without a cgroup', () => {
    given = state({ cgroup: '' });
    expect(() => {
      pause(ours);
    }).toThrow('cannot pause container c1: it has no cgroup, and so no freezer');
  });

  it('says when the freezer is not ours', () => {
    fake.writeFile.mockImplementation(refuse('EACCES', 'Permission denied'));
    expect(() => {
      pause(ours);
    }).toThrow(/^cannot pause container c1: open .*cgroup\.freeze: Permission denied \(its cgroup is not delegated to this user\)$/);
  });

  it.each(['ENOENT', 'ENODEV'])('of a container that goes meanwhile (%s)', (code) => {
    fake.writeFile.mockImplementation(refuse(code, 'gone'));
    expect(() => {
      pause(ours);
    }).toThrow(/^container not running$/);
  });

  it('that fails thaws', () => {
    fake.waitCgroupEvent.mockImplementation(refuse('EIO', 'Input/output error'));
    expect(() => {
      pause(ours);
    }).toThrow('cannot pause container c1: ');
    expect(freezer).toBe('0');
  });
});

describe('resume', () => {
  it('thaws', () => {
    freezer = '1';
    resume({ ...ours, warn });
    expect(freezer).toBe('0');
    expect(warn).not.toHaveBeenCalled();
  });

  it('refuses what is not paused', () => {
    expect(() => {
      resume({ ...ours, warn });
    }).toThrow(/^container not paused$/);
  });
});
