import { beforeEach, describe, expect, test, vi } from 'vitest';
import { cgroupPids } from '../../../src/cgroups/processes.js';
import { endCgroup, signalCgroup } from '../../../src/cgroups/signal.js';
import { FakeCgroups, systemError } from './fake.js';

const MOUNT = '/sys/fs/cgroup';
const PATH = `${MOUNT}/c1`;
const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));

let cgroups: FakeCgroups;
/** Signals sent, by pid; a pidfd is its pid and 1000. */
let sent: [number, number][];
const openFds = new Set<number>();
let most = 0;
/** What happens when a cgroup file is written. */
let onWrite: (path: string, text: string) => void;
let frozenWhen: (call: number) => boolean;

beforeEach(() => {
  cgroups = new FakeCgroups(MOUNT);
  cgroups.files.delete(`${MOUNT}/cgroup.freeze`);
  cgroups.add(PATH);
  sent = [];
  openFds.clear();
  most = 0;
  onWrite = () => undefined;
  frozenWhen = () => true;
  let waits = 0;
  current.native = {
    ...cgroups.native,
    readFile: (path: string) => {
      const text = cgroups.native.readFile(path);
      if (text.startsWith('!')) throw systemError(text.slice(1), `read ${path}`);
      return text;
    },
    writeFile: (path: string, text: string) => {
      cgroups.native.writeFile(path, text);
      onWrite(path, text);
    },
    identity: () => ({ pid: 1, uid: 0, euid: 0, gid: 0, egid: 0 }),
    catchSignals: () => undefined,
    waitCgroupEvent: (_: string, event: string, on: boolean) => {
      if (event === 'frozen') return on ? frozenWhen(waits++) : true;
      return pids(PATH).trim() === '';
    },
    pidfdOpen: (pid: number) => {
      if (pid === 404) throw systemError('ESRCH', `pidfd_open ${pid}`);
      openFds.add(pid + 1000);
      most = Math.max(most, openFds.size);
      return pid + 1000;
    },
    close: (fd: number) => openFds.delete(fd),
    signal: (fd: number, signal: number) => {
      if (fd === 1405) throw systemError('ESRCH', 'signal');
      sent.push([fd - 1000, signal]);
    },
  };
});

function pids(path: string): string {
  return cgroups.files.get(`${path}/cgroup.procs`) ?? '';
}

function put(path: string, text: string): void {
  if (!cgroups.directories.has(path)) cgroups.add(path);
  cgroups.files.set(`${path}/cgroup.procs`, text);
}

describe('the processes', () => {
  test('of all descendants, once each, without those of another pid namespace', () => {
    put(PATH, '10\n2\n0\n');
    put(`${PATH}/a`, '30\n');
    put(`${PATH}/a/b`, '4\n30\n');
    put(`${PATH}/c`, '');
    expect(cgroupPids(PATH)).toEqual([2, 4, 10, 30]);
  });

  test('of threaded cgroups below are those of their domain', () => {
    put(PATH, '10\n');
    put(`${PATH}/a`, '!EOPNOTSUPP');
    expect(cgroupPids(PATH)).toEqual([10]);
  });

  test('of a threaded cgroup are those whose threads are in it and below', () => {
    put(PATH, '!EOPNOTSUPP');
    put(`${PATH}/a`, '!EOPNOTSUPP');
    cgroups.files.set(`${PATH}/cgroup.threads`, '10\n11\n404\n');
    cgroups.files.set(`${PATH}/a/cgroup.threads`, '21\n');
    for (const [thread, owner] of [
      [10, 10],
      [11, 10],
      [21, 20],
    ])
      cgroups.files.set(`/proc/${thread ?? 0}/status`, `Name:\tx\nTgid:\t${owner ?? 0}\nNgid:\t0\n`);
    expect(cgroupPids(PATH)).toEqual([10, 20]);
  });

  test('of a cgroup that is gone, or goes', () => {
    expect(cgroupPids(`${MOUNT}/none`)).toEqual([]);
    put(PATH, '!ENODEV');
    expect(cgroupPids(PATH)).toEqual([]);
    put(PATH, '!EIO');
    expect(() => cgroupPids(PATH)).toThrow('EIO');
  });
});

