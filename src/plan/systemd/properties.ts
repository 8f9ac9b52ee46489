/**
 * Resources as properties of a systemd unit (man 5 systemd.resource-control, man 5 org.freedesktop.systemd1). What systemd has no property
 * for is left out here: the plan's writes into the cgroup's files hold everything, and hold it exactly.
 */
import { TsrunError } from '../../errors.js';
import { parseRanges } from '../../spec/ranges.js';
import type { BlockIO, Cpu, Memory, Pids, Resources } from '../../spec/types.js';
import type { CgroupWrite, UnitProperty } from '../plan.js';
import { weightOfShares } from '../resources/cpu.js';
import { memoryWrites } from '../resources/memory.js';
import { given, limit, pointerPart } from '../resources/value.js';
import type { BusValue } from './value.js';

/** "infinity": CGROUP_LIMIT_MAX, USEC_INFINITY. */
const INFINITY = 2n ** 64n - 1n;

/** The kernel's default for the period of cpu.max, and the least and the most that it takes, in microseconds. */
const DEFAULT_PERIOD = 100_000n;

/** The first version of systemd that knows it. */
const SINCE = {
  CPUQuotaPeriodUSec: 242,
  AllowedCPUs: 244,
  AllowedMemoryNodes: 244,
  /** CPUWeight 0 as cpu.idle. */
  idle: 252,
  MemoryZSwapMax: 253,
  OOMPolicy: 253,
} as const;

const property = (name: string, type: string, value: BusValue, since?: number): UnitProperty =>
  since === undefined ? { name, type, value } : { name, type, value, since };

/** A cgroup file's `max` or digits. */
function amount(text: string, pointer: string): bigint {
  if (text === 'max') return INFINITY;
  if (!/^[0-9]+$/.test(text) || BigInt(text) > INFINITY)
    throw new TsrunError(`${pointer}: must be a number or "max", is ${JSON.stringify(text)}`);
  return BigInt(text);
}

/**
 * CPU time for each second. systemd keeps whole percents of a CPU in its unit files, so it is rounded up to one: otherwise a
 * reload would lower it. The container's own cgroup has the exact quota.
 */
function quotaPerSecond(quota: bigint, period: bigint): bigint {
  const exact = (quota * 1_000_000n) / period;
  return ((exact + 9_999n) / 10_000n) * 10_000n;
}

function quotaProperties(quota: bigint | null, period: bigint | null): UnitProperty[] {
  const perSecond = quota === null ? INFINITY : quotaPerSecond(quota, period ?? DEFAULT_PERIOD);
  return [
    ...(period === null ? [] : [property('CPUQuotaPeriodUSec', 't', period, SINCE.CPUQuotaPeriodUSec)]),
    property('CPUQuotaPerSecUSec', 't', perSecond),
  ];
}

/** `0,2-4` as systemd takes it: bit N of byte N/8. */
export function cpuMask(list: string, pointer: string): Uint8Array {
  const bytes: number[] = [];
  const ranges = parseRanges(list);
  if (typeof ranges === 'string' || ranges.length === 0)
    throw new TsrunError(`${pointer}: must be a list like 0,2-4, is ${JSON.stringify(list)}`);
  for (const [first, last] of ranges) {
    for (let bit = first; bit <= last; bit++) {
      const at = bit >> 3;
      while (bytes.length <= at) bytes.push(0);
      bytes[at] = (bytes[at] ?? 0) | (1 << (bit & 7));
    }
  }
  return Uint8Array.from(bytes);
}

function cpuProperties(cpu: Cpu): UnitProperty[] {
  const at = '/linux/resources/cpu';
  const properties: UnitProperty[] = [];
  if (cpu.idle === 1) properties.push(property('CPUWeight', 't', 0, SINCE.idle));
  else if (given(cpu.shares)) properties.push(property('CPUWeight', 't', weightOfShares(cpu.shares)));
  // no longer idle: the default weight
  else if (cpu.idle === 0) properties.push(property('CPUWeight', 't', INFINITY));
  if (given(cpu.quota) || given(cpu.period)) {
    const quota = given(cpu.quota) && cpu.quota > 0 ? BigInt(cpu.quota) : null;
    properties.push(...quotaProperties(quota, given(cpu.period) ? BigInt(cpu.period) : null));
  }
  if (cpu.cpus) properties.push(property('AllowedCPUs', 'ay', cpuMask(cpu.cpus, `${at}/cpus`), SINCE.AllowedCPUs));
  if (cpu.mems) properties.push(property('AllowedMemoryNodes', 'ay', cpuMask(cpu.mems, `${at}/mems`), SINCE.AllowedMemoryNodes));
  return properties;
}

const MEMORY: Readonly<Record<string, string>> = {
  'memory.max': 'MemoryMax',
  'memory.low': 'MemoryLow',
  'memory.swap.max': 'MemorySwapMax',
};

