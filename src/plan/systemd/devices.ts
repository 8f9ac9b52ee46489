/**
 * Device rules as DevicePolicy and DeviceAllow of a unit (man 5 systemd.resource-control). systemd can say which devices are allowed,
 * not which are denied; what it cannot say, it is not told: our own filter in the cgroup below decides all the same, and a
 * device is allowed when both filters allow it.
 */
import type { DeviceRule } from '../../spec/types.js';
import { deviceRules } from '../devices.js';
import { ACCESS, ALL, TYPE, type FilterRule } from '../device_program.js';
import type { UnitProperty } from '../plan.js';

const WORDS = [
  [ACCESS.r, 'r'],
  [ACCESS.w, 'w'],
  [ACCESS.m, 'm'],
] as const;

const FREE: readonly UnitProperty[] = [
  { name: 'DevicePolicy', type: 's', value: 'auto' },
  { name: 'DeviceAllow', type: 'a(ss)', value: [] },
];

const isBlanket = ({ type, major, minor, access }: FilterRule) => type === -1 && major === -1 && minor === -1 && access === ALL;

/** One type for another rule's "all". */
function typed(rule: FilterRule): FilterRule[] {
  return rule.type === -1 ? [TYPE.b, TYPE.c].map((type) => ({ ...rule, type })) : [rule];
}

/** Whether `wide` is about every device that `rule` is about. */
function covers(wide: FilterRule, rule: FilterRule): boolean {
  return wide.type === rule.type && (wide.major === -1 || wide.major === rule.major) && (wide.minor === -1 || wide.minor === rule.minor);
}

function pattern({ type, major, minor }: FilterRule): string {
  const word = type === TYPE.b ? 'block' : 'char';
  if (major === -1) return `${word}-*`;
  return minor === -1 ? `${word}-${major}` : `/dev/${word}/${major}:${minor}`;
}

/**
 * The rules as a list of what is allowed; null when that does not say the same. systemd allows an open for reading and
 * writing only if one entry has both: so each entry gets all that the wider ones have.
 */
export function allowed(rules: readonly FilterRule[]): readonly (readonly [string, string])[] | null {
  const last = rules.findLastIndex(isBlanket);
  if (rules[last]?.allow === true) return null;
  const rest = rules.slice(last + 1).flatMap(typed);
  if (rest.some(({ allow, major, minor }) => !allow || (major === -1 && minor !== -1))) return null;
  const entries = new Map<string, number>();
  for (const rule of rest) {
    let access = 0;
    for (const other of rest) if (covers(other, rule)) access |= other.access;
    entries.set(pattern(rule), access);
  }
  return [...entries].map(([path, access]) => [path, WORDS.flatMap(([bit, word]) => ((access & bit) === 0 ? [] : [word])).join('')]);
}

/** The properties for `linux.resources.devices`. An empty DeviceAllow takes away what an earlier one said. */
export function deviceProperties(rules: readonly DeviceRule[]): readonly UnitProperty[] {
  const list = allowed(deviceRules(rules));
  if (list === null) return FREE;
  return [
    { name: 'DevicePolicy', type: 's', value: 'strict' },
    { name: 'DeviceAllow', type: 'a(ss)', value: [] },
    { name: 'DeviceAllow', type: 'a(ss)', value: list },
  ];
}
