import { TsrunError } from '../errors.js';
import type { Integer, Rlimit, RlimitType } from '../spec/types.js';
import type { RlimitPlan } from './plan.js';

/** man 2 getrlimit; numbers of include/uapi/asm-generic/resource.h, which x86_64 and aarch64 use as they are. */
const RESOURCES: Readonly<Record<RlimitType, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

/** RLIM_INFINITY: 2^64 - 1. */
const INFINITY = '18446744073709551615';

/** The config's `process.rlimits` in the kernel's terms. */
export function planRlimits(rlimits: readonly Rlimit[] | undefined): RlimitPlan[] {
  const seen = new Set<number>();
  return (rlimits ?? []).map(({ type, soft, hard }, index) => {
    const pointer = `/process/rlimits/${index}`;
    const resource = Object.hasOwn(RESOURCES, type) ? RESOURCES[type] : undefined;
    if (resource === undefined) throw new TsrunError(`${pointer}/type: unknown, is "${type}"`);
    if (seen.has(resource)) throw new TsrunError(`${pointer}/type: ${type} is given twice`);
    seen.add(resource);
    return { resource, soft: limitText(soft), hard: limitText(hard) };
  });
}

// -1 is how most people write RLIM_INFINITY; a double of its size comes from configs that were parsed elsewhere.
function limitText(value: Integer): string {
  return value < 0 || value >= 2 ** 64 ? INFINITY : String(value);
}

/** The word for a number of RLIMIT_*; the number itself when it has none. */
export function rlimitName(resource: number): string {
  for (const [name, number] of Object.entries(RESOURCES)) if (number === resource) return name;
  return String(resource);
}
