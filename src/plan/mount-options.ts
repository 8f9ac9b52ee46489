/**
 * The options of `mounts[].options`, and what each of them means to the kernel's mount API (man 2 mount_setattr, fsconfig,
 * mount). What is not in these tables belongs to the file system.
 */
import { singleOptions } from '../spec/mount-options.js';

export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOSUID = 0x2;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;
/** The field of the access-time modes: changing the mode means clearing the whole field. RELATIME is its 0. */
export const MOUNT_ATTR__ATIME = 0x70;
export const MOUNT_ATTR_NOATIME = 0x10;
export const MOUNT_ATTR_STRICTATIME = 0x20;
export const MOUNT_ATTR_NODIRATIME = 0x80;
export const MOUNT_ATTR_NOSYMFOLLOW = 0x200000;

/** What a mount has of these is replaced by what is asked for, if anything is. */
const REPLACED = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;

export const MS_REC = 0x4000;
export const MS_UNBINDABLE = 1 << 17;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;

/** Propagation words, as `linux.rootfsPropagation` and the mount options have them. */
export const PROPAGATION: ReadonlyMap<string, number> = new Map([
  ['private', MS_PRIVATE],
  ['rprivate', MS_PRIVATE | MS_REC],
  ['slave', MS_SLAVE],
  ['rslave', MS_SLAVE | MS_REC],
  ['shared', MS_SHARED],
  ['rshared', MS_SHARED | MS_REC],
  ['unbindable', MS_UNBINDABLE],
  ['runbindable', MS_UNBINDABLE | MS_REC],
]);

/** Changes to a mount's attributes: bits to set, bits to clear. */
export interface Attributes {
  set: number;
  clear: number;
}

type AttributeChange = (attributes: Attributes) => void;

const turnOn =
  (bit: number): AttributeChange =>
  (attributes) => {
    attributes.set |= bit;
    attributes.clear &= ~bit;
  };

const turnOff =
  (bit: number): AttributeChange =>
  (attributes) => {
    attributes.set &= ~bit;
    attributes.clear |= bit;
  };

// The kernel refuses an access-time mode unless the field is cleared in the same call (man 2 mount_setattr).
const accessTime =
  (mode: number): AttributeChange =>
  (attributes) => {
    attributes.set = (attributes.set & ~MOUNT_ATTR__ATIME) | mode;
    attributes.clear |= MOUNT_ATTR__ATIME;
  };

// "norelatime" asks for no mode of its own: it takes back an earlier "relatime".
const noRelatime: AttributeChange = (attributes) => {
  if ((attributes.set & MOUNT_ATTR__ATIME) === 0) attributes.clear &= ~MOUNT_ATTR__ATIME;
};

const RELATIME = accessTime(0);

/** Options about one mount. With an `r` in front (`rro`) they are about all mounts below it too. */
const ATTRIBUTES: ReadonlyMap<string, AttributeChange> = new Map([
  ['ro', turnOn(MOUNT_ATTR_RDONLY)],
  ['rw', turnOff(MOUNT_ATTR_RDONLY)],
  ['nosuid', turnOn(MOUNT_ATTR_NOSUID)],
  ['suid', turnOff(MOUNT_ATTR_NOSUID)],
  ['nodev', turnOn(MOUNT_ATTR_NODEV)],
  ['dev', turnOff(MOUNT_ATTR_NODEV)],
  ['noexec', turnOn(MOUNT_ATTR_NOEXEC)],
  ['exec', turnOff(MOUNT_ATTR_NOEXEC)],
  ['nodiratime', turnOn(MOUNT_ATTR_NODIRATIME)],
  ['diratime', turnOff(MOUNT_ATTR_NODIRATIME)],
  ['nosymfollow', turnOn(MOUNT_ATTR_NOSYMFOLLOW)],
  ['symfollow', turnOff(MOUNT_ATTR_NOSYMFOLLOW)],
  ['noatime', accessTime(MOUNT_ATTR_NOATIME)],
  ['strictatime', accessTime(MOUNT_ATTR_STRICTATIME)],
  ['relatime', RELATIME],
  // Without a mode the kernel's own is relatime.
  ['atime', RELATIME],
  ['nostrictatime', RELATIME],
  ['norelatime', noRelatime],
]);

