import { TsrunError } from '../errors.js';
import type { Capabilities } from '../spec/types.js';
import type { Host } from './host.js';

/** In the order of their numbers (include/uapi/linux/capability.h, man 7 capabilities). */
export const CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
];

const NUMBERS: ReadonlyMap<string, number> = new Map(CAPABILITIES.map((name, number) => [name, number]));

/** Each one's bit in a mask. */
const BITS: readonly bigint[] = CAPABILITIES.map((_, number) => 1n << BigInt(number));

const CAP_SYS_ADMIN = 21;

/** The five sets of a process as bit masks in decimal. */
export interface CapabilityPlan {
  readonly bounding: string;
  readonly effective: string;
  readonly permitted: string;
  readonly inheritable: string;
  readonly ambient: string;
  /** `effective` and `permitted` with CAP_SYS_ADMIN besides: to load a filter with. */
  readonly effectiveWithAdmin: string;
  readonly permittedWithAdmin: string;
  readonly warnings: readonly string[];
}

type SetName = keyof Capabilities;

/**
 * The sets that a process gets; without any in the config they are empty.
 * @param fullBounding the process is in a user namespace that the runtime is not in, where it starts with every capability
 */
export function planCapabilities(capabilities: Capabilities | undefined, host: Host, fullBounding: boolean): CapabilityPlan {
  const ours = BigInt(host.bounding);
  const left = new Set<string>();
  const numbers = (set: SetName): Set<number> => {
    const found = new Set<number>();
    for (const name of capabilities?.[set] ?? []) {
      const number = NUMBERS.get(name);
      if (number === undefined || !isAvailable(number, ours, host, fullBounding)) left.add(name);
      else found.add(number);
    }
    return found;
  };
  const bounding = numbers('bounding');
  const permitted = numbers('permitted');
  const effective = numbers('effective');
  const inheritable = numbers('inheritable');
  const ambient = numbers('ambient');

  const warnings: string[] = [];
  if (left.size > 0) warnings.push(`ignoring unknown or unavailable capabilities: ${listed(left)}`);
  // capset(2) would refuse these with no more than EPERM.
  requireSubset(inheritable, bounding, 'inheritable', 'bounding');
  const without = (set: Set<number>, keep: (number: number) => boolean, what: string): void => {
    const names: string[] = [];
    for (const number of set) {
      if (keep(number)) continue;
      set.delete(number);
      names.push(nameOf(number));
    }
    if (names.length > 0) warnings.push(`ignoring ${what}: ${listed(names)}`);
  };
  without(effective, (number) => permitted.has(number), 'effective capabilities that are not permitted');
  // The kernel raises no others (man 7 capabilities).
  without(
    ambient,
    (number) => permitted.has(number) && inheritable.has(number),
    'ambient capabilities that are not both permitted and inheritable, as they must be',
  );
  return {
    bounding: mask(bounding),
    effective: mask(effective),
    permitted: mask(permitted),
    inheritable: mask(inheritable),
    ambient: mask(ambient),
    effectiveWithAdmin: mask(new Set([...effective, CAP_SYS_ADMIN])),
    permittedWithAdmin: mask(new Set([...permitted, CAP_SYS_ADMIN])),
    warnings,
  };
}

function nameOf(number: number): string {
  return CAPABILITIES[number] ?? String(number);
}

function listed(names: Iterable<string>): string {
  return `[${[...names].sort().join(' ')}]`;
}

function requireSubset(small: ReadonlySet<number>, large: ReadonlySet<number>, name: SetName, of: SetName): void {
  for (const number of small) {
    if (!large.has(number)) throw new TsrunError(`/process/capabilities/${name}: ${nameOf(number)} is not in ${of}`);
  }
}

/** Whether the capability of this number is one that we can give away, on this kernel. */
function isAvailable(number: number, bounding: bigint, host: Host, fullBounding: boolean): boolean {
  return number <= host.lastCapability && (fullBounding || (bounding & (BITS[number] ?? 0n)) !== 0n);
}

// All numbers are below 53, so a double holds every mask exactly.
function mask(numbers: ReadonlySet<number>): string {
  let sum = 0;
  for (const number of numbers) sum += 2 ** number;
  return String(sum);
}
