import { beforeEach, describe, expect, it, vi } from 'vitest';

import { execCgroupPath } from '../../../src/lifecycle/exec-cgroup.js';
import type { Native } from '../../../src/native.js';
import { state } from '../state/state.js';

const fake = { readFile: vi.fn<Native['readFile']>() };
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

beforeEach(() => {
  fake.readFile.mockReset();
});

const container = state({ pid: 7, cgroup: '/sys/fs/cgroup/tsrun/c1' });
const without = state({ pid: 7, cgroup: '' });

describe('without --cgroup', () => {
  it("it is the container's", () => {
    expect(execCgroupPath(container, undefined)).toBe('/sys/fs/cgroup/tsrun/c1');
    expect(execCgroupPath(without, undefined)).toBe('');
    expect(fake.readFile).not.toHaveBeenCalled();
  });
});

describe('where the first process is', () => {
  const first = (of: typeof container, text: string) => {
    fake.readFile.mockReturnValue(text);
    return execCgroupPath(of, undefined, 'below');
  };

  it('is below the container, which has made cgroups of its own', () => {
    expect(first(container, '0::/tsrun/c1/init.scope\n')).toBe('/sys/fs/cgroup/tsrun/c1/init.scope');
    expect(fake.readFile).toHaveBeenCalledWith('/proc/7/cgroup', expect.any(Number));
  });

  it('is found beside cgroup v1', () => {
    const hybrid = state({ pid: 7, cgroup: '/sys/fs/cgroup/unified/tsrun/c1' });
    expect(first(hybrid, '3:cpu:/x\n0::/tsrun/c1/a/b\n')).toBe('/sys/fs/cgroup/unified/tsrun/c1/a/b');
  });

  it('does not count when it is elsewhere: whoever moved it out wanted only it', () => {
    expect(first(container, '0::/tsrun/c1\n')).toBe(container.cgroup);
    expect(first(container, '0::/tsrun/c10/x\n')).toBe(container.cgroup);
    expect(first(container, '0::/\n')).toBe(container.cgroup);
  });

  it('is nowhere without a cgroup', () => {
    expect(execCgroupPath(without, undefined, 'anywhere')).toBe('');
  });
});

describe('--cgroup', () => {
  it.each([
    ['', ''],
    ['/', ''],
    ['.', ''],
    ['a', '/a'],
    ['/a//b/', '/a/b'],
    ['./a/.', '/a'],
    // as for cgroup v1
    ['cpu,memory:/a', '/a'],
    [':a', '/a'],
    ['...', '/...'],
    ['a:b:c', '/b:c'],
  ])('%j is below the container', (asked, path) => {
    expect(execCgroupPath(container, asked)).toBe(`/sys/fs/cgroup/tsrun/c1${path}`);
  });

  it.each(['..', '../c2', '/a/../../c2', 'cpu:..', 'a/..'])('%j could leave it, and is refused', (asked) => {
    expect(() => execCgroupPath(container, asked)).toThrow(`--cgroup: must stay below the container's cgroup, is "${asked}"`);
  });

  it('needs a cgroup', () => {
    expect(() => execCgroupPath(without, 'a')).toThrow('--cgroup: this container has no cgroup of its own');
  });
});