/** Switches of the file system as a whole: the option that sets each, the one that takes it back. */
const SUPERBLOCK: readonly (readonly [option: string, flag: string, on: boolean])[] = [
  ['sync', 'sync', true],
  ['async', 'sync', false],
  ['dirsync', 'dirsync', true],
  ['lazytime', 'lazytime', true],
  ['nolazytime', 'lazytime', false],
  ['mand', 'mand', true],
  ['nomand', 'mand', false],
  ['iversion', 'iversion', true],
  ['noiversion', 'iversion', false],
];

// fsconfig(2) has no word for what a flag turns off, other than these.
const SUPERBLOCK_OFF: ReadonlyMap<string, string> = new Map([
  ['sync', 'async'],
  ['lazytime', 'nolazytime'],
  ['mand', 'nomand'],
]);

/**
 * Known options that change nothing here: `silent` and `loud` are about kernel messages, which fsconfig(2) returns to the
 * caller instead; without `iversion` there are no versions of inodes, other than those a file system always has.
 */
const WITHOUT_EFFECT: readonly string[] = ['', 'defaults', 'silent', 'loud'];

/** A flag that only mount(2) has a word for (MS_I_VERSION): native code takes it from among the options (rootfs/filesystem.cc). */
export const IVERSION = 'iversion';

export interface MountOptions {
  bind: 'bind' | 'rbind' | null;
  remount: boolean;
  readonly attributes: Attributes;
  readonly recursive: Attributes;
  readonly propagation: number[];
  copyUp: boolean;
  idmap: 'idmap' | 'ridmap' | null;
  /** Names of superblock flags for fsconfig(2), in the order of their first mention. */
  readonly superblock: string[];
  /** For the file system: `key=value` or `key`, one each. */
  readonly data: string[];
}

/** What has been read so far. */
interface Reading extends MountOptions {
  /** Superblock flags, in the order of their first mention. */
  readonly flags: Map<string, boolean>;
}

type Change = (reading: Reading) => void;

/** What each option says: all but those of the file system. */
const CHANGES: ReadonlyMap<string, Change> = new Map([
  ...WITHOUT_EFFECT.map((option): [string, Change] => [option, () => undefined]),
  ...[...ATTRIBUTES].map(([option, change]): [string, Change] => [`r${option}`, ({ recursive }) => change(recursive)]),
  ...[...ATTRIBUTES].map(([option, change]): [string, Change] => [option, ({ attributes }) => change(attributes)]),
  ...[...PROPAGATION].map(([option, flags]): [string, Change] => [option, ({ propagation }) => propagation.push(flags)]),
  ...SUPERBLOCK.map(([option, flag, on]): [string, Change] => [option, ({ flags }) => flags.set(flag, on)]),
  // "rbind" is more than "bind": together they are "rbind".
  ['bind', (reading) => (reading.bind ??= 'bind')],
  ['rbind', (reading) => (reading.bind = 'rbind')],
  ['remount', (reading) => (reading.remount = true)],
  ['tmpcopyup', (reading) => (reading.copyUp = true)],
  ['idmap', (reading) => (reading.idmap = 'idmap')],
  ['ridmap', (reading) => (reading.idmap = 'ridmap')],
]);

/** Reads the options in their order: where two contradict each other the later wins. */
export function parseMountOptions(options: readonly string[]): MountOptions {
  const reading: Reading = {
    bind: null,
    remount: false,
    attributes: { set: 0, clear: 0 },
    recursive: { set: 0, clear: 0 },
    propagation: [],
    copyUp: false,
    idmap: null,
    superblock: [],
    data: [],
    flags: new Map(),
  };
  for (const option of singleOptions(options)) {
    const change = CHANGES.get(option);
    if (change === undefined) reading.data.push(option);
    else change(reading);
  }
  for (const [flag, on] of reading.flags) {
    const name = on ? flag : SUPERBLOCK_OFF.get(flag);
    if (name !== undefined) reading.superblock.push(name);
  }
  return reading;
}

/**
 * What a bind mount loses of its source's attributes although nobody says so: as for mount(8) and runc, the first attribute that is
 * asked for replaces all, an access-time mode `nodiratime` as well; without any the source's stay.
 */
export function replacedAttributes({ set, clear }: Attributes): number {
  if ((set | clear) === 0) return 0;
  const times = (clear & MOUNT_ATTR__ATIME) === 0 ? 0 : MOUNT_ATTR_NODIRATIME;
  return (REPLACED | times) & ~set & ~clear;
}

/** Every option that is not left to the file system, sorted: for `features`. */
export function knownMountOptions(): string[] {
  return [...CHANGES.keys()].filter((option) => option !== '').sort();
}
