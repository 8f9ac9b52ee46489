import { TsrunError } from '../errors.js';
import type { Linux, Mount, Spec } from '../spec/types.js';
import type { Host } from './host.js';
import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  PROPAGATION,
  parseMountOptions,
} from './mount-options.js';
import type { MountOptions } from './mount-options.js';
import { idMapText } from './namespaces.js';
import type { UserNamespaceKind } from './namespaces.js';
import { cleanPath } from '../spec/paths.js';
import { joinPath } from './paths.js';
import type { IdMaps, Slot, TreePlan } from './plan.js';
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

/** Options of cgroup2 (kernel: Documentation/admin-guide/cgroup-v2.rst); those of v1 (`name=systemd`, `cpu`) mean nothing to it. */
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
  const namespaces = new MountNamespaces(spec.linux, context);
  const steps = (spec.mounts ?? []).map((mount, index) => {
    const options = parseMountOptions(mount.options ?? []);
    const step = planMount(mount, options, `/mounts/${index}`, spec, context, namespaces);
    return isMadeReadonlyLate(mount, options) ? { ...step, set: step.set & ~MOUNT_ATTR_RDONLY } : step;
  });
  return { steps, slots: namespaces.slots, trees: namespaces.trees };
}

/** The remounts of what was left writable by `planMounts`, for when everything has been put into it. */
export function planReadonlyMounts(spec: Spec): MountStep[] {
  return (spec.mounts ?? [])
    .filter((mount) => isMadeReadonlyLate(mount, parseMountOptions(mount.options ?? [])))
    .map((mount) => ({
      op: 'mount',
      destination: cleanPath(mount.destination),
      kind: 'remount',
      type: '',
      source: '',
      tree: -1,
      treeIfDenied: false,
      set: MOUNT_ATTR_RDONLY,
      clear: 0,
      setRecursive: 0,
      clearRecursive: 0,
      propagation: [],
      copyUp: false,
      idmap: '',
      idmapRecursive: false,
      data: [],
    }));
}

function planMount(
  mount: Mount,
  options: MountOptions,
  pointer: string,
  spec: Spec,
  context: MountContext,
  namespaces: MountNamespaces,
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
    tree: -1,
    treeIfDenied: false,
    set: options.attributes.set,
    clear: options.attributes.clear,
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
    const bind: MountStep = { ...plain, kind: options.bind ?? 'bind', type: '', source: joinPath(context.bundle, mount.source) };
    return { ...bind, ...namespaces.tree(bind, mount, options, pointer) };
  }
  const step = { ...plain, ...namespaces.idmap(mount, options, pointer) };
  if (options.remount) {
    // A remount says nothing of "bind": the attributes are those of the mount in any case.
    return { ...step, kind: 'remount', type: '', source: '', data: options.bind === null ? [...options.superblock, ...options.data] : [] };
  }
  if (type === '') throw new TsrunError(`${pointer}/type: must be given, unless the mount is a bind mount`);
  if (type === 'cgroup' || type === 'cgroup2') return cgroupMount(step, options, pointer, context);
  if (type === 'sysfs' && isUserNamespaced(context) && !context.networkNamespace) return hostSysfs(step);
  return { ...step, copyUp: options.copyUp && type === 'tmpfs', data: newData(type, options, spec.linux?.mountLabel ?? '', context) };
}

function isUserNamespaced(context: MountContext): boolean {
  return context.userNamespace !== 'none' || context.host.inUserNamespace;
}

function newData(type: string, options: MountOptions, label: string, context: MountContext): string[] {
  const data = [...options.superblock, ...options.data];
  // A disk that cannot be written is refused unless its superblock is read-only too.
  if ((options.attributes.set & MOUNT_ATTR_RDONLY) !== 0 && !SHARED_SUPERBLOCK.has(type)) data.unshift('ro');
  if (label !== '' && context.host.selinux && !WITHOUT_LABEL.has(type) && !data.some((each) => each.startsWith('context='))) {
    data.push(`context=${label}`);
  }
  return data;
}

