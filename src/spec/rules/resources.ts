import { each } from '../each.js';
import { pointerPart, refuse, show } from '../problem.js';
import type { BlockIO, Memory, Resources } from '../types.js';

/** Files of every cgroup that move, stop or divide it: the runtime's own business. */
const CORE_FILES: ReadonlySet<string> = new Set([
  'cgroup.procs',
  'cgroup.threads',
  'cgroup.kill',
  'cgroup.freeze',
  'cgroup.type',
  'cgroup.subtree_control',
]);

/** The rules of `resources`, in config.json and in the file of `update`; `pointer` is where they stand. */
export function checkResourceRules(resources: Resources, pointer: string): void {
  each(resources.devices, ({ access = '' }, index) => {
    if (access !== 'rwm' && !/^[rwm]*$/.test(access))
      refuse(`${pointer}/devices/${index}/access`, `must be of the letters "rwm", is ${show(access)}`);
  });
  if (resources.blockIO !== undefined) checkBlockIO(resources.blockIO, `${pointer}/blockIO`);
  checkHugepages(resources, `${pointer}/hugepageLimits`);
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(resources.rdma ?? {})) {
    const here = `${pointer}/rdma/${pointerPart(device)}`;
    // A line of rdma.max is the device and its limits, with blanks between.
    if (!/^[^\s\0]+$/.test(device)) refuse(here, 'is not the name of a device');
    if (hcaHandles === undefined && hcaObjects === undefined) refuse(here, 'must have at least one of hcaHandles and hcaObjects');
  }
  for (const file of Object.keys(resources.unified ?? {})) checkUnified(file, `${pointer}/unified/${pointerPart(file)}`);
}

/**
 * `swap` counts memory too: it needs a memory limit, and to be no smaller. For values that hold together: config.json, or
 * an update merged with what there was.
 */
export function checkSwap({ memory }: Resources, pointer: string): void {
  const { limit = 0, swap = 0 } = memory ?? {};
  if (swap <= 0) return;
  if (limit < 0) return;
  if (limit <= 0) refuse(`${pointer}/memory/swap`, 'needs a memory limit');
  if (swap < limit) refuse(`${pointer}/memory/swap`, `counts memory too: must be at least its limit ${show(limit)}, is ${show(swap)}`);
}

/** The kernel has no burst above the quota (kernel/sched/core.c, tg_set_cfs_bandwidth). For values that hold together, as above. */
export function checkBurst({ cpu }: Resources, pointer: string): void {
  const { quota = 0, burst = 0 } = cpu ?? {};
  if (quota > 0 && burst > quota) refuse(`${pointer}/cpu/burst`, `must not be above the quota ${show(quota)}, is ${show(burst)}`);
}

/** What cgroup v2 has no place for. */
export function warnAboutResources(resources: Resources, pointer: string, warnings: string[]): void {
  const ignored = (where: string): unknown => warnings.push(`${pointer}/${where}: ignored, cgroup v2 has no such setting`);
  const { classID, priorities } = resources.network ?? {};
  if (classID !== undefined || (priorities ?? []).length > 0) ignored('network');
  if (resources.memory !== undefined) warnAboutMemory(resources.memory, ignored);
  const { realtimeRuntime = 0, realtimePeriod = 0 } = resources.cpu ?? {};
  if (realtimeRuntime > 0) ignored('cpu/realtimeRuntime');
  if (realtimePeriod > 0) ignored('cpu/realtimePeriod');
  if (resources.blockIO?.leafWeight) ignored('blockIO/leafWeight');
  each(resources.blockIO?.weightDevice, ({ leafWeight }, index) => {
    if (leafWeight) ignored(`blockIO/weightDevice/${index}/leafWeight`);
  });
}

function warnAboutMemory(memory: Memory, ignored: (where: string) => unknown): void {
  const { kernel = 0, kernelTCP = 0, swappiness, disableOOMKiller, useHierarchy } = memory;
  if (kernel > 0) ignored('memory/kernel');
  if (kernelTCP > 0) ignored('memory/kernelTCP');
  if (swappiness !== undefined) ignored('memory/swappiness');
  if (disableOOMKiller === true) ignored('memory/disableOOMKiller');
  if (useHierarchy === false) ignored('memory/useHierarchy');
}

function checkBlockIO(blockIO: BlockIO, pointer: string): void {
  checkWeight(blockIO.weight, `${pointer}/weight`);
  checkWeight(blockIO.leafWeight, `${pointer}/leafWeight`);
  each(blockIO.weightDevice, ({ weight, leafWeight }, index) => {
    const here = `${pointer}/weightDevice/${index}`;
    if (weight === undefined && leafWeight === undefined) refuse(here, 'must have at least one of weight and leafWeight');
    checkWeight(weight, `${here}/weight`);
    checkWeight(leafWeight, `${here}/leafWeight`);
  });
}

/** 0 is no weight at all, as in the programs that always write one. */
function checkWeight(weight: number | undefined, pointer: string): void {
  if (weight !== undefined && weight !== 0 && (weight < 10 || weight > 1000)) refuse(pointer, `must be from 10 to 1000, is ${weight}`);
}

function checkHugepages({ hugepageLimits = [] }: Resources, pointer: string): void {
  const seen = new Set<string>();
  each(hugepageLimits, ({ pageSize }, index) => {
    const here = `${pointer}/${index}/pageSize`;
    if (!/^[1-9][0-9]*[KMG]B$/.test(pageSize)) refuse(here, `must be a size as "2MB" or "1GB", is ${show(pageSize)}`);
    if (seen.has(pageSize)) refuse(here, `${show(pageSize)} is given twice`);
    seen.add(pageSize);
  });
}

function checkUnified(file: string, pointer: string): void {
  if (/[/\s\0]/.test(file) || !/^[^.]+\../.test(file)) refuse(pointer, 'must be the name of a file of the cgroup, as "memory.high"');
  if (CORE_FILES.has(file)) refuse(pointer, 'is for the runtime only');
}
