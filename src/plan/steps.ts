/**
 * The steps that the container's first process (tsrun-init) carries out, in the order of the plan. Native code has one
 * function a step, of the same name (native/init/steps.cc); the wire order of the arguments is in encode.ts.
 *
 * A `slot` names a descriptor that the host opens and hands over; the plan lists them in `Plan.slots`.
 */

/** Number of a Linux flag word (CLONE_*, MS_*, MOUNT_ATTR_*): unsigned, up to 2^53. */
export type Flags = number;

/** A mount as the kernel's mount API takes it (man 2 fsopen, open_tree, mount_setattr, move_mount). */
export interface MountStep {
  readonly op: 'mount';
  /** Absolute, inside the container. */
  readonly destination: string;
  /** `new`: a file system of `type`; `bind`/`rbind`: the tree at `source` (a host path); `remount`: change what is mounted there. */
  readonly kind: 'new' | 'bind' | 'rbind' | 'remount';
  readonly type: string;
  readonly source: string;
  /** A bind: `source` is a path inside the root, where the mounts before this one are seen. */
  readonly inside: boolean;
  /** A bind: number of the one of `Plan.trees` that the runtime opens in our place; -1: none. */
  readonly tree: number;
  /** Only where we may not open `source`: if we can, the kernel keeps the flags that the host has on it locked for us. */
  readonly treeIfDenied: boolean;
  /** MOUNT_ATTR_* to set and clear on this mount. */
  readonly set: Flags;
  readonly clear: Flags;
  /** A bind: MOUNT_ATTR_* that the source may have and nobody asked for: cleared too, unless one of them is locked by the kernel. */
  readonly replace: Flags;
  /** MOUNT_ATTR_* to set and clear on it and all mounts below. */
  readonly setRecursive: Flags;
  readonly clearRecursive: Flags;
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, each with or without MS_REC, applied in this order. */
  readonly propagation: readonly Flags[];
  /** tmpfs: start with what the directory below holds. */
  readonly copyUp: boolean;
  /** Slot of a user namespace whose mappings the mount gets; empty: none. */
  readonly idmap: string;
  readonly idmapRecursive: boolean;
  /** File-system options: `key=value`, or `key` alone. */
  readonly data: readonly string[];
}

/** The filter and the capabilities of a program that init starts besides the user's. */
export interface Confinement {
  /** It gets the filter that the step `filter` reads. */
  readonly filtered: boolean;
  /** SECCOMP_FILTER_FLAG_*. */
  readonly flags: Flags;
  /** Behind the filter these sets are its, where init itself keeps CAP_SYS_ADMIN to load its own with. */
  readonly lower: boolean;
  readonly effective: string;
  readonly permitted: string;
  readonly inheritable: string;
}

