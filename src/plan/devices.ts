/**
 * `linux.resources.devices` as an eBPF program for BPF_CGROUP_DEVICE (Documentation/admin-guide/cgroup-v2.rst, "Device
 * controller"). The kernel asks it at every open and mknod of a device node; it answers 1 to allow.
 *
 * The meaning of a list: for each of the accesses asked for (read, write, mknod; an open may ask for two) the last rule
 * that matches the device and names the access decides; one that no rule names is denied. All must be allowed.
 */
import { TsrunError } from '../errors.js';
import type { DeviceRule } from '../spec/types.js';
import { ACCESS, ALL, compileDeviceRules, TYPE, type FilterRule } from './device_program.js';

const allow = (type: number, major: number, minor: number, access: number): FilterRule => ({ allow: true, type, major, minor, access });

/** What containers may use although engines do not list it, as under runc and crun: null, zero, full, random, urandom, tty; ptmx and the pseudo-terminals; tun. */
const DEVICES: readonly FilterRule[] = [
  ...[3, 5, 7, 8, 9].map((minor) => allow(TYPE.c, 1, minor, ALL)),
  allow(TYPE.c, 5, 0, ALL),
  allow(TYPE.c, 5, 2, ALL),
  allow(TYPE.c, 136, -1, ALL),
  allow(TYPE.c, 10, 200, ALL),
];

/** Any node may be made, as under runc and crun: that opens none, and image builds rely on it. */
const MKNOD = allow(-1, -1, -1, ACCESS.m);

function number(value: number | undefined, pointer: string): number {
  if (value === undefined || value === -1) return -1;
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  throw new TsrunError(`${pointer}: must be a device number (0 to 4294967295), is ${value}`);
}

function parsed(rule: DeviceRule, index: number): FilterRule {
  const pointer = `/linux/resources/devices/${index}`;
  let access = 0;
  for (const word of rule.access ?? '') {
    if (word !== 'r' && word !== 'w' && word !== 'm') {
      throw new TsrunError(`${pointer}/access: must be of r, w and m, is ${JSON.stringify(rule.access)}`);
    }
    access |= ACCESS[word];
  }
  return {
    allow: rule.allow,
    type: rule.type === 'b' || rule.type === 'c' ? TYPE[rule.type] : -1,
    major: number(rule.major, `${pointer}/major`),
    minor: number(rule.minor, `${pointer}/minor`),
    access: access === 0 ? ALL : access,
  };
}

const isBlanket = ({ type, major, minor }: FilterRule) => type === -1 && major === -1 && minor === -1;

/**
 * The complete list. The default devices come right after the last rule about all devices, so that "deny all" leaves
 * /dev/null usable and a rule that names a default device still decides about it; mknod comes last and always holds.
 */
export function deviceRules(rules: readonly DeviceRule[]): FilterRule[] {
  return withDefaults(rules.map(parsed));
}

function withDefaults(rules: readonly FilterRule[]): FilterRule[] {
  const after = rules.findLastIndex(isBlanket) + 1;
  return [...rules.slice(0, after), ...DEVICES, ...rules.slice(after), MKNOD];
}

/** The program where nothing more is allowed: for `spec`, Podman and buildah that of every container. */
const DEFAULT = compileDeviceRules(withDefaults([]));

/** What no rule allows is denied anyway. */
const isDenialOfAll = (rule: FilterRule) => isBlanket(rule) && !rule.allow && rule.access === ALL;

/**
 * The program for `rules`, 8 bytes an instruction in the machine's (little-endian) order; null when all is allowed. No rule denies
 * all but the default devices, as under runc: who is to have more says so.
 */
export function planDeviceFilter(rules: readonly DeviceRule[]): Uint8Array | null {
  const list = rules.map(parsed);
  return list.every(isDenialOfAll) ? DEFAULT : compileDeviceRules(withDefaults(list));
}
