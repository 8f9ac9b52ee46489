import type { Step } from './steps.js';
import type { BusVariant } from './systemd/value.js';

/** A descriptor the host opens before the container's first process is made; steps refer to it by `name`. */
export type Slot =
  | { readonly name: string; readonly open: 'namespace'; readonly path: string; readonly flag: number }
  | { readonly name: string; readonly open: 'listen' }
  | { readonly name: string; readonly open: 'console' }
  | { readonly name: string; readonly open: 'seccomp' }
  | { readonly name: string; readonly open: 'process' }
  /** A connection to the unix stream socket at `path`. */
  | { readonly name: string; readonly open: 'connect'; readonly path: string }
  | { readonly name: string; readonly open: 'userNamespace'; readonly uidMap: string; readonly gidMap: string };

/** A value to be written to one file of the container's cgroup. */
export interface CgroupWrite {
  /** File name below the cgroup: `memory.max`. */
  readonly file: string;
  readonly value: string;
  /** The controller the file belongs to; empty for the core's files. */
  readonly controller: string;
  /** The config's property, for the error text: `/linux/resources/memory/limit`. */
  readonly pointer: string;
  /** What to write when this kernel has no such file, or the file nothing to say about this device. */
  readonly instead?: { readonly file: string; readonly value: string };
  /** Names of errno with which the write may fail without harm. */
  readonly tolerate?: readonly string[];
  /** The write is refused unless `limit` is above the sum of the numbers that `files` hold; `what` names it in the refusal. */
  readonly above?: { readonly files: readonly string[]; readonly limit: string; readonly what: string };
}

/** A property of a systemd unit (man 5 org.freedesktop.systemd1). */
export interface UnitProperty extends BusVariant {
  readonly name: string;
  /** The first version of systemd that knows it in this form, where that matters. */
  readonly since?: number;
}

/** The unit that systemd makes for a container, and with it the cgroup. */
export interface UnitPlan {
  /** `docker-c1.scope` */
  readonly name: string;
  readonly slice: string;
  /** Made by the caller's own service manager, not by the system's. */
  readonly user: boolean;
  /** The container's cgroup below that of the unit; empty: the unit's own. */
  readonly subgroup: string;
  /** All but the processes. */
  readonly properties: readonly UnitProperty[];
}

export interface CgroupPlan {
  /** Below the cgroup v2 mount, absolute, cleaned: `/tsrun/c1`. With a unit below the cgroup of the service manager. */
  readonly path: string;
  /** systemd makes it, for this unit; without one we do. */
  readonly unit?: UnitPlan;
  /** Controllers to enable on the way down. */
  readonly controllers: readonly string[];
  readonly writes: readonly CgroupWrite[];
  /** eBPF of the device filter; null when every device is allowed. */
  readonly deviceFilter: Uint8Array | null;
  /** The filter is left out where the kernel forbids bpf(2): in a user namespace. `warn`: not without a word, since the config lists rules. */
  readonly deviceFilterOptional: false | 'warn' | 'silent';
  /** The container's user (host ids; gid -1: as it is) becomes the cgroup's owner; null leaves it. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /** Nothing was asked of it: the container goes without where the caller may not make it (rootless). */
  readonly optional: boolean;
  readonly warnings: readonly string[];
}

export interface RlimitPlan {
  readonly resource: number;
  readonly soft: string;
  readonly hard: string;
}

export interface IdMaps {
  /** As /proc/PID/uid_map wants it: lines of `inside outside count`. */
  readonly uidMap: string;
  readonly gidMap: string;
}

/** A tree of the host's files that init may not open or map itself: the runtime opens it when init asks for `tree NUMBER`. */
export interface TreePlan {
  /** Absolute path on the host. */
  readonly source: string;
  readonly destination: string;
  /** With the mounts below. */
  readonly recursive: boolean;
  /** MS_SLAVE or MS_PRIVATE with MS_REC: how it is cut off from the host's mounts; 0: not at all. */
  readonly propagation: number;
  /** The user namespace whose mappings it gets: one with these, or that at a path; null: none. */
  readonly idmap: IdMaps | { readonly path: string } | null;
  readonly idmapRecursive: boolean;
}

/** A device node that init may not make: the runtime does when init asks for `device NUMBER`. */
export interface NodePlan {
  /** In the container; where the runtime may make none either, the host's node there is taken. */
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  /** Of the host. */
  readonly uid: number;
  readonly gid: number;
}

/** A network device of the host that the runtime moves into the container when init asks for `netDevices`. */
export interface NetDevicePlan {
  readonly name: string;
  /** Its name there, which may be a template (`eth%d`). */
  readonly target: string;
}

/** Everything `create` is going to do, as data. */
export interface Plan {
  readonly slots: readonly Slot[];
  readonly trees: readonly TreePlan[];
  readonly devices: readonly NodePlan[];
  readonly netDevices: readonly NetDevicePlan[];
  /** CLONE_NEW* for the clone that makes the first process. */
  readonly cloneFlags: number;
  /** Mappings the host writes when init asks `idmap`; null without a new user namespace. */
  readonly idMaps: IdMaps | null;
  /** What the host writes to /proc/PID/timens_offsets when init asks `timeOffsets`. */
  readonly timeOffsets: string;
  readonly cgroup: CgroupPlan | null;
  readonly oomScoreAdj: number | null;
  /** Limits the host sets once init is ready, because init in its user namespace may not. */
  readonly hostLimits: readonly RlimitPlan[];
  /** The filter to compile, or take from the cache, for the slot `seccomp`. */
  readonly seccomp: SeccompPlan | null;
  readonly steps: readonly Step[];
  /** Things that were left out because this machine cannot give them, in words. */
  readonly warnings: readonly string[];
}

export interface SeccompPlan {
  /** Everything the filter depends on, as text: the cache's key. */
  readonly key: string;
  /** SECCOMP_FILTER_FLAG_* for the `seccomp` step. */
  readonly flags: number;
  /** The profile may forbid the system calls by which init reports that the program cannot be executed, and exits. */
  readonly mayBlockReport: boolean;
  /** Where the descriptor of SCMP_ACT_NOTIFY goes; null when no rule notifies. */
  readonly listener: { readonly path: string; readonly metadata: string } | null;
  readonly request: import('../native.js').SeccompRequest;
}