describe('a signal', () => {
  test('reaches those that are still there, some hundred at a time', () => {
    const many = Array.from({ length: 600 }, (_, at) => at + 2000);
    put(PATH, [...many, 404, 405, 7].join('\n'));
    let looks = 0;
    // 404 has ended before, 405 while we looked, and 7 is another's by then
    cgroups.fail = (call) => {
      if (call === `read ${PATH}/cgroup.procs` && ++looks === 3) put(PATH, [...many, 405].join('\n'));
      return undefined;
    };
    signalCgroup(PATH, 15);
    expect(sent).toEqual(many.map((pid) => [pid, 15]));
    expect(most).toBe(256);
    expect(openFds.size).toBe(0);
  });

  test('comes while they are frozen, and then they go on', () => {
    put(PATH, '2\n3\n');
    const order: string[] = [];
    onWrite = (path, text) => order.push(`${path.slice(PATH.length + 1)} ${text}`);
    signalCgroup(PATH, 15);
    expect(order).toEqual(['cgroup.freeze 1', 'cgroup.freeze 0']);
    expect(sent).toEqual([
      [2, 15],
      [3, 15],
    ]);
  });

  test('leaves frozen what was frozen', () => {
    put(PATH, '2\n');
    cgroups.files.set(`${PATH}/cgroup.freeze`, '1\n');
    signalCgroup(PATH, 15);
    expect(cgroups.files.get(`${PATH}/cgroup.freeze`)).toBe('1\n');
    expect(sent).toEqual([[2, 15]]);
  });

  test('where nothing freezes reaches what is forked meanwhile, for a while', () => {
    frozenWhen = () => false;
    put(PATH, '2\n');
    let next = 3;
    cgroups.fail = (call) => {
      if (call === `read ${PATH}/cgroup.procs` && next < 6) put(PATH, `2\n${next++}\n`);
      return undefined;
    };
    signalCgroup(PATH, 15);
    expect(sent.map(([pid]) => pid)).toEqual(expect.arrayContaining([2, 5]));
    expect(cgroups.files.get(`${PATH}/cgroup.freeze`)).toBe('0');
    // and not for ever
    sent = [];
    cgroups.fail = (call) => {
      if (call === `read ${PATH}/cgroup.procs`) put(PATH, `${next++ % 2 === 0 ? next : next - 1}\n`);
      return undefined;
    };
    signalCgroup(PATH, 15);
    expect(sent.length).toBeLessThan(32);
  });

  test('is not preceded by freezing ourselves, nor is signal 0', () => {
    put(PATH, '1\n2\n');
    const writes = vi.fn<(path: string, text: string) => void>();
    onWrite = writes;
    signalCgroup(PATH, 15);
    put(PATH, '2\n');
    signalCgroup(PATH, 0);
    expect(writes).not.toHaveBeenCalled();
    expect(sent).toEqual([
      [1, 15],
      [2, 15],
      [2, 0],
    ]);
  });

  test('for a cgroup that is gone', () => {
    signalCgroup(`${MOUNT}/none`, 15);
    expect(sent).toEqual([]);
  });
});

describe('the end', () => {
  test('comes again for what escaped the first time', () => {
    put(PATH, '2\n3\n');
    let kills = 0;
    onWrite = (path) => {
      if (path.endsWith('/cgroup.kill')) put(PATH, ['3\n', '3\n', ''][kills++] ?? '');
    };
    expect(endCgroup(PATH, 1000)).toBe(true);
    expect(kills).toBe(3);
  });

  test('has its limit', () => {
    put(PATH, '2\n');
    expect(endCgroup(PATH, 1000)).toBe(false);
  });
});