/** Both v1's and v2's type mean the unified hierarchy, which is the only one here. */
function cgroupMount(step: MountStep, options: MountOptions, pointer: string, context: MountContext): MountStep {
  if (context.cgroupNamespace) return { ...step, type: 'cgroup2', data: options.data.filter((each) => CGROUP2_DATA.has(each)) };
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
function isMadeReadonlyLate({ type, destination }: Mount, { bind, remount, attributes }: MountOptions): boolean {
  if (bind !== null || remount || (attributes.set & MOUNT_ATTR_RDONLY) === 0) return false;
  return type === 'tmpfs' || (type !== 'bind' && cleanPath(destination) === '/dev');
}

/** Where mounts get from the host what init cannot see to itself: user namespaces with mappings, and whole trees. */
class MountNamespaces {
  /** One for each distinct pair of mappings. */
  readonly slots: Slot[] = [];
  readonly trees: TreePlan[] = [];
  private readonly names = new Map<string, string>();

  private readonly linux: Linux | undefined;
  private readonly context: MountContext;

  constructor(linux: Linux | undefined, context: MountContext) {
    this.linux = linux;
    this.context = context;
  }

  /**
   * A bind mount's source. Root's runtime opens it where init may not: in a user namespace it may not pass every directory,
   * nor map the ids of a file system that is not its own (man 2 mount_setattr).
   */
  tree(step: MountStep, mount: Mount, options: MountOptions, pointer: string): Partial<MountStep> {
    if (this.context.host.euid !== 0) return this.idmap(mount, options, pointer);
    const idmap = this.mappings(mount, options, pointer);
    if (idmap === null && this.context.userNamespace === 'none') return {};
    const idmapRecursive = options.idmap === 'ridmap';
    const { source, destination } = step;
    const propagation = cutOff(this.linux?.rootfsPropagation, this.context.userNamespace);
    const tree = this.trees.push({ source, destination, recursive: step.kind === 'rbind', propagation, idmap, idmapRecursive }) - 1;
    return { tree, treeIfDenied: idmap === null };
  }

  /** Mappings that init gives the mount itself. */
  idmap(mount: Mount, options: MountOptions, pointer: string): Partial<MountStep> {
    const idmap = this.mappings(mount, options, pointer);
    return idmap === null ? {} : { idmap: this.slot(idmap), idmapRecursive: options.idmap === 'ridmap' };
  }

  private mappings(mount: Mount, options: MountOptions, pointer: string): TreePlan['idmap'] {
    const uids = mount.uidMappings ?? [];
    const gids = mount.gidMappings ?? [];
    if ((uids.length === 0) !== (gids.length === 0)) {
      throw new TsrunError(`${pointer}: uidMappings and gidMappings need each other`);
    }
    if (uids.length > 0) return { uidMap: idMapText(uids), gidMap: idMapText(gids) };
    if (options.idmap === null) return null;
    switch (this.context.userNamespace) {
      case 'none':
        throw new TsrunError(`${pointer}/options: ${options.idmap} needs mappings, or a container with a user namespace`);
      case 'joined':
        return { path: this.linux?.namespaces?.find(({ type }) => type === 'user')?.path ?? '' };
      case 'new':
        return { uidMap: idMapText(this.linux?.uidMappings ?? []), gidMap: idMapText(this.linux?.gidMappings ?? []) };
    }
  }

  private slot(idmap: IdMaps | { readonly path: string }): string {
    if ('path' in idmap) return 'namespace.user';
    const { uidMap, gidMap } = idmap;
    const key = `${uidMap}:${gidMap}`;
    let name = this.names.get(key);
    if (name === undefined) {
      name = `idmap.${this.slots.length}`;
      this.names.set(key, name);
      this.slots.push({ name, open: 'userNamespace', uidMap, gidMap });
    }
    return name;
  }
}

/**
 * The runtime's copy of a mount is one with the host's. It gets what the copies in init's mount namespace have by then: by
 * the first step (planRootfs), and in a user namespace by the kernel, which lets nothing through to the outside (man 7
 * mount_namespaces).
 */
function cutOff(word: string | undefined, userNamespace: UserNamespaceKind): number {
  const flags = PROPAGATION.get(word ?? '') ?? MS_SLAVE;
  if ((flags & MS_SHARED) !== 0) return userNamespace === 'none' ? 0 : MS_SLAVE | MS_REC;
  return ((flags & (MS_PRIVATE | MS_UNBINDABLE)) === 0 ? MS_SLAVE : MS_PRIVATE) | MS_REC;
}
