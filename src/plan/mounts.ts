import { TsrunError } from '../errors.js';
import type { Mount, Spec } from '../spec/types.js';
import type { Host } from './host.js';
import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_REC,
  MS_SLAVE,
  IVERSION,
  parseMountOptions,
  replacedAttributes,
} from './mount-options.js';
import type { MountOptions } from './mount-options.js';
import { MountSources } from './mount-sources.js';
import type { UserNamespaceKind } from './namespaces.js';
import { cleanPath } from '../spec/paths.js';
import { joinPath } from './paths.js';
import type { Slot, TreePlan } from './plan.js';
import type { MountStep } from './steps.js';

/** What decides how a mount is made, besides the config. */
export interface MountContext {
  /** Absolute path of the bundle. */
  readonly bundle: string;
  readonly host: Host;
  readonly userNamespace: UserNamespaceKind;
  /** The container has a cgroup namespace other than the runtime's. */
  readonly cgroupNamespace: boolean;
  /** The container has a network namespace other than the runtime's. */
  readonly networkNamespace: boolean;
}

export interface MountPlan {
  readonly steps: readonly MountStep[];
  /** The remounts of what `steps` leave writable, for when everything has been put into it. */
  readonly late: readonly MountStep[];
  /** User namespaces for idmapped mounts. */
  readonly slots: readonly Slot[];
  /** What the runtime opens. */
  readonly trees: readonly TreePlan[];
}

/** What may be mounted over below /proc: files that have no part in security. */
const PROC_FILES: ReadonlySet<string> = new Set(
  [
    'cpuinfo',
    'diskstats',
    'meminfo',
    'stat',
    'swaps',
    'uptime',
    'loadavg',
    'slabinfo',
    'sys/kernel/ns_last_pid',
    'sys/crypto/fips_enabled',
  ].map((file) => `/proc/${file}`),
);

/** File systems with one superblock for many mounts: read-only is said of the mount, never of the superblock. */
const SHARED_SUPERBLOCK: ReadonlySet<string> = new Set([
  'proc',
  'sysfs',
  'cgroup',
  'cgroup2',
  'mqueue',
  'devpts',
  'tmpfs',
  'debugfs',
  'tracefs',
  'securityfs',
  'bpf',
]);

/** They take no SELinux context at mount time (proc and sysfs are labelled by the policy). */
const WITHOUT_LABEL: ReadonlySet<string> = new Set(['proc', 'sysfs', 'cgroup', 'cgroup2', 'mqueue']);

/** Options of cgroup2 (kernel: Documentation/admin-guide/cgroup-v2.rst); those of v1 (`name=systemd`, `cpu`) are refused. */
const CGROUP2_DATA: ReadonlySet<string> = new Set([
  'nsdelegate',
  'favordynmods',
  'memory_localevents',
  'memory_recursiveprot',
  'memory_hugetlb_accounting',
  'pids_localevents',
]);

/** The config's `mounts`, in their order. */
export function planMounts(spec: Spec, context: MountContext): MountPlan {
  const namespaces = new MountSources(spec, context);
  const label = spec.linux?.mountLabel ?? '';
  if (label !== '' && !context.host.selinux) throw new TsrunError(`/linux/mountLabel: this host has no SELinux, is "${label}"`);
  const late: MountStep[] = [];
  const steps = (spec.mounts ?? []).map((mount, index) => {
    const options = parseMountOptions(mount.options ?? []);
    const step = planMount(mount, options, `/mounts/${index}`, spec, context, namespaces);
    if (!isMadeReadonlyLate(mount.type, step.destination, options)) return step;
    late.push(readonlyRemount(step.destination));
    return { ...step, set: step.set & ~MOUNT_ATTR_RDONLY };
  });
  return { steps, late, slots: namespaces.slots, trees: namespaces.trees };
}

function readonlyRemount(destination: string): MountStep {
  return {
    op: 'mount',
    destination,
    kind: 'remount',
    type: '',
    source: '',
    inside: false,
    tree: -1,
    treeIfDenied: false,
    set: MOUNT_ATTR_RDONLY,
    clear: 0,
    replace: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: [],
    copyUp: false,
    idmap: '',
    idmapRecursive: false,
    data: [],
  };
}

