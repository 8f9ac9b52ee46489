import { append } from '../append.js';
import { TsrunError } from '../errors.js';
import type { Spec } from '../spec/types.js';
import { MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, PROPAGATION } from './mount-options.js';
import { planDevices } from './device-nodes.js';
import { planMounts } from './mounts.js';
import type { MountContext } from './mounts.js';
import { cleanPath } from '../spec/paths.js';
import { joinPath } from './paths.js';
import type { NodePlan, Slot, TreePlan } from './plan.js';
import type { Step } from './steps.js';

export interface RootfsContext extends MountContext {
  /** The container has a mount namespace other than the runtime's. */
  readonly mountNamespace: boolean;
  /** MS_MOVE and chroot in place of pivot_root (`--no-pivot`: the root is an initramfs). */
  readonly noPivot: boolean;
}

export interface RootfsPlan {
  readonly steps: readonly Step[];
  /** What is left for `planRootfsEnd`: mounts that become read-only. */
  readonly late: readonly Step[];
  readonly slots: readonly Slot[];
  readonly trees: readonly TreePlan[];
  readonly devices: readonly NodePlan[];
}

const LINKS: readonly Step[] = (
  [
    ['/dev/ptmx', 'pts/ptmx'],
    ['/dev/fd', '/proc/self/fd'],
    ['/dev/stdin', '/proc/self/fd/0'],
    ['/dev/stdout', '/proc/self/fd/1'],
    ['/dev/stderr', '/proc/self/fd/2'],
  ] as const
).map(([path, target]) => ({ op: 'symlink', path, target }));

const CORE: Step = { op: 'symlink', path: '/dev/core', target: '/proc/kcore' };

/** From the runtime's view of the file system to a complete tree for the container, before the createContainer hooks. */
export function planRootfs(spec: Spec, context: RootfsContext): RootfsPlan {
  if (spec.root === undefined) throw new TsrunError('/root: must be given');
  // a slash at the end would have a symlink followed
  const path = joinPath(context.bundle, spec.root.path).replace(/(?<=.)\/+$/, '');
  if (!context.mountNamespace) {
    refuseWithoutMountNamespace(spec);
    return { steps: [{ op: 'root', path, clone: false, slave: false }], late: [], slots: [], trees: [], devices: [] };
  }
  const mounts = planMounts(spec, context);
  const devices = planDevices(spec, context);
  return {
    steps: [
      { op: 'propagation', flags: firstPropagation(spec, context) },
      { op: 'root', path, clone: true, slave: ((PROPAGATION.get(spec.linux?.rootfsPropagation ?? '') ?? 0) & MS_SLAVE) !== 0 },
      ...mounts.steps,
      ...devices.steps,
      ...(devices.bound ? [] : LINKS),
      // as runc does: a kernel without it (CONFIG_PROC_KCORE) would leave a link to nothing
      ...(devices.bound || !context.host.kcore ? [] : [CORE]),
    ],
    late: mounts.late,
    slots: mounts.slots,
    trees: mounts.trees,
    devices: devices.made,
  };
}

/** What is done to the finished tree, and the move into it: after the createContainer hooks. `late` is from `planRootfs`. */
export function planRootfsEnd(spec: Spec, context: RootfsContext, late: readonly Step[]): Step[] {
  const { sysctl, readonlyPaths, maskedPaths, rootfsPropagation } = spec.linux ?? {};
  const steps: Step[] = Object.entries(sysctl ?? {}).map(([name, value]) => ({ op: 'sysctl', path: sysctlPath(name), value }));
  const cwd = cleanPath(spec.process?.cwd ?? '/');
  if (cwd !== '/') steps.push({ op: 'makeDirectory', path: cwd });
  if (!context.mountNamespace) return [...steps, { op: 'chroot' }];
  append(steps, late);
  for (const path of readonlyPaths ?? []) steps.push({ op: 'readonlyPath', path });
  for (const path of maskedPaths ?? []) steps.push({ op: 'mask', path });
  steps.push({ op: context.noPivot ? 'moveRoot' : 'pivotRoot' });
  // Only now: the kernel moves no mount into or out of a shared one (man 2 pivot_root).
  if (rootfsPropagation !== undefined && rootfsPropagation !== '')
    steps.push({ op: 'rootPropagation', flags: PROPAGATION.get(rootfsPropagation) ?? 0 });
  if (spec.root?.readonly === true) steps.push({ op: 'rootReadonly' });
  return steps;
}

function refuseWithoutMountNamespace(spec: Spec): void {
  const refused: [boolean, string][] = [
    [(spec.mounts ?? []).length > 0, '/mounts'],
    [(spec.linux?.maskedPaths ?? []).length > 0, '/linux/maskedPaths'],
    [(spec.linux?.readonlyPaths ?? []).length > 0, '/linux/readonlyPaths'],
    [(spec.linux?.devices ?? []).length > 0, '/linux/devices'],
    [(spec.linux?.rootfsPropagation ?? '') !== '', '/linux/rootfsPropagation'],
    [spec.root?.readonly === true, '/root/readonly'],
  ];
  for (const [present, pointer] of refused) {
    if (present) throw new TsrunError(`${pointer}: needs a mount namespace`);
  }
}

/**
 * How the runtime's mounts are cut off from the host's before anything is mounted. Shared stays shared, since the user
 * wants the container's mounts to reach the host; everything else is done to all mounts, or those below would stay shared.
 */
function firstPropagation(spec: Spec, context: RootfsContext): number {
  const word = spec.linux?.rootfsPropagation ?? '';
  const flags = word === '' ? MS_SLAVE : PROPAGATION.get(word);
  if (flags === undefined) throw new TsrunError(`/linux/rootfsPropagation: unknown, is "${word}"`);
  if ((flags & MS_SHARED) !== 0) return flags;
  if (context.noPivot && (flags & MS_PRIVATE) !== 0) {
    // Without pivot_root the host's mounts stay below the container's root and must follow what the host unmounts.
    throw new TsrunError('/linux/rootfsPropagation: private is not safe without pivot_root');
  }
  // Of an unbindable mount nothing could be bound into the container.
  return ((flags & MS_UNBINDABLE) !== 0 ? MS_PRIVATE : flags) | MS_REC;
}

/**
 * The file below /proc/sys of a sysctl. `.` and `/` both separate; the first one in the name says which does, and the
 * other is then its stand-in inside a component, as sysctl(8) has it: `net.ipv4.conf.eth0/100.mtu`.
 */
function sysctlPath(name: string): string {
  const path = /^[^/]*\./.test(name) ? name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.')) : name;
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new TsrunError(`/linux/sysctl: not a name of a kernel parameter: "${name}"`);
  }
  return path;
}
