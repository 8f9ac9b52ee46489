import { TsrunError } from '../errors.js';
import type { IdMapping, Namespace, NamespaceType, Spec, TimeOffset } from '../spec/types.js';
import type { Host } from './host.js';
import type { IdMaps, Slot } from './plan.js';
import type { Step } from './steps.js';

/** man 2 clone, include/uapi/linux/sched.h */
export const CLONE_FLAG: Readonly<Record<NamespaceType, number>> = {
  time: 0x00000080,
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
};

export interface NamespacePlan {
  /** For the clone that makes the first process. */
  readonly cloneFlags: number;
  /** The pid namespace is a given one: in it are processes already, so that it is entered last of all, by a fork. */
  readonly lastFork: boolean;
  /** For that fork, once no other child is made: hooks have the host's root, and are not to be seen in there. */
  readonly lastJoin: readonly Step[];
  readonly idMaps: IdMaps | null;
  /** For /proc/PID/timens_offsets, should init ask for it. */
  readonly timeOffsets: string;
  readonly slots: readonly Slot[];
  readonly steps: readonly Step[];
}

/** How the container's user namespace comes about. */
export type UserNamespaceKind = 'none' | 'new' | 'joined';

export function namespaceOf(spec: Spec, type: NamespaceType): Namespace | undefined {
  return spec.linux?.namespaces?.find((namespace) => namespace.type === type);
}

/** Whether the container is in a pid namespace that is given, and has processes in it. */
export function joinsOthers(spec: Spec): boolean {
  return (namespaceOf(spec, 'pid')?.path ?? '') !== '';
}

export function userNamespaceKind(spec: Spec): UserNamespaceKind {
  const namespace = namespaceOf(spec, 'user');
  if (namespace === undefined) return 'none';
  return namespace.path === undefined || namespace.path === '' ? 'new' : 'joined';
}

/** `inside outside count` a line, as /proc/PID/uid_map takes it (man 7 user_namespaces). */
export function idMapText(mappings: readonly IdMapping[]): string {
  return mappings.map((mapping) => `${mapping.containerID} ${mapping.hostID} ${mapping.size}\n`).join('');
}

/** The id outside of a user namespace with these mappings that `id` inside stands for; null: there is none. */
export function hostId(id: number, mappings: readonly IdMapping[]): number | null {
  const range = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return range ? range.hostID + (id - range.containerID) : null;
}

/** `clock seconds nanoseconds` a line, as /proc/self/timens_offsets takes it (man 7 time_namespaces). */
function timeOffsetsText(spec: Spec): string {
  const { monotonic, boottime } = spec.linux?.timeOffsets ?? {};
  const line = (clock: string, offset: TimeOffset | undefined) =>
    offset === undefined ? '' : `${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n`;
  return line('monotonic', monotonic) + line('boottime', boottime);
}

/**
 * The namespaces of a new container. In the usual case one clone is enough: the pid and user namespaces come with it, and
 * init unshares the rest (so that our thread goes on while the kernel builds them). A second clone, made by init itself, is needed
 * when something can only be had by a child of a process that is already elsewhere: a new time namespace; a new user namespace
 * beside namespaces that belong to the one outside. With a given pid namespace that second clone is the very last step, since the
 * processes in there see the child, and may have CAP_SYS_PTRACE.
 */