function memoryProperties(memory: Memory): UnitProperty[] {
  return memoryWrites(memory).flatMap(({ file, value, pointer }: CgroupWrite) => {
    const name = MEMORY[file];
    return name === undefined ? [] : [property(name, 't', amount(value, pointer))];
  });
}

/** systemd takes no 0; see plan/resources/pids.ts. */
function tasks(value: bigint): UnitProperty {
  return property('TasksMax', 't', value === 0n ? 1n : value);
}

function pidsProperties({ limit: most }: Pids): UnitProperty[] {
  return most === undefined ? [] : [tasks(most < 0 ? INFINITY : BigInt(most))];
}

/**
 * The weight (1 to 10000, default 100) from which systemd makes exactly this one of BFQ (1 to 1000, default 100): it keeps
 * the default and scales each side of it (BFQ_WEIGHT of systemd's cgroup.c).
 */
export function weightForBfq(bfq: number): number {
  if (bfq <= 100) return 100 - Math.trunc(((100 - bfq) * 99) / 99);
  return 100 + Math.trunc(((bfq - 100) * 9900) / 900);
}

const device = (major: number | string, minor: number | string) => `/dev/block/${major}:${minor}`;

/** One property for all devices, in the order given. */
function perDevice(name: string, values: readonly (readonly [string, bigint | number])[]): UnitProperty[] {
  return values.length === 0 ? [] : [property(name, 'a(st)', values)];
}

const THROTTLES = [
  ['throttleReadBpsDevice', 'IOReadBandwidthMax'],
  ['throttleWriteBpsDevice', 'IOWriteBandwidthMax'],
  ['throttleReadIOPSDevice', 'IOReadIOPSMax'],
  ['throttleWriteIOPSDevice', 'IOWriteIOPSMax'],
] as const;

function ioProperties(io: BlockIO): UnitProperty[] {
  const at = '/linux/resources/blockIO';
  const properties: UnitProperty[] = [];
  if (given(io.weight)) properties.push(property('IOWeight', 't', weightForBfq(io.weight)));
  const weights = (io.weightDevice ?? []).flatMap(({ major, minor, weight }) =>
    given(weight) ? [[device(major, minor), weightForBfq(weight)] as const] : [],
  );
  properties.push(...perDevice('IODeviceWeight', weights));
  for (const [key, name] of THROTTLES) {
    const rates = (io[key] ?? []).flatMap(({ major, minor, rate }, index) => {
      if (rate === undefined) return [];
      return [[device(major, minor), given(rate) ? amount(limit(rate, `${at}/${key}/${index}/rate`), at) : INFINITY] as const];
    });
    properties.push(...perDevice(name, rates));
  }
  return properties;
}

const IO_MAX: Readonly<Record<string, string>> = {
  rbps: 'IOReadBandwidthMax',
  wbps: 'IOWriteBandwidthMax',
  riops: 'IOReadIOPSMax',
  wiops: 'IOWriteIOPSMax',
};

/** io.max: lines of `MAJOR:MINOR KEY=VALUE...`. */
function unifiedIoMax(text: string, pointer: string): UnitProperty[] {
  const values: Record<string, [string, bigint][]> = {};
  for (const line of text.split('\n')) {
    const [numbers = '', ...settings] = line.trim().split(/\s+/);
    if (numbers === '') continue;
    const [major = '', minor = ''] = numbers.split(':');
    for (const setting of settings) {
      const [key = '', value = ''] = setting.split('=');
      const name = IO_MAX[key];
      if (name !== undefined) (values[name] ??= []).push([device(major, minor), amount(value, pointer)]);
    }
  }
  return Object.entries(values).flatMap(([name, list]) => perDevice(name, list));
}

/** io.weight and io.bfq.weight: lines of `[default] WEIGHT` or `MAJOR:MINOR WEIGHT`. */
function unifiedIoWeight(text: string, pointer: string, convert: (weight: number) => number): UnitProperty[] {
  const properties: UnitProperty[] = [];
  const devices: [string, number][] = [];
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    const [first = ''] = words;
    if (first === '') continue;
    const last = words.at(-1) ?? '';
    // takes a device's own weight away: systemd has no word for that
    if (last === 'default') continue;
    const weight = convert(Number(amount(last, pointer)));
    const [major, minor] = first.split(':');
    if (words.length === 1 || first === 'default') properties.push(property('IOWeight', 't', weight));
    else if (major !== undefined && minor !== undefined) devices.push([device(major, minor), weight]);
  }
  return [...properties, ...perDevice('IODeviceWeight', devices)];
}

/** cpu.max: `QUOTA [PERIOD]`. */
function unifiedCpuMax(text: string, pointer: string): UnitProperty[] {
  const words = text.split(/\s+/);
  const [quota = '', period] = words;
  if (words.length > 2) throw new TsrunError(`${pointer}: must be a quota and a period, is ${JSON.stringify(text)}`);
  const length = period === undefined ? null : amount(period, pointer);
  if (length === 0n) throw new TsrunError(`${pointer}: the period must not be 0`);
  return quotaProperties(quota === 'max' ? null : amount(quota, pointer), length ?? DEFAULT_PERIOD);
}

