import { beforeEach, describe, expect, test, vi } from 'vitest';

import { stateRoot } from '../../../src/cli/root.js';
import { makeStateRoot } from '../../../src/state/store.js';
import { fake, reset, systemError } from './native.js';

vi.mock('../../../src/native.js', () => ({ native: () => fake }));

beforeEach(reset);

const as = (euid: number, map = '0 0 4294967295\n') => {
  fake.identity.mockReturnValue({ pid: 1, uid: euid, euid, gid: 0, egid: 0 });
  fake.readFile.mockReturnValue(map);
};
const root = (environment: Record<string, string>, given?: string) => stateRoot(given, '/cwd', (name) => environment[name]);

describe('the default', () => {
  const XDG_RUNTIME_DIR = '/run/user/1000';

  test('of root', () => {
    as(0);
    expect(root({})).toBe('/run/tsrun');
    expect(root({ XDG_RUNTIME_DIR })).toBe('/run/tsrun');
  });

  test('of another user', () => {
    as(1000);
    expect(root({ XDG_RUNTIME_DIR })).toBe('/run/user/1000/tsrun');
    expect(root({ XDG_RUNTIME_DIR, USER: 'root' })).toBe('/run/user/1000/tsrun');
    expect(root({})).toBe('/run/tsrun');
    expect(root({ XDG_RUNTIME_DIR: '' })).toBe('/run/tsrun');
  });

  test('of root in a user namespace', () => {
    as(0, '         0       1000          1\n');
    expect(root({ XDG_RUNTIME_DIR })).toBe('/run/user/1000/tsrun');
    expect(root({ XDG_RUNTIME_DIR, USER: 'u1' })).toBe('/run/user/1000/tsrun');
    expect(root({ XDG_RUNTIME_DIR, USER: 'root' })).toBe('/run/tsrun');
  });
});

describe('--root', () => {
  test('is taken from where the user stood', () => {
    expect(root({}, '/a/b')).toBe('/a/b');
    expect(root({}, '/a/b//')).toBe('/a/b');
    expect(root({}, 'state')).toBe('/cwd/state');
  });

  test.each(['/', '//', '/.', '/..', '/../'])('%s is refused', (given) => {
    expect(() => root({}, given)).toThrow('--root must not be');
  });
});

describe('making it', () => {
  const missing = systemError('ENOENT', 2, 'mkdir', 'No such file or directory');
  const exists = systemError('EEXIST', 17, 'mkdir', 'File exists');

  test('with the sticky bit, for its owner only', () => {
    makeStateRoot('/run/tsrun');
    expect(fake.mkdir.mock.calls).toEqual([['/run/tsrun', 0o1700]]);
  });

  test('leaves one that is there alone', () => {
    fake.mkdir.mockImplementationOnce(() => {
      throw exists;
    });
    makeStateRoot('/run/tsrun');
    expect(fake.mkdir).toHaveBeenCalledTimes(1);
  });

  test('with the directories above it', () => {
    fake.mkdir.mockImplementationOnce(() => {
      throw missing;
    });
    makeStateRoot('/a/b');
    expect(fake.mkdir.mock.calls).toEqual([
      ['/a/b', 0o1700],
      ['/a', 0o700],
      ['/a/b', 0o1700],
    ]);
  });
});
