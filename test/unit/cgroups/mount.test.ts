import { beforeEach, expect, test, vi } from 'vitest';
import { cgroup2InMountinfo, cgroup2Path, readCgroupFacts } from '../../../src/cgroups/mount.js';

const CGROUP2 = 0x63677270;
const TMPFS = 0x01021994;

const host = vi.hoisted((): { types: Record<string, number>; files: Record<string, string> } => ({ types: {}, files: {} }));
vi.mock('../../../src/native.js', () => ({
  native: () => ({
    stat: (path: string) => (path in host.types ? { kind: 'directory' } : null),
    fileSystemType: (path: string) => host.types[path],
    readFile: (path: string) => host.files[path],
  }),
}));

const MOUNTINFO = `22 1 0:21 / /sys rw,nosuid shared:6 master:2 - sysfs sysfs rw
23 22 0:22 / /sys/fs/cgroup ro shared:7 - tmpfs tmpfs ro
24 23 0:23 / /odd\\040place\\134x rw - cgroup2 cgroup2 rw,nsdelegate
`;

beforeEach(() => {
  host.types = { '/sys/fs/cgroup': TMPFS };
  host.files = { '/proc/self/mountinfo': MOUNTINFO, '/proc/self/cgroup': '1:cpu:/x\n0::/user.slice/a:b\n' };
});

test('alone', () => {
  host.types = { '/sys/fs/cgroup': CGROUP2 };
  host.files['/sys/fs/cgroup/cgroup.controllers'] = 'cpu memory\n';
  expect(readCgroupFacts()).toEqual({ cgroupMount: '/sys/fs/cgroup', controllers: ['cpu', 'memory'], ownCgroup: '/user.slice/a:b' });
});

test('beside cgroup v1', () => {
  host.types['/sys/fs/cgroup/unified'] = CGROUP2;
  host.files['/sys/fs/cgroup/unified/cgroup.controllers'] = '\n';
  expect(readCgroupFacts()).toMatchObject({ cgroupMount: '/sys/fs/cgroup/unified', controllers: [] });
});

test('somewhere else, and nowhere', () => {
  expect(cgroup2InMountinfo(MOUNTINFO)).toBe('/odd place\\x');
  host.files['/proc/self/mountinfo'] = '23 22 0:22 / /sys/fs/cgroup ro shared:7 - tmpfs cgroup2 ro\n';
  expect(readCgroupFacts()).toMatchObject({ cgroupMount: null, controllers: [] });
});

test('the own cgroup', () => {
  expect(cgroup2Path('0::/\n')).toBe('/');
  expect(cgroup2Path('0::/a (deleted)\n')).toBe('/a');
  expect(cgroup2Path('3:cpu:/x\n')).toBe('/');
});
