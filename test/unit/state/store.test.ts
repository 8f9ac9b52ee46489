import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { FileStatus, Native } from '../../../src/native.js';
import {
  createStateDirectory,
  listIds,
  lockStateDirectory,
  makeStateRoot,
  readSavedConfig,
  readState,
  startSocketPath,
  writeState,
} from '../../../src/state/store.js';
import { systemError } from '../cli/native.js';
import { state } from './state.js';

/** A file system in memory: directories have no text. */
let files: Map<string, string | null>;
let calls: string[];

function missing(path: string): never {
  throw systemError('ENOENT', 2, `open ${path}`, 'no such file or directory');
}

const directory = (identity: string): FileStatus => ({
  kind: 'directory',
  mode: 0o700,
  uid: 0,
  gid: 0,
  size: 0,
  identity,
  major: 0,
  minor: 0,
});

const fake = {
  readFile: vi.fn<Native['readFile']>(),
  writeFileAtomic: vi.fn<Native['writeFileAtomic']>((path, text, mode) => {
    calls.push(`write ${path} ${mode.toString(8)}`);
    files.set(path, text);
  }),
  mkdir: vi.fn<Native['mkdir']>(),
  identity: vi.fn<Native['identity']>(() => ({ pid: 1, uid: 1000, euid: 1000, gid: 1000, egid: 1000 })),
  rmdir: vi.fn<Native['rmdir']>((path) => {
    calls.push(`rmdir ${path}`);
    files.delete(path);
  }),
  readDirectory: vi.fn<Native['readDirectory']>(),
  lstat: vi.fn<Native['lstat']>(),
  stat: vi.fn<Native['stat']>(),
  openDirectory: vi.fn<Native['openDirectory']>(),
  close: vi.fn<Native['close']>((fd) => void calls.push(`close ${fd}`)),
  lock: vi.fn<Native['lock']>(),
};
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

