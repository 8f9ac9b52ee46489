/** How the config's numbers become the texts that cgroup v2 files take. */
import { TsrunError } from '../../errors.js';
import type { Integer } from '../../spec/types.js';

const INT64_LIMIT = 2n ** 63n;

/** Decimal digits, never an exponent. */
export function decimal(value: Integer): string {
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

/**
 * A limit where -1 is none: `max`, or the digits. The kernel's page counters hold less than 2^63 and its parser wraps
 * around at 2^64 (lib/cmdline.c, memparse), so a number from 2^63 on is no limit either.
 */
export function limit(value: Integer, pointer: string): string {
  if (value < 0) {
    if (value === -1 || value === -1n) return 'max';
    throw new TsrunError(`${pointer}: must be -1 (no limit) or not negative, is ${decimal(value)}`);
  }
  return value >= INT64_LIMIT ? 'max' : decimal(value);
}

/** Whether the property asks for something: engines send 0 for what was not given. */
export function given<T extends Integer>(value: T | undefined): value is T {
  return value !== undefined && value !== 0 && value !== 0n;
}

/** One part of a JSON pointer (RFC 6901). */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
