/** Values of D-Bus and their types (D-Bus specification, "Type System"). */

/**
 * A value of D-Bus, written by its signature: `b` a boolean, `s` `o` `g` text, whole numbers a number or a bigint, `d` a number, arrays
 * and structs lists (`ay` also bytes), `v` a BusVariant. In replies `x` and `t` are bigint and a variant is its value.
 */
export type BusValue = boolean | number | bigint | string | Uint8Array | BusVariant | readonly BusValue[];

export interface BusVariant {
  /** One complete type: `a(ss)`. */
  readonly type: string;
  readonly value: BusValue;
}

/** Depth of nesting that D-Bus allows for arrays, and as much again for structs. */
export const DEEPEST = 32;

/** Length of the first complete type of a signature from `at` on; 0 when there is none. */
export function typeLength(signature: string, at = 0, depth = 0): number {
  const kind = signature[at];
  if (kind === undefined || depth > DEEPEST) return 0;
  if (kind === 'a') {
    const rest = typeLength(signature, at + 1, depth + 1);
    return rest === 0 ? 0 : rest + 1;
  }
  if (kind !== '(' && kind !== '{') return 'ybnqiuxtdsogv'.includes(kind) ? 1 : 0;
  let end = at + 1;
  while (signature[end] !== (kind === '(' ? ')' : '}')) {
    const length = typeLength(signature, end, depth + 1);
    if (length === 0) return 0;
    end += length;
  }
  return end === at + 1 ? 0 : end + 1 - at;
}