beforeEach(() => {
  files = new Map<string, string | null>([
    ['/', null],
    ['/run', null],
  ]);
  calls = [];
  vi.clearAllMocks();
  fake.readFile.mockImplementation((path) => files.get(path) ?? missing(path));
  fake.mkdir.mockImplementation((path, mode) => {
    if (files.has(path)) throw systemError('EEXIST', 17, `mkdir ${path}`, 'file exists');
    if (!files.has(path.slice(0, path.lastIndexOf('/')) || '/')) missing(path);
    calls.push(`mkdir ${path} ${mode.toString(8)}`);
    files.set(path, null);
  });
  fake.readDirectory.mockImplementation((path) => {
    if (!files.has(path)) missing(path);
    return [...files.keys()]
      .filter((name) => name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/'))
      .map((name) => name.slice(path.length + 1));
  });
  // the descriptor 50 is whatever was opened last
  let opened = '';
  fake.openDirectory.mockImplementation((path) => {
    if (!files.has(path)) missing(path);
    opened = path;
    return 50;
  });
  fake.stat.mockImplementation((path) => (path === '/proc/self/fd/50' ? directory(opened) : files.has(path) ? directory(path) : null));
  fake.lock.mockImplementation(() => undefined);
  fake.lstat.mockImplementation((path) => (files.has(path) ? directory(path) : null));
});

describe('making the directory of a container', () => {
  it('makes and locks it, and the root above: for us alone, and not to be tidied away', () => {
    expect(createStateDirectory('/run/user/0/tsrun', 'c1')).toEqual({ path: '/run/user/0/tsrun/c1', lock: 50 });
    expect(calls).toEqual([
      'mkdir /run/user 700',
      'mkdir /run/user/0 700',
      'mkdir /run/user/0/tsrun 1700',
      'mkdir /run/user/0/tsrun/c1 700',
    ]);
    expect(fake.lock).toHaveBeenCalledWith(50, true);
  });

  it('leaves an existing root as it is', () => {
    makeStateRoot('/run');
    expect(calls).toEqual([]);
  });

  it('happens once for one id', () => {
    createStateDirectory('/run', 'c1');
    expect(() => createStateDirectory('/run', 'c1')).toThrow('container with given ID already exists');
    expect(files.has('/run/c1')).toBe(true);
  });

  it('is undone when it cannot be locked', () => {
    fake.lock.mockImplementation(() => {
      throw systemError('ENOLCK', 37, 'flock', 'no locks available');
    });
    expect(() => createStateDirectory('/run', 'c1')).toThrow('no locks available');
    expect(files.has('/run/c1')).toBe(false);
    expect(calls).toContain('close 50');
  });

  it('is refused for what is no id, before anything is made', () => {
    expect(() => createStateDirectory('/run/new', '../c1')).toThrow('invalid container ID format');
    expect(calls).toEqual([]);
  });

  it('passes on what else the kernel says', () => {
    fake.mkdir.mockImplementation(() => {
      throw systemError('EROFS', 30, 'mkdir', 'read-only file system');
    });
    expect(() => createStateDirectory('/run/a', 'c1')).toThrow('read-only file system');
  });
});

describe('a state root that is there', () => {
  const as = (change: Partial<FileStatus>): void => {
    fake.lstat.mockImplementation((path) => ({ ...directory(path), ...change }));
  };

  it.each<[string, Partial<FileStatus>]>([
    ['the superuser', { uid: 0 }],
    ['the caller', { uid: 1000 }],
    ['the caller, and others may look', { uid: 1000, mode: 0o755 }],
  ])('may belong to %s', (_, change) => {
    as(change);
    expect(() => createStateDirectory('/run', 'c1')).not.toThrow();
    expect(() => listIds('/run')).not.toThrow();
  });

  it.each<[string, Partial<FileStatus>, string]>([
    ['somebody else’s', { uid: 1001 }, 'state root /run: must belong to the user who calls, belongs to user 1001'],
    ['open to a group', { mode: 0o770 }, 'state root /run: others must not be able to write there, its mode is 0770'],
    ['like /tmp', { mode: 0o1777 }, 'state root /run: others must not be able to write there, its mode is 1777'],
    ['a symlink', { kind: 'symlink' }, 'state root /run: must be a directory, is a symlink'],
    ['a file', { kind: 'file' }, 'state root /run: must be a directory, is a file'],
  ])('is refused when it is %s, before anything is read or made', (_, change, words) => {
    as(change);
    const operations = [
      () => createStateDirectory('/run', 'c1'),
      () => lockStateDirectory('/run', 'c1'),
      () => readState('/run', 'c1'),
      () => listIds('/run'),
    ];
    for (const operation of operations) expect(operation).toThrow(words);
    expect(calls).toEqual([]);
    expect(fake.readFile).not.toHaveBeenCalled();
  });
});

describe('locking', () => {
  it('is of a container that exists', () => {
    expect(() => lockStateDirectory('/run', 'c1')).toThrow('container "c1" does not exist');
    expect(() => lockStateDirectory('/run', '..')).toThrow('invalid container ID format');
  });

  it('fails when it was deleted while we waited', () => {
    createStateDirectory('/run', 'c1');
    fake.lock.mockImplementation(() => {
      files.delete('/run/c1');
    });
    expect(() => lockStateDirectory('/run', 'c1')).toThrow('container "c1" does not exist');
    expect(calls.at(-1)).toBe('close 50');
  });

  it('fails when another has its name since', () => {
    createStateDirectory('/run', 'c1');
    fake.stat.mockImplementation((path) => directory(path));
    expect(() => lockStateDirectory('/run', 'c1')).toThrow('container "c1" does not exist');
    expect(calls.at(-1)).toBe('close 50');
  });
});

describe('the state', () => {
  it('comes back as it was written, in one go', () => {
    const written = state({ annotations: { a: 'ä\n' } });
    writeState('/run/c1', written);
    expect(calls).toEqual(['write /run/c1/state.json 600']);
    expect(readState('/run', 'c1')).toEqual(written);
  });

  it.each([
    ['empty', ''],
    ['cut off', '{"id":"c1","pid":7'],
    ['no object', '7'],
    ['null', 'null'],
    ['a list', '[]'],
    ['without a pid', '{"id":"c1","cgroup":""}'],
    ['with a pid that is no number', '{"id":"c1","pid":"7","cgroup":""}'],
    ['without a cgroup', '{"id":"c1","pid":7}'],
    ['all zeros', '\0\0\0\0'],
  ])('that is damaged (%s) is said to be so, with what to do', (_name, text) => {
    files.set('/run/c1/state.json', text);
    fake.readFile.mockReturnValue(text);
    expect(() => readState('/run', 'c1')).toThrow('container "c1": its state file is damaged; "delete --force" removes what is left of it');
  });

  it('of nothing does not exist', () => {
    expect(() => readState('/run', 'c1')).toThrow('container "c1" does not exist');
    fake.readFile.mockImplementation(() => {
      throw systemError('ENOTDIR', 20, 'open', 'not a directory');
    });
    expect(() => readState('/run', 'c1')).toThrow('container "c1" does not exist');
  });

  it('that cannot be read is not taken for none', () => {
    fake.readFile.mockImplementation(() => {
      throw systemError('EACCES', 13, 'open', 'permission denied');
    });
    expect(() => readState('/run', 'c1')).toThrow('permission denied');
  });

  it('is looked for by ids only', () => {
    expect(() => readState('/run', '../etc')).toThrow('invalid container ID format');
    expect(fake.readFile).not.toHaveBeenCalled();
  });

  it('has the config and the socket beside it', () => {
    files.set('/run/c1/config.json', '{}');
    expect(readSavedConfig('/run', 'c1')).toBe('{}');
    expect(startSocketPath('/run', 'c1')).toBe('/run/c1/start');
  });
});

describe('the list', () => {
  it('is of what has a state, sorted', () => {
    for (const id of ['b', 'a']) {
      createStateDirectory('/run', id);
      writeState(`/run/${id}`, state({ id }));
    }
    createStateDirectory('/run', 'unfinished');
    files.set('/run/=seccomp', null);
    expect(listIds('/run')).toEqual(['a', 'b']);
  });

  it('is empty without a root', () => {
    expect(listIds('/nowhere')).toEqual([]);
  });

  it('fails when the root cannot be read', () => {
    fake.readDirectory.mockImplementation(() => {
      throw systemError('EACCES', 13, 'open', 'permission denied');
    });
    expect(() => listIds('/run')).toThrow('permission denied');
  });
});
