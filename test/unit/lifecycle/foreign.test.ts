import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Native } from '../../../src/native.js';
import { deniesSetgroups, foreignNamespaces, isForeign } from '../../../src/lifecycle/foreign.js';
import { CLONE_FLAG } from '../../../src/plan/namespaces.js';
import { systemError } from '../cli/native.js';

const fake = { readlink: vi.fn<Native['readlink']>(), readFile: vi.fn<Native['readFile']>() };
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

const all = { user: 'user', mount: 'mnt', pid: 'pid', network: 'net', ipc: 'ipc', uts: 'uts', cgroup: 'cgroup', time: 'time' } as const;
type Type = keyof typeof all;
let lacking: string[] = [];
let gone = false;
let its: Record<string, string> = {};

const missing = (path: string) => systemError('ENOENT', 2, `readlink ${path}`, 'No such file or directory');

beforeEach(() => {
  vi.resetAllMocks();
  lacking = [];
  gone = false;
  its = {};
  fake.readlink.mockImplementation((path) => {
    const [, who = '', file = ''] = /^\/proc\/(self|7)\/ns\/(.*)$/.exec(path) ?? [];
    if (lacking.includes(file) || (gone && who === '7')) throw missing(path);
    return who === 'self' ? `${file}:[1]` : (its[file] ?? `${file}:[1]`);
  });
  fake.readFile.mockImplementation((path) => {
    if (path !== '/proc/7/setgroups' || lacking.includes('user') || gone) throw missing(path);
    return 'deny\n';
  });
});

describe('the namespaces in which a process is and we are not', () => {
  it('are those with another name', () => {
    expect(foreignNamespaces(7)).toBe(0);
    its = { mnt: 'mnt:[2]', time: 'time:[2]' };
    expect(foreignNamespaces(7)).toBe(CLONE_FLAG.mount | CLONE_FLAG.time);
  });

  it.each(Object.entries(all) as [Type, string][])(
    'are none of type %s on a kernel without them, and the others all the same',
    (type, file) => {
      lacking = [file];
      const other = type === 'mount' ? 'uts' : 'mount';
      its = { [all[other]]: 'another' };
      expect(isForeign(7, type)).toBe(false);
      expect(foreignNamespaces(7)).toBe(CLONE_FLAG[other]);
    },
  );

  it('are not known of one that has ended', () => {
    gone = true;
    expect(() => foreignNamespaces(7)).toThrow(/^readlink \/proc\/7\/ns\/user/);
  });
});

describe('setgroups(2)', () => {
  it('is denied where the kernel says so, and not where it has no user namespaces', () => {
    expect(deniesSetgroups(7)).toBe(true);
    lacking = ['user'];
    expect(deniesSetgroups(7)).toBe(false);
  });

  it('is not known of a process that has ended', () => {
    gone = true;
    expect(() => deniesSetgroups(7)).toThrow('No such file');
  });
});