export function planNamespaces(spec: Spec, host: Host): NamespacePlan {
  const namespaces = spec.linux?.namespaces ?? [];
  const slots: Slot[] = [];
  const joins: Step[] = [];
  let fresh = 0;
  for (const { type, path } of namespaces) {
    if (path === undefined || path === '') {
      fresh += CLONE_FLAG[type];
      continue;
    }
    const slot = `namespace.${type}`;
    slots.push({ name: slot, open: 'namespace', path, flag: CLONE_FLAG[type] });
    joins.push({ op: 'join', slot, flag: CLONE_FLAG[type], type, late: true });
  }
  const has = (type: NamespaceType) => (fresh & CLONE_FLAG[type]) !== 0;
  const user = userNamespaceKind(spec);
  const lastFork = joinsOthers(spec);
  const shows: Step[] = lastFork ? [{ op: 'pidNamespace', slot: 'namespace.pid' }] : [];
  const isPid = (step: Step): boolean => step.op === 'join' && step.type === 'pid';
  // From a new user namespace nothing outside can be joined any more.
  const atOnce = user === 'new';
  const lastJoin = atOnce ? [] : joins.filter(isPid);
  const otherJoins = [
    ...(atOnce ? shows : []),
    ...joins.filter((step) => step.op === 'join' && step.type !== 'user' && (atOnce || !isPid(step))),
  ];
  const twoStage = has('time') || lastFork || (user === 'joined' && has('pid')) || (user === 'new' && otherJoins.length > 0);

  const idMaps = user === 'new' ? idMapsOf(spec, host) : null;
  const birth = CLONE_FLAG.pid + CLONE_FLAG.user;
  // The cgroup namespace's root is the cgroup of whoever makes it, so it must be made by a process that is in it; the
  // time namespace is entered by children only.
  const atBirth = fresh & birth;
  const cgroup = fresh & CLONE_FLAG.cgroup;
  const later = fresh & ~birth & ~CLONE_FLAG.cgroup & ~CLONE_FLAG.time;
  const unshare = (flags: number): Step[] => (flags === 0 ? [] : [{ op: 'unshare', flags }]);
  const offsets = timeOffsetsText(spec);
  // What is undumpable finds its own files below /proc owned by the machine's root, who it no longer is in a user namespace.
  const asked = user !== 'none' && host.euid === 0 && !host.inUserNamespace;
  const timeSteps: Step[] = has('time')
    ? [
        ...unshare(CLONE_FLAG.time),
        ...(offsets === ''
          ? []
          : [asked ? ({ op: 'ask', what: 'timeOffsets' } as const) : ({ op: 'timeOffsets', text: offsets } as const)]),
      ]
    : [];
  const joinUser = joins.filter((step) => step.op === 'join' && step.type === 'user').map((step) => ({ ...step, late: false }) as Step);
  const rest: Step[] = otherJoins.length > 0 ? [{ op: 'joinRest' }] : [];

  if (!twoStage) {
    const idmap: Step[] = user === 'none' ? [] : [{ op: 'idmap' }];
    return {
      cloneFlags: atBirth,
      lastFork,
      lastJoin,
      idMaps,
      timeOffsets: offsets,
      slots,
      steps:
        user === 'joined'
          ? [...otherJoins, ...joinUser, ...rest, ...becomeRoot(), ...unshare(later | cgroup)]
          : [...idmap, ...otherJoins, ...rest, ...unshare(later | cgroup)],
    };
  }
  return {
    cloneFlags: 0,
    lastFork,
    lastJoin,
    idMaps,
    timeOffsets: offsets,
    slots,
    steps: [
      ...otherJoins,
      ...joinUser,
      ...(user === 'new' ? [...unshare(CLONE_FLAG.user), { op: 'idmap' } as const] : []),
      ...(user === 'joined' ? becomeRoot() : []),
      ...rest,
      ...timeSteps,
      ...(lastFork ? [] : [{ op: 'fork', flags: fresh & CLONE_FLAG.pid } as const]),
      ...unshare(later | cgroup),
      ...(atOnce ? [] : shows),
    ],
  };
}

function becomeRoot(): Step[] {
  return [{ op: 'becomeRoot' }];
}

/** The mappings asked for; an ordinary user who asks for none gets himself as root, as `unshare -r` does. */
function idMapsOf(spec: Spec, host: Host): IdMaps {
  const uids = spec.linux?.uidMappings ?? [];
  const gids = spec.linux?.gidMappings ?? [];
  if (uids.length > 0 && gids.length > 0) return { uidMap: idMapText(uids), gidMap: idMapText(gids) };
  if (host.euid === 0) throw new TsrunError('/linux/uidMappings: a new user namespace needs uidMappings and gidMappings');
  return { uidMap: `0 ${host.euid} 1\n`, gidMap: `0 ${host.egid} 1\n` };
}
