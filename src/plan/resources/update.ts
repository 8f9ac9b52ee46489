/** What `update` does to a container's resources: the new ones, and what of them is to be written. Pure. */
import type { BlockIO, Cpu, HugepageLimit, Integer, Memory, Rdma, Resources } from '../../spec/types.js';
import { given } from './value.js';

export interface ResourceUpdate {
  /** All of the container's resources from now on; the devices are as they were. */
  readonly merged: Resources;
  /**
   * What was asked for, completed by the container's own values where one file holds both (the period of `cpu.max`) or one value
   * counts from another (swap includes memory). Nothing else: what others have set in the cgroup meanwhile stays.
   */
  readonly change: Resources;
}

/** The properties of which 0 asks for nothing, as engines send it for what was not given. */
const UNSET_BY_ZERO: ReadonlySet<string> = new Set(['limit', 'reservation', 'swap', 'shares', 'quota', 'period', 'weight', 'leafWeight']);

/** Leaves out what asks for nothing: undefined, empty text, and 0 where that is no value. */
function asked<T extends object>(part: T | undefined): Partial<T> {
  const entries = Object.entries(part ?? {}).filter(
    ([name, value]) => value !== undefined && value !== '' && !(UNSET_BY_ZERO.has(name) && !given(value as Integer)),
  );
  return Object.fromEntries(entries) as Partial<T>;
}

function updateMemory(current: Memory, update: Partial<Memory>): { merged: Memory; change: Memory } {
  const merged: { -readonly [K in keyof Memory]: Memory[K] } = { ...current, ...update };
  // no limit on memory lifts the one on memory and swap together
  if (update.limit !== undefined && update.limit < 0 && update.swap === undefined) delete merged.swap;
  if (update.limit === undefined && update.swap === undefined) return { merged, change: update };
  const { limit, swap, checkBeforeUpdate } = merged;
  return { merged, change: { ...update, limit, swap, checkBeforeUpdate } };
}

function updateCpu(current: Cpu, update: Partial<Cpu>): { merged: Cpu; change: Cpu } {
  const merged = { ...current, ...update };
  let change: Cpu = update;
  if (update.quota !== undefined || update.period !== undefined) change = { ...change, quota: merged.quota, period: merged.period };
  // the kernel forgets the weight of a cgroup that becomes idle (kernel/sched/fair.c, sched_group_set_idle)
  if (update.idle === 0) change = { ...change, shares: merged.shares };
  // and takes none while it is
  if (update.shares !== undefined) change = { ...change, ...(merged.idle === 1 ? { idle: 1 } : {}) };
  return { merged, change };
}

/** The entries of `current`, those of `update` with the same key in their place. */
function upsert<T extends object>(current: readonly T[] = [], update: readonly T[] = [], key: (entry: T) => string): T[] {
  const merged = new Map(current.map((entry) => [key(entry), entry]));
  for (const entry of update) merged.set(key(entry), { ...merged.get(key(entry)), ...asked(entry), ...zeroRate(entry) } as T);
  return [...merged.values()];
}

/** A rate of 0 lifts a throttle. */
function zeroRate(entry: object): object {
  return 'rate' in entry ? { rate: entry.rate } : {};
}

const DEVICE_LISTS = [
  'weightDevice',
  'throttleReadBpsDevice',
  'throttleWriteBpsDevice',
  'throttleReadIOPSDevice',
  'throttleWriteIOPSDevice',
] as const;

interface Device {
  readonly major: number;
  readonly minor: number;
}

function updateBlockIO(current: BlockIO, update: Partial<BlockIO>): BlockIO {
  const merged: Record<string, unknown> = { ...current, ...update };
  for (const list of DEVICE_LISTS) {
    if (update[list] === undefined) continue;
    merged[list] = upsert<Device>(current[list], update[list], ({ major, minor }) => `${major}:${minor}`);
  }
  return merged;
}

function updateRdma(current: Readonly<Record<string, Rdma>>, update: Readonly<Record<string, Rdma>>): Readonly<Record<string, Rdma>> {
  const merged = { ...current };
  for (const [device, limits] of Object.entries(update)) merged[device] = { ...merged[device], ...limits };
  return merged;
}

/** The resources of a container after an update, and what that writes. Devices are never touched. */
export function updateResources(current: Resources, update: Resources): ResourceUpdate {
  const merged: { -readonly [K in keyof Resources]: Resources[K] } = { ...current };
  const change: { -readonly [K in keyof Resources]: Resources[K] } = {};
  if (update.memory !== undefined) {
    const memory = updateMemory(current.memory ?? {}, asked(update.memory));
    merged.memory = memory.merged;
    change.memory = memory.change;
  }
  if (update.cpu !== undefined) {
    const cpu = updateCpu(current.cpu ?? {}, asked(update.cpu));
    merged.cpu = cpu.merged;
    change.cpu = cpu.change;
  }
  if (update.pids?.limit !== undefined) merged.pids = change.pids = { ...current.pids, ...update.pids };
  if (update.blockIO !== undefined) {
    merged.blockIO = updateBlockIO(current.blockIO ?? {}, asked(update.blockIO));
    change.blockIO = update.blockIO;
  }
  if (update.hugepageLimits !== undefined) {
    merged.hugepageLimits = upsertHugepages(current.hugepageLimits, update.hugepageLimits);
    change.hugepageLimits = update.hugepageLimits;
  }
  if (update.rdma !== undefined) {
    merged.rdma = updateRdma(current.rdma ?? {}, update.rdma);
    change.rdma = update.rdma;
  }
  if (update.network !== undefined) merged.network = { ...current.network, ...update.network };
  if (update.unified !== undefined) {
    merged.unified = { ...current.unified, ...update.unified };
    change.unified = update.unified;
  }
  return { merged, change };
}

/** 0 is a limit of huge pages. */
function upsertHugepages(current: readonly HugepageLimit[] = [], update: readonly HugepageLimit[]): HugepageLimit[] {
  const merged = new Map([...current, ...update].map((entry) => [entry.pageSize, entry]));
  return [...merged.values()];
}
