/** Opens the descriptors that a plan's steps refer to. */
import { native } from '../native.js';
import type { Plan, SeccompPlan, Slot } from '../plan/plan.js';

/** Where descriptors come from that only the operation knows. */
export interface SlotSources {
  /** Path for the socket on which a waiting init listens. */
  readonly start?: string;
  /** Connected socket that the terminal's master goes over; stays the operation's. */
  readonly console?: number;
  /** pidfd of the container's process; stays the operation's. */
  readonly process?: number;
  /** The compiled filter, if it is open already; stays the operation's. */
  readonly seccomp?: number;
  /** Directory of compiled filters. */
  readonly seccompCache: string;
}

export interface OpenSlots {
  /** By slot number. */
  readonly descriptors: readonly number[];
  readonly names: readonly string[];
  close(): void;
}

export function openSlots(plan: Plan, sources: SlotSources): OpenSlots {
  const descriptors: number[] = [];
  const owned: number[] = [];
  const close = (): void => {
    for (const fd of owned.splice(0)) native().close(fd);
  };
  try {
    for (const slot of plan.slots) {
      const shared = sharedSlot(slot, sources);
      const fd = shared ?? openSlot(slot, plan, sources);
      if (shared === undefined) owned.push(fd);
      descriptors.push(fd);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { descriptors, names: plan.slots.map((slot) => slot.name), close };
}

function sharedSlot(slot: Slot, sources: SlotSources): number | undefined {
  if (slot.open === 'console') return sources.console;
  if (slot.open === 'process') return sources.process;
  if (slot.open === 'seccomp') return sources.seccomp;
  return undefined;
}

function openSlot(slot: Slot, plan: Plan, sources: SlotSources): number {
  switch (slot.open) {
    case 'namespace':
      return native().openNamespace(slot.path, slot.flag);
    case 'userNamespace':
      return native().makeUserNamespace(slot.uidMap, slot.gidMap);
    case 'connect':
      return native().connect(slot.path);
    case 'listen':
      if (sources.start !== undefined) return native().listen(sources.start);
      break;
    case 'seccomp':
      if (plan.seccomp !== null) return openFilter(plan.seccomp, sources.seccompCache);
      break;
    case 'console':
    case 'process':
      break;
  }
  throw new Error(`nothing to open for the slot ${slot.name}`);
}

/** The compiled filter, from the cache if it has been compiled before: a descriptor that is the caller's. */
export function openFilter(seccomp: SeccompPlan, cache: string): number {
  const cached = native().openSeccompCache(cache, seccomp.key);
  if (cached >= 0) return cached;
  return native().writeSeccompCache(cache, seccomp.key, native().compileSeccomp(seccomp.request));
}
