/** Where cgroup v2 is on this machine, and where in it we are. */
import { native } from '../native.js';

/** `f_type` of a cgroup v2 mount (man 2 statfs). */
const CGROUP2_SUPER_MAGIC = 0x63677270;

/** The usual places: alone, and beside cgroup v1 (hybrid). */
const PLACES = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** procfs writes space, tab, line break and backslash of a path as three octal digits (man 5 proc_pid_mountinfo). */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** The first cgroup2 mount of /proc/self/mountinfo; null without one. */
export function cgroup2InMountinfo(mountinfo: string): string | null {
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ');
    const [, , , , path] = fields;
    // any number of optional fields end with a `-`; the type follows
    if (path !== undefined && fields[fields.indexOf('-', 6) + 1] === 'cgroup2') return unescaped(path);
  }
  return null;
}

/** The directory where cgroup v2 is mounted, or null. */
export function findCgroupMount(): string | null {
  for (const place of PLACES) {
    if (native().stat(place)?.kind === 'directory' && native().fileSystemType(place) === CGROUP2_SUPER_MAGIC) return place;
  }
  return cgroup2InMountinfo(native().readFile('/proc/self/mountinfo', 16 << 20));
}

/** What the kernel puts behind the path of a cgroup that was removed. */
const DELETED = ' (deleted)';

/** The cgroup v2 path in a /proc/PID/cgroup; `/` when it has none. */
export function cgroup2Path(text: string): string {
  // its line is the only one with an empty list of controllers
  const at = text.startsWith('0::') ? 0 : text.indexOf('\n0::') + 1;
  if (!text.startsWith('0::', at)) return '/';
  const end = text.indexOf('\n', at);
  const path = text.slice(at + '0::'.length, end < 0 ? undefined : end);
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path || '/';
}

/** What plan/host.ts wants to know about cgroups. */
export interface CgroupFacts {
  readonly cgroupMount: string | null;
  readonly controllers: readonly string[];
  readonly ownCgroup: string;
}

export function readCgroupFacts(): CgroupFacts {
  const cgroupMount = findCgroupMount();
  const ownCgroup = cgroup2Path(native().readFile('/proc/self/cgroup', 1 << 20));
  const text = cgroupMount === null ? '' : native().readFile(`${cgroupMount}/cgroup.controllers`, 4096);
  const names = text.trim();
  return { cgroupMount, controllers: names === '' ? [] : names.split(' '), ownCgroup };
}