const UNIFIED_AMOUNT: Readonly<Record<string, readonly [string, number?]>> = {
  'memory.min': ['MemoryMin'],
  'memory.low': ['MemoryLow'],
  'memory.high': ['MemoryHigh'],
  'memory.max': ['MemoryMax'],
  'memory.swap.max': ['MemorySwapMax'],
  'memory.zswap.max': ['MemoryZSwapMax', SINCE.MemoryZSwapMax],
};

function unifiedProperties(files: Readonly<Record<string, string>>): UnitProperty[] {
  const idle = files['cpu.idle']?.trim() === '1';
  return Object.entries(files).flatMap(([file, raw]): UnitProperty[] => {
    const pointer = `/linux/resources/unified/${pointerPart(file)}`;
    const text = raw.trim();
    // an empty value resets a file: systemd keeps what it has, and the file is the container's own
    if (text === '') return [];
    const plain = UNIFIED_AMOUNT[file];
    if (plain !== undefined) return [property(plain[0], 't', amount(text, pointer), plain[1])];
    switch (file) {
      case 'cpu.idle':
        return idle ? [property('CPUWeight', 't', 0, SINCE.idle)] : [];
      case 'cpu.weight':
        return idle ? [] : [property('CPUWeight', 't', amount(text, pointer))];
      case 'cpu.max':
        return unifiedCpuMax(text, pointer);
      case 'cpuset.cpus':
        return [property('AllowedCPUs', 'ay', cpuMask(text, pointer), SINCE.AllowedCPUs)];
      case 'cpuset.mems':
        return [property('AllowedMemoryNodes', 'ay', cpuMask(text, pointer), SINCE.AllowedMemoryNodes)];
      case 'pids.max':
        return [tasks(amount(text, pointer))];
      case 'io.max':
        return unifiedIoMax(text, pointer);
      case 'io.weight':
        return unifiedIoWeight(text, pointer, (weight) => weight);
      case 'io.bfq.weight':
        return unifiedIoWeight(text, pointer, weightForBfq);
      default:
        return [];
    }
  });
}

/** All that systemd has a property for, but the devices. A later one of the same name has the last word. */
export function resourceProperties(resources: Resources): readonly UnitProperty[] {
  return [
    ...(resources.cpu === undefined ? [] : cpuProperties(resources.cpu)),
    ...(resources.memory === undefined ? [] : memoryProperties(resources.memory)),
    ...(resources.blockIO === undefined ? [] : ioProperties(resources.blockIO)),
    ...(resources.pids === undefined ? [] : pidsProperties(resources.pids)),
    ...(resources.unified === undefined ? [] : unifiedProperties(resources.unified)),
  ];
}

/**
 * What must be said when the unit is made: memory.oom.group. systemd keeps the file in step with its OOMPolicy, which cannot be changed
 * later.
 */
export function creationProperties(resources: Resources): readonly UnitProperty[] {
  const group = resources.unified?.['memory.oom.group']?.trim();
  if (group !== '0' && group !== '1') return [];
  return [property('OOMPolicy', 's', group === '1' ? 'kill' : 'continue', SINCE.OOMPolicy)];
}

const NONE: ReadonlySet<string> = new Set(['MemoryLow', 'MemoryMin']);

/** What the property of that name is when nobody has set it; null: it cannot be unset. */
function unset({ name, type, value }: UnitProperty): BusValue | null {
  if (type === 'ay') return new Uint8Array();
  if (type === 't') return NONE.has(name) ? 0n : INFINITY;
  if (name === 'IODeviceWeight' || !Array.isArray(value)) return null;
  return (value as readonly (readonly [string, BusValue])[]).map(([path]) => [path, INFINITY]);
}

/** The properties that take back `changed` from a unit that had those of `before`. */
export function restoringProperties(changed: readonly UnitProperty[], before: Resources): readonly UnitProperty[] {
  const names = new Set(changed.map(({ name }) => name));
  const unsets = changed.flatMap((each) => {
    const value = unset(each);
    return value === null ? [] : [{ ...each, value }];
  });
  return [...unsets, ...resourceProperties(before).filter(({ name }) => names.has(name))];
}

/** The properties that a systemd of this version knows. */
export function knownProperties(properties: readonly UnitProperty[], version: number): readonly UnitProperty[] {
  return properties.filter(({ since }) => since === undefined || since <= version);
}

/** The number at the start of systemd's version: `257.13-1~deb13u1`, `v245`; 0 without one. */
export function systemdVersion(text: string): number {
  return Number(/^v?([0-9]+)/.exec(text)?.[1] ?? 0);
}
