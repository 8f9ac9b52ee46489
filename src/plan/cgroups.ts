/** The container's cgroup: where it is, what is written into its files, which devices it may use, who owns it. */
import { append } from '../append.js';
import { DEFAULT_PARENT } from '../cgroups/default.js';
import { TsrunError } from '../errors.js';
import type { Linux, Resources, Spec } from '../spec/types.js';
import { planDeviceFilter } from './devices.js';
import { cleanPath } from '../spec/paths.js';
import type { Host } from './host.js';
import { hostId } from './namespaces.js';
import type { CgroupPlan, CgroupWrite } from './plan.js';
import { cpuWarnings, cpuWrites } from './resources/cpu.js';
import { cpusetWrites } from './resources/cpuset.js';
import { hugetlbWrites } from './resources/hugetlb.js';
import { ioWrites } from './resources/io.js';
import { memoryWrites } from './resources/memory.js';
import { pidsWrites } from './resources/pids.js';
import { rdmaWrites } from './resources/rdma.js';
import { unifiedWrites } from './resources/unified.js';
import { planUnit } from './systemd.js';

export type CgroupManager = 'cgroupfs' | 'systemd' | 'disabled';

/** What a host without cgroup v2 is told. */
export const NO_CGROUP2 =
  'this host has no cgroup v2: boot it with systemd.unified_cgroup_hierarchy=1 (or cgroup_no_v1=all), or mount cgroup2 on /sys/fs/cgroup/unified';

export interface ResourcesPlan {
  /** In the order the kernel wants them; `unified` last, so that it has the last word. */
  readonly writes: readonly CgroupWrite[];
  readonly warnings: readonly string[];
}

/** What hosts without a controller are told about. */
const HOST = "this host's cgroup v2";

/**
 * The files, whether this host has them or not. Memory comes after all others: a limit below what is in use ends processes, and
 * that cannot be undone when a later write fails.
 */
function translate(resources: Resources): ResourcesPlan {
  const writes: CgroupWrite[] = [];
  const warnings: string[] = [];
  if (resources.cpu) {
    append(writes, cpusetWrites(resources.cpu));
    append(writes, cpuWrites(resources.cpu));
    append(warnings, cpuWarnings(resources.cpu));
  }
  if (resources.blockIO) append(writes, ioWrites(resources.blockIO));
  if (resources.pids) append(writes, pidsWrites(resources.pids));
  if (resources.hugepageLimits) append(writes, hugetlbWrites(resources.hugepageLimits));
  if (resources.rdma) append(writes, rdmaWrites(resources.rdma));
  if (resources.memory) append(writes, memoryWrites(resources.memory));
  if (resources.unified) append(writes, unifiedWrites(resources.unified));
  return { writes, warnings };
}

/**
 * The cgroup files that `resources` asks for, without the devices. Throws when one needs a controller that is not among
 * `controllers` (a `cgroup.controllers`, by default that of the cgroup v2 mount: `where`; null: there are all).
 */
export function planResources(resources: Resources, controllers: readonly string[] | null, where = HOST): ResourcesPlan {
  const plan = translate(resources);
  if (controllers === null) return plan;
  const missing = plan.writes.find(({ controller }) => controller !== '' && !controllers.includes(controller));
  if (missing) {
    const has = controllers.length > 0 ? `it has: ${controllers.join(' ')}` : 'it has none';
    throw new TsrunError(`${missing.pointer}: ${where} has no "${missing.controller}" controller (${has})`);
  }
  return plan;
}

/**
 * Beside the runtime's own cgroup, not below: cgroup v2 lets only those cgroups have controllers for others that have no
 * processes themselves.
 */
function besideOwn(host: Host, name: string): string {
  return cleanPath(`${cleanPath(`${host.ownCgroup}/..`)}/${cleanPath(name)}`);
}

/**
 * `linux.cgroupsPath` below the cgroup mount: an absolute one counts from the mount, a relative one from the parent of the
 * runtime's own cgroup. systemd's form `slice:prefix:name` is just a name here. Without one: `/tsrun/ID`, or beside the
 * runtime's own cgroup when the caller is not root.
 */
function cgroupPath(linux: Linux, id: string, host: Host, rootless: boolean): string {
  const path = linux.cgroupsPath ?? '';
  if (path === '') return rootless ? besideOwn(host, `tsrun-${id}`) : `${DEFAULT_PARENT}/${id}`;
  if (path.includes('\0') || path.includes('\n')) throw new TsrunError('/linux/cgroupsPath: contains a NUL byte or a line break');
  const clean = path.startsWith('/') ? cleanPath(path) : besideOwn(host, path);
  if (clean === '/') throw new TsrunError(`/linux/cgroupsPath: ${path} is the root of all cgroups`);
  return clean;
}

/**
 * Whose the cgroup becomes: the container's user, if the container sees the cgroup as the root of its own cgroup namespace
 * and may write there (runtime-spec config-linux.md, "Cgroup ownership"); null leaves it the caller's.
 */
function cgroupOwner(spec: Spec, linux: Linux, host: Host): CgroupPlan['owner'] {
  const own = linux.namespaces?.some(({ type, path }) => type === 'cgroup' && !path) ?? false;
  const mount = spec.mounts?.findLast(({ destination }) => cleanPath(destination) === '/sys/fs/cgroup');
  const isCgroup = mount?.type === 'cgroup' || mount?.type === 'cgroup2';
  const readonly = mount?.options?.findLast((option) => option === 'ro' || option === 'rw') === 'ro';
  if (!own || !isCgroup || readonly) return null;
  const uid = spec.process?.user?.uid ?? 0;
  const user = linux.namespaces?.find(({ type }) => type === 'user');
  // the mappings of a user namespace that someone else made are not known here
  const outside = user === undefined ? uid : user.path ? null : hostId(uid, linux.uidMappings ?? []);
  if (outside === null || outside === host.euid) return null;
  // nobody but root gives a file away
  return host.euid === 0 ? { uid: outside, gid: -1 } : null;
}

/**
 * What is done about the container's cgroup; null: nothing, it stays in the caller's. Throws when the config asks for
 * something this host's cgroup v2, or the chosen manager, cannot give.
 */
export function planCgroup(spec: Spec, id: string, host: Host, manager: CgroupManager): CgroupPlan | null {
  const linux = spec.linux ?? {};
  const resources = linux.resources ?? {};
  const rootless = host.euid !== 0 || host.inUserNamespace;
  if (manager === 'disabled' || (host.cgroupMount === null && rootless && manager !== 'systemd')) {
    const asked = translate(resources).writes[0];
    if (asked === undefined) return null;
    const why = manager === 'disabled' ? 'the cgroup manager is "disabled"' : NO_CGROUP2;
    throw new TsrunError(`${asked.pointer}: cannot set limits without cgroups: ${why}`);
  }
  if (host.cgroupMount === null) throw new TsrunError(NO_CGROUP2);
  const { writes, warnings } = planResources(resources, host.controllers);
  const place = manager === 'systemd' ? planUnit(spec, id, host) : { path: cgroupPath(linux, id, host, rootless) };
  return {
    ...place,
    // all there are: the ones without a limit still count, for statistics and later updates
    controllers: host.controllers,
    writes,
    deviceFilter: planDeviceFilter(resources.devices ?? []),
    deviceFilterOptional: rootless && ((resources.devices ?? []).length > 0 ? 'warn' : 'silent'),
    owner: cgroupOwner(spec, linux, host),
    optional: rootless && writes.length === 0 && manager !== 'systemd',
    warnings,
  };
}