function planMount(
  mount: Mount,
  options: MountOptions,
  pointer: string,
  spec: Spec,
  context: MountContext,
  namespaces: MountSources,
): MountStep {
  const destination = cleanPath(mount.destination);
  const type = mount.type ?? '';
  if (destination.startsWith('/proc/') && !PROC_FILES.has(destination)) {
    throw new TsrunError(`${pointer}/destination: nothing may be mounted at ${destination}`);
  }
  const plain: MountStep = {
    op: 'mount',
    destination,
    kind: 'new',
    type,
    source: mount.source ?? type,
    inside: false,
    tree: -1,
    treeIfDenied: false,
    set: options.attributes.set,
    clear: options.attributes.clear,
    replace: 0,
    setRecursive: options.recursive.set,
    clearRecursive: options.recursive.clear,
    propagation: options.propagation,
    copyUp: false,
    idmap: '',
    idmapRecursive: false,
    data: [],
  };
  if (!options.remount && (options.bind !== null || type === 'bind')) {
    if (mount.source === undefined || mount.source === '') throw new TsrunError(`${pointer}/source: a bind mount needs one`);
    refuseData(options, `${pointer}/options`);
    const source = joinPath(context.bundle, mount.source);
    const bind: MountStep = { ...plain, kind: options.bind ?? 'bind', type: '', source, replace: replacedAttributes(options.attributes) };
    return namespaces.source(mount, options, pointer, bind);
  }
  // it is nobody else's yet: a copy of so many properties takes longer than to make them
  const step: MountStep = Object.assign(plain, namespaces.idmap(mount, options, pointer));
  if (options.remount) {
    // A remount says nothing of "bind": the attributes are those of the mount in any case.
    if (options.bind !== null || options.superblock.includes(IVERSION)) refuseData(options, `${pointer}/options`);
    return { ...step, kind: 'remount', type: '', source: '', data: options.bind === null ? [...options.superblock, ...options.data] : [] };
  }
  if (type === '') throw new TsrunError(`${pointer}/type: must be given, unless the mount is a bind mount`);
  if (type === 'cgroup' || type === 'cgroup2') return cgroupMount(step, options, pointer, context);
  if (type === 'sysfs' && isUserNamespaced(context) && !context.networkNamespace) {
    refuseData(options, `${pointer}/options`);
    return hostSysfs(step);
  }
  return Object.assign(step, { copyUp: options.copyUp && type === 'tmpfs', data: newData(type, options, spec.linux?.mountLabel ?? '') });
}

/** Of a mount that shows a file system that is there already, the kernel would not even look at options of the file system. */
function refuseData({ data, superblock }: MountOptions, pointer: string): void {
  const [first] = [...data, ...superblock.filter((each) => each === IVERSION)];
  if (first === undefined) return;
  throw new TsrunError(`${pointer}: bind mounts and remounts of them cannot have any filesystem-specific options applied: "${first}"`);
}

function isUserNamespaced(context: MountContext): boolean {
  return context.userNamespace !== 'none' || context.host.inUserNamespace;
}

function newData(type: string, options: MountOptions, label: string): string[] {
  const data = [...options.superblock, ...options.data];
  // A disk that cannot be written is refused unless its superblock is read-only too.
  if ((options.attributes.set & MOUNT_ATTR_RDONLY) !== 0 && !SHARED_SUPERBLOCK.has(type)) data.unshift('ro');
  if (label !== '' && !WITHOUT_LABEL.has(type) && !data.some((each) => each.startsWith('context='))) {
    data.push(`context=${label}`);
  }
  return data;
}

/** Both v1's and v2's type mean the unified hierarchy, which is the only one here. */
function cgroupMount(step: MountStep, options: MountOptions, pointer: string, context: MountContext): MountStep {
  const unknown = options.data.find((each) => !CGROUP2_DATA.has(each));
  if (unknown !== undefined) throw new TsrunError(`${pointer}/options: cgroup v2 has no option "${unknown}"`);
  if (context.cgroupNamespace) return { ...step, type: 'cgroup2', data: options.data };
  // what the options say of the file system, the host's mount has already
  refuseData(options, `${pointer}/options`);
  if (context.host.cgroupMount === null) throw new TsrunError(`${pointer}: cgroup v2 is not mounted on this host`);
  // The host's tree, so that it fits /proc/PID/cgroup. By a bind: a new mount made from the initial cgroup namespace would
  // set the whole host's mount options (nsdelegate and others) to its own, and wait for an RCU grace period.
  const tree: MountStep = { ...step, kind: 'rbind', type: '', source: context.host.cgroupMount };
  // Whoever runs a container with a user namespace may own parts of that tree: never writable (CVE-2023-25809).
  return isUserNamespaced(context) ? readonlyTree(tree) : tree;
}

function readonlyTree(step: MountStep): MountStep {
  const hard = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  return {
    ...step,
    set: step.set | hard,
    clear: step.clear & ~hard,
    setRecursive: step.setRecursive | hard,
    clearRecursive: step.clearRecursive & ~hard,
  };
}

// The kernel gives a user namespace a sysfs of its own only together with a network namespace (sysfs lists its devices).
function hostSysfs(step: MountStep): MountStep {
  const propagation = step.propagation.length > 0 ? step.propagation : [MS_SLAVE | MS_REC];
  return readonlyTree({ ...step, kind: 'rbind', type: '', source: '/sys', propagation });
}

/** Mount points and devices are still to be made in a tmpfs and in /dev. */
function isMadeReadonlyLate(type: string | undefined, destination: string, { bind, remount, attributes }: MountOptions): boolean {
  if (bind !== null || remount || (attributes.set & MOUNT_ATTR_RDONLY) === 0) return false;
  return type === 'tmpfs' || (type !== 'bind' && destination === '/dev');
}
