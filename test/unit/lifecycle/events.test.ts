import { beforeEach, describe, expect, it, vi } from 'vitest';

import { events, statistics, type ContainerEvent } from '../../../src/lifecycle/events.js';
import type { Native } from '../../../src/native.js';
import { FakeCgroups, systemError } from '../cgroups/fake.js';
import { state } from '../state/state.js';

const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));

const given = state();
const PATH = given.cgroup;
const ours = { root: '/root', id: 'c1' };
const warn = vi.fn<(message: string) => void>();
const readChanged = vi.fn<Native['readChanged']>();
const closed: number[] = [];
let alive = true;
let cgroups: FakeCgroups;

const CORE = 'populated 1\nfrozen 0\n';
const counts = (oom: number, kills: number): string => `low 0\nhigh 0\nmax 9\noom ${oom}\noom_kill ${kills}\noom_group_kill 0\n`;

beforeEach(() => {
  vi.restoreAllMocks();
  warn.mockReset();
  readChanged.mockReset();
  closed.length = 0;
  alive = true;
  cgroups = new FakeCgroups('/sys/fs/cgroup');
  cgroups.add('/sys/fs/cgroup/tsrun');
  cgroups.add(PATH);
  cgroups.files.set('/root/c1/state.json', JSON.stringify(given));
  cgroups.files.set(`${PATH}/memory.events`, counts(3, 2));
  cgroups.files.set(`${PATH}/cpu.stat`, 'usage_usec 5\n');
  let next = 50;
  current.native = {
    ...cgroups.native,
    processStat: () => (alive ? { startTime: '100', state: 'S' } : null),
    processExe: () => '8:9',
    open: (path: string) => {
      cgroups.native.readFile(path);
      return next++;
    },
    close: (fd: number) => closed.push(fd),
    readChanged,
  };
});

function all(interval = 1e9): ContainerEvent[] {
  return [...events({ ...ours, interval, warn })];
}

describe('the stream', () => {
  it('ends with the last process, and closes its files', () => {
    readChanged.mockReturnValueOnce([CORE, counts(3, 2)]).mockReturnValueOnce(['populated 0\nfrozen 0\n', null]);
    expect(all()).toEqual([]);
    expect(readChanged).toHaveBeenCalledWith({ files: [50, 51], timeout: 1000 });
    expect(closed).toEqual([50, 51]);
  });

  it('tells of each time the kernel killed, but not of what was before', () => {
    readChanged
      .mockReturnValueOnce([CORE, counts(3, 2)])
      .mockReturnValueOnce([null, counts(4, 2)])
      .mockReturnValueOnce([null, counts(4, 3)])
      .mockReturnValueOnce([null, counts(4, 3)])
      .mockReturnValueOnce([null, counts(6, 5)])
      .mockReturnValueOnce(['populated 0\n', null]);
    cgroups.files.set(`${PATH}/memory.events`, counts(3, 2));
    const found: ContainerEvent[] = [];
    for (const event of events({ ...ours, interval: 1e9, warn })) {
      found.push(event);
      cgroups.files.set(`${PATH}/memory.events`, counts(6, 5));
    }
    expect(found).toEqual([
      { type: 'oom', id: 'c1' },
      { type: 'oom', id: 'c1' },
    ]);
  });

  it('sees the kill that ended the container before its announcement', () => {
    readChanged.mockReturnValueOnce([CORE, counts(3, 2)]).mockImplementationOnce(() => {
      cgroups.files.set(`${PATH}/memory.events`, counts(4, 3));
      return ['populated 0\n', null];
    });
    expect(all()).toEqual([{ type: 'oom', id: 'c1' }]);
  });

  it('knows of it by the shortage when the cgroup has gone at once', () => {
    readChanged.mockReturnValueOnce([null, counts(4, 2)]).mockImplementationOnce(() => {
      cgroups.native.rmdir(PATH);
      return ['', ''];
    });
    expect(all()).toEqual([{ type: 'oom', id: 'c1' }]);
  });

  it('and not of one kill twice', () => {
    readChanged.mockReturnValueOnce([null, counts(4, 3)]).mockImplementationOnce(() => {
      cgroups.native.rmdir(PATH);
      return ['', ''];
    });
    expect(all()).toEqual([{ type: 'oom', id: 'c1' }]);
  });

  it('has statistics every interval, the first after one', () => {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const waits: number[] = [];
    readChanged.mockImplementation(({ timeout }) => {
      waits.push(timeout);
      now += timeout;
      return [now > 8000 ? 'populated 0\n' : null, null];
    });
    const found = all(2500);
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({ type: 'stats', id: 'c1', statistics: { cpu: { usage: 5 } } });
    expect(waits.slice(0, 6)).toEqual([1000, 1000, 500, 1000, 1000, 500]);
  });

  it('leaves out what a slow reader missed', () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    readChanged.mockImplementation(({ timeout }) => {
      now += timeout;
      return [now > 1999 ? '' : null, null];
    });
    const times: number[] = [];
    for (const { type } of events({ ...ours, interval: 100, warn })) {
      expect(type).toBe('stats');
      times.push(now);
      if (times.length === 2) now += 1050;
    }
    expect(times).toEqual([100, 200, 1250, 1300, 1400, 1500, 1600, 1700, 1800, 1900]);
  });

  it('ends when the cgroup goes while it is read', () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 10));
    readChanged.mockReturnValue([null, null]);
    cgroups.fail = (call) => (call.endsWith('/cpu.stat') ? 'ENODEV' : undefined);
    expect(all(1)).toEqual([]);
    expect(closed).toEqual([50, 51]);
  });

  it('without the memory controller says what it will not see', () => {
    cgroups.files.delete(`${PATH}/memory.events`);
    readChanged.mockReturnValueOnce([CORE]).mockReturnValueOnce(['populated 0\n']);
    expect(all()).toEqual([]);
    expect(warn).toHaveBeenCalledWith('no out-of-memory events of container c1: its cgroup has no memory controller');
  });

  it('closes its files when the reader stops, or the kernel fails', () => {
    readChanged.mockReturnValue([null, counts(4, 3)]);
    for (const event of events({ ...ours, interval: 1e9, warn })) {
      expect(event.type).toBe('oom');
      break;
    }
    expect(closed).toEqual([50, 51]);
    readChanged.mockImplementation(() => {
      throw systemError('EIO', 'poll');
    });
    expect(() => all()).toThrow('EIO');
    expect(closed).toEqual([50, 51, 52, 53]);
  });
});

describe('refused', () => {
  it.each([0, -1, NaN])('an interval of %s', (interval) => {
    expect(() => all(interval)).toThrow(/^duration interval must be greater than 0$/);
  });

  it('a container that is not there, before the interval', () => {
    expect(() => [...events({ root: '/root', id: 'none', interval: 0, warn })]).toThrow('container "none" does not exist');
  });

  it('a stopped container', () => {
    alive = false;
    expect(() => statistics(ours)).toThrow(/^container with id c1 is not running$/);
    expect(() => all()).toThrow(/^container with id c1 is not running$/);
  });

  it('one without a cgroup', () => {
    cgroups.files.set('/root/c1/state.json', JSON.stringify(state({ cgroup: '' })));
    expect(() => statistics(ours)).toThrow('no statistics of container c1: it has no cgroup');
  });

  it('one that goes meanwhile', () => {
    cgroups.fail = (call) => (call.endsWith('/cpu.stat') ? 'ENOENT' : undefined);
    expect(() => statistics(ours)).toThrow(/^container with id c1 is not running$/);
  });
});