export type Step =
  // native/ns
  | { readonly op: 'join'; readonly slot: string; readonly flag: Flags; readonly type: string; readonly late: boolean }
  | { readonly op: 'joinRest' }
  | { readonly op: 'joinProcess'; readonly slot: string; readonly flags: Flags }
  | { readonly op: 'unshare'; readonly flags: Flags }
  | { readonly op: 'idmap' }
  | { readonly op: 'becomeRoot' }
  | { readonly op: 'timeOffsets'; readonly text: string }
  | { readonly op: 'fork'; readonly flags: Flags }
  | { readonly op: 'pidNamespace'; readonly slot: string }
  | { readonly op: 'forget' }
  | { readonly op: 'enterPidNamespace'; readonly terminal: boolean; readonly start: string }
  | { readonly op: 'loopback' }
  | { readonly op: 'hostname'; readonly name: string }
  | { readonly op: 'domainname'; readonly name: string }
  // native/rootfs
  | { readonly op: 'propagation'; readonly flags: Flags }
  | { readonly op: 'root'; readonly path: string; readonly clone: boolean; readonly slave: boolean }
  | MountStep
  | {
      readonly op: 'device';
      readonly path: string;
      readonly type: 'c' | 'b' | 'p';
      readonly major: number;
      readonly minor: number;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      /** It must be there already: nothing is made. */
      readonly found: boolean;
    }
  | {
      readonly op: 'bindDevice';
      readonly path: string;
      /** The host's node. */
      readonly source: string;
      readonly type: 'c' | 'b';
      readonly major: number;
      readonly minor: number;
      /** Number of the one of `Plan.devices` that the runtime makes in place of `source`; -1: none. */
      readonly made: number;
    }
  | { readonly op: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly op: 'console';
      readonly slot: string;
      readonly rows: number;
      readonly columns: number;
      readonly uid: number;
      readonly bind: boolean;
    }
  | { readonly op: 'mask'; readonly path: string }
  | { readonly op: 'readonlyPath'; readonly path: string }
  | { readonly op: 'sysctl'; readonly path: string; readonly value: string }
  | { readonly op: 'makeDirectory'; readonly path: string }
  | { readonly op: 'pivotRoot' }
  | { readonly op: 'moveRoot' }
  | { readonly op: 'chroot' }
  | { readonly op: 'rootPropagation'; readonly flags: Flags }
  | { readonly op: 'rootReadonly' }
  | { readonly op: 'currentRoot' }
  // native/process
  | { readonly op: 'undumpable' }
  | { readonly op: 'session'; readonly terminal: boolean }
  /** `cpus`: a mask (mask.ts), empty for all; `kind` is `initial` or `final`, and `list` what the config has for it. */
  | { readonly op: 'affinity'; readonly kind: string; readonly list: string; readonly cpus: readonly string[] }
  /** `fresh`: made, of that name; else joined. */
  | { readonly op: 'keyring'; readonly name: string; readonly fresh: boolean }
  | { readonly op: 'rlimit'; readonly resource: number; readonly soft: string; readonly hard: string }
  | { readonly op: 'personality'; readonly persona: Flags }
  /** `nodes`: a mask (mask.ts). */
  | { readonly op: 'memoryPolicy'; readonly name: string; readonly mode: number; readonly nodes: readonly string[] }
  | {
      readonly op: 'scheduler';
      readonly policy: number;
      readonly flags: Flags;
      readonly nice: number;
      readonly priority: number;
      readonly runtime: string;
      readonly deadline: string;
      readonly period: string;
    }
  | { readonly op: 'ioPriority'; readonly value: number }
  | { readonly op: 'apparmor'; readonly profile: string }
  | { readonly op: 'selinux'; readonly label: string }
  | { readonly op: 'home'; readonly uid: number }
  | { readonly op: 'bounding'; readonly set: string }
  | {
      readonly op: 'user';
      readonly uid: number;
      readonly gid: number;
      readonly groups: readonly number[];
      readonly setgroups: boolean;
      readonly umask: number;
    }
  | {
      readonly op: 'capabilities';
      readonly effective: string;
      readonly permitted: string;
      readonly inheritable: string;
      readonly ambient: string;
    }
  | { readonly op: 'capset'; readonly effective: string; readonly permitted: string; readonly inheritable: string }
  | { readonly op: 'cwd'; readonly path: string; readonly early: boolean }
  | { readonly op: 'noNewPrivileges' }
  | {
      readonly op: 'program';
      readonly args: readonly string[];
      readonly env: readonly string[];
      readonly preserved: number;
      readonly home: boolean;
    }
  | ({
      readonly op: 'hook';
      readonly kind: string;
      readonly index: number;
      readonly path: string;
      readonly args: readonly string[];
      readonly env: readonly string[];
      /** Milliseconds; 0: none. */
      readonly timeout: number;
      /** Its environment is the program's, of the step `program`, and not `env`. */
      readonly programEnv: boolean;
      /** It begins in the container's root directory, and not where we are. */
      readonly inRoot: boolean;
    } & Confinement)
  // native/seccomp
  | { readonly op: 'filter'; readonly slot: string }
  | {
      readonly op: 'seccomp';
      readonly flags: Flags;
      /** The slot of the connection that its listener goes over; empty: none. */
      readonly listener: string;
      /** Its listener goes to the runtime. */
      readonly handOver: boolean;
      /** The filter lets through what it takes to send that. */
      readonly direct: boolean;
      /** The filter may block the report of a step that fails behind it. */
      readonly mayBlockReport: boolean;
    }
  // native/init: the conversation with the runtime
  | { readonly op: 'ask'; readonly what: string }
  | { readonly op: 'ready' }
  | { readonly op: 'begin' }
  | { readonly op: 'seal'; readonly start: string; readonly listener: string }
  | { readonly op: 'exec' }
  | { readonly op: 'fail'; readonly errno: number };

/** What the host does around them, and the descriptors it must hand over. */
export type Op = Step['op'];
