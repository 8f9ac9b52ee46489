/** What a list of device rules means, in the plainest words, to compare the program with. */
import { TYPE, type FilterRule } from '../../../src/plan/device_program.js';
import type { DeviceAccess } from './bpf.js';

/** The accesses to a device that a list allows, as bits: for each the last rule that is about the device and names it decides. */
export function allowedAccesses(rules: readonly FilterRule[], { type, major, minor }: Omit<DeviceAccess, 'access'>): number {
  let allowed = 0;
  for (const rule of rules) {
    const about =
      (rule.type === -1 || rule.type === type) &&
      (rule.major === -1 || rule.major === major) &&
      (rule.minor === -1 || rule.minor === minor);
    if (about) allowed = rule.allow ? allowed | rule.access : allowed & ~rule.access;
  }
  return allowed;
}

/** Whether all accesses asked for are allowed. */
export function interpret(rules: readonly FilterRule[], request: DeviceAccess): boolean {
  return (request.access & ~allowedAccesses(rules, request)) === 0;
}

/** Every rule of these parts. */
export function allRules(
  types: readonly number[],
  majors: readonly number[],
  minors: readonly number[],
  accesses: readonly number[],
): FilterRule[] {
  const rules: FilterRule[] = [];
  for (const allow of [true, false])
    for (const type of types)
      for (const major of majors)
        for (const minor of minors) for (const access of accesses) rules.push({ allow, type, major, minor, access });
  return rules;
}

/** Every list of `length` of these rules. */
export function* allLists(rules: readonly FilterRule[], length: number): Generator<FilterRule[]> {
  if (length === 0) {
    yield [];
    return;
  }
  for (const list of allLists(rules, length - 1)) for (const rule of rules) yield [...list, rule];
}

/** Every device of these numbers, of both types. */
export function allDevices(majors: readonly number[], minors: readonly number[]): Omit<DeviceAccess, 'access'>[] {
  return [TYPE.b, TYPE.c].flatMap((type) => majors.flatMap((major) => minors.map((minor) => ({ type, major, minor }))));
}

/** xorshift: the same numbers every time. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
