/** The device filter against a plain interpreter: over every short list of rules, over many long ones, and how small it is. */
import { describe, expect, test } from 'vitest';
import { compileDeviceRules, TYPE, type FilterRule } from '../../../src/plan/device_program.js';
import { deviceRules, planDeviceFilter } from '../../../src/plan/devices.js';
import type { DeviceRule } from '../../../src/spec/types.js';
import { decodeBpf, runBpf, unreachable } from './bpf.js';
import { allDevices, allLists, allowedAccesses, allRules, random } from './device_list.js';

type Devices = ReturnType<typeof allDevices>;

/** Fails unless the program answers every access to every device as the list does. */
function compare(rules: readonly FilterRule[], devices: Devices, search?: boolean): void {
  const bytes = compileDeviceRules(rules, search);
  const program = bytes && decodeBpf(bytes);
  if (program && unreachable(program).length > 0) throw new Error(`unreachable instructions: ${JSON.stringify(rules)}`);
  for (const device of devices) {
    const allowed = allowedAccesses(rules, device);
    for (let access = 1; access <= 7; access++) {
      const answer = program === null || runBpf(program, { ...device, access }) === 1;
      if (answer !== ((access & ~allowed) === 0)) {
        throw new Error(`${JSON.stringify({ ...device, access })}: ${answer} by the program of ${JSON.stringify(rules)}`);
      }
    }
  }
}

/** `count` lists. */
function compareAll(rules: readonly FilterRule[], length: number, devices: Devices): number {
  let count = 0;
  for (const list of allLists(rules, length)) {
    compare(list, devices);
    if (length < 2) compare(list, devices, false);
    count++;
  }
  return count;
}

const { b, c } = TYPE;

describe('every list, every access', () => {
  // numbers stand for themselves only, so one that is named and one that is not are all there are to tell apart; two that
  // are named, where rules about different devices meet
  test('up to two rules of every type and number', () => {
    const rules = allRules([-1, b, c], [-1, 1], [-1, 1], [1, 2, 5, 6, 7]);
    const devices = allDevices([1, 2], [1, 2]);
    expect(compareAll(rules, 0, devices) + compareAll(rules, 1, devices)).toBe(1 + 120);
    expect(compareAll(rules, 2, devices)).toBe(120 ** 2);
  }, 120_000);

  test('three rules that overlap', () => {
    expect(compareAll(allRules([-1, c], [-1, 1], [-1, 1], [3, 7]), 3, allDevices([1, 2], [1, 2]))).toBe(32 ** 3);
  }, 120_000);

  test('three rules about two majors and two minors', () => {
    expect(compareAll(allRules([c], [-1, 1, 2], [-1, 0, 1], [7]), 3, allDevices([1, 2, 3], [0, 1, 2]))).toBe(18 ** 3);
  }, 120_000);

  test('four rules', () => {
    expect(compareAll(allRules([-1, c], [1], [-1, 1], [7]), 4, allDevices([1, 2], [1, 2]))).toBe(8 ** 4);
    expect(compareAll(allRules([-1], [-1], [-1, 1], [1, 7]), 4, allDevices([1], [1, 2]))).toBe(8 ** 4);
  }, 120_000);
});

test('500 long lists of a seeded random', () => {
  const next = random(20_241_121);
  const numbers = [0, 1, 2, 3, 4, 5, 255, 0x7fffffff, 0x80000000, 0xffffffff];
  const pick = () => (next(4) === 0 ? -1 : (numbers[next(numbers.length)] ?? 0));
  const devices = allDevices([...numbers, 9], [...numbers, 9]);
  for (let round = 0; round < 500; round++) {
    const rules = Array.from({ length: 3 + next(40) }, () => ({
      allow: next(2) === 1,
      type: [-1, b, c, c][next(4)] ?? -1,
      major: pick(),
      minor: pick(),
      access: next(2) === 0 ? 7 : 1 + next(7),
    }));
    compare(rules, devices, round % 3 !== 0);
  }
}, 120_000);

test('every short list of a config: with the default devices and mknod, as documented', () => {
  const parts = {
    types: [undefined, 'b', 'c'],
    majors: [undefined, 1, 10],
    minors: [undefined, 3],
    accesses: [undefined, 'r', 'wm'],
  } as const;
  const rules: DeviceRule[] = [];
  for (const allow of [true, false])
    for (const type of parts.types)
      for (const major of parts.majors)
        for (const minor of parts.minors)
          for (const access of parts.accesses)
            rules.push({
              allow,
              ...(type === undefined ? {} : { type }),
              ...(major === undefined ? {} : { major }),
              ...(minor === undefined ? {} : { minor }),
              ...(access === undefined ? {} : { access }),
            });
  // the default devices count from the last rule about all devices on, mknod always
  const usual = (type: number, major: number, minor: number) => type === c && major === 1 && [3, 5, 7, 8, 9].includes(minor);
  const devices = allDevices([1, 10, 11], [3, 4]);
  const bits: Readonly<Record<string, number>> = { r: 2, w: 4, m: 1 };
  const meaning = (list: readonly DeviceRule[], type: number, major: number, minor: number): number => {
    let allowed = 0;
    const blanket = (rule: DeviceRule) => (rule.type ?? 'a') === 'a' && rule.major === undefined && rule.minor === undefined;
    const last = list.findLastIndex(blanket);
    if (last < 0 && usual(type, major, minor)) allowed = 7;
    list.forEach((rule, index) => {
      const word = rule.type ?? 'a';
      if ((word === 'a' || TYPE[word as 'b' | 'c'] === type) && (rule.major ?? major) === major && (rule.minor ?? minor) === minor) {
        const access = (rule.access ?? 'rwm').split('').reduce((sum, letter) => sum | (bits[letter] ?? 0), 0);
        allowed = rule.allow ? allowed | access : allowed & ~access;
      }
      if (index === last && usual(type, major, minor)) allowed = 7;
    });
    return allowed | 1;
  };
  let count = 0;
  for (const first of rules) {
    for (const second of rules) {
      const bytes = planDeviceFilter([first, second]);
      const program = bytes && decodeBpf(bytes);
      for (const device of devices) {
        const allowed = meaning([first, second], device.type, device.major, device.minor);
        for (let access = 1; access <= 7; access++) {
          const answer = program === null || runBpf(program, { ...device, access }) === 1;
          if (answer !== ((access & ~allowed) === 0)) throw new Error(JSON.stringify({ first, second, ...device, access, answer }));
        }
      }
      count++;
    }
  }
  expect(count).toBe(108 ** 2);
}, 120_000);

describe('as small as the rules allow', () => {
  /** Instructions; 0 without a program. */
  const size = (rules: readonly FilterRule[]) => (compileDeviceRules(rules)?.length ?? 0) / 8;

  /** By how many instructions, at most, the program of a list is longer than that of the list without one of its rules, if that means the same. */
  function waste(rules: readonly FilterRule[], length: number): number {
    const devices = allDevices([1, 2, 3], [1, 2]);
    const meaning = (list: readonly FilterRule[]) => devices.map((device) => allowedAccesses(list, device)).join('');
    let most = 0;
    for (const list of allLists(rules, length)) {
      const whole = size(list);
      const same = meaning(list);
      for (let left = 0; left < list.length; left++) {
        const without = list.toSpliced(left, 1);
        if (meaning(without) === same) most = Math.max(most, whole - size(without));
      }
    }
    return most;
  }

  test('a rule without effect is left out, but where of several that overlap a narrower one may stay', () => {
    expect(waste(allRules([-1, c], [-1, 1], [-1, 1], [7]), 3)).toBeLessThanOrEqual(3);
    expect(waste(allRules([c], [-1, 1, 2], [-1, 1], [7]), 3)).toBeLessThanOrEqual(3);
  }, 120_000);

  test('where rules split accesses between them it may cost a compare or two', () => {
    expect(waste(allRules([-1, c], [1], [-1, 1], [1, 7]), 3)).toBeLessThanOrEqual(5);
  }, 120_000);

  const rule = (allow: boolean, type: number, major: number, minor: number, access = 7): FilterRule => ({
    allow,
    type,
    major,
    minor,
    access,
  });
  const none = rule(false, -1, -1, -1);
  const all = rule(true, -1, -1, -1);

  test.each([
    ['nothing', [], 2],
    ['nothing, twice', [none, none], 2],
    ['everything', [none, rule(true, c, 1, 3), all], 0],
    ['one device', [none, rule(true, c, 1, 3)], 9],
    ['one device, as both types', [none, rule(true, b, 1, 3), rule(true, c, 1, 3), rule(true, -1, 1, 3)], 7],
    ['one major', [none, rule(true, c, 136, -1)], 7],
    ['one type', [none, rule(true, c, -1, -1)], 5],
    ['all but one device', [all, rule(false, c, 10, 229)], 9],
    ['two devices of a major', [none, rule(true, c, 1, 3), rule(true, c, 1, 5)], 10],
    ['a row of 2000 devices', [none, ...Array.from({ length: 2000 }, (_, minor) => rule(true, b, 8, minor + 1))], 10],
    ['only mknod', [none, rule(true, -1, -1, -1, 1)], 5],
    ['to read only', [none, rule(true, c, 1, 3, 2)], 11],
  ] as const)('%s', (_, rules, instructions) => {
    expect(size(rules)).toBe(instructions);
  });

  test.each<[string, DeviceRule[]]>([
    ['no rule', []],
    ['a denial of all', [{ allow: false, access: 'rwm' }]],
    ['two of them', [{ allow: false }, { allow: false, type: 'a', major: -1, minor: -1 }]],
    ['a denial of some accesses', [{ allow: false, access: 'rw' }]],
    ['a denial of a type', [{ allow: false, type: 'c', access: 'rwm' }]],
  ])('the program that is there already is the one for %s', (_, rules) => {
    expect(planDeviceFilter(rules)).toEqual(compileDeviceRules(deviceRules(rules)));
  });

  test('a container of dockerd, one with --privileged', () => {
    const char = (major: number, minor: number): DeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' });
    const list: DeviceRule[] = [
      { allow: false, access: 'rwm' },
      ...[char(1, 5), char(1, 3), char(1, 9), char(1, 8), char(5, 0), char(5, 1)],
      { ...char(10, 229), allow: false },
    ];
    expect((planDeviceFilter(list)?.length ?? 0) / 8).toBe(19);
    expect(deviceRules(list)).toHaveLength(18);
    expect(planDeviceFilter([{ allow: true, access: 'rwm' }])).toBeNull();
  });
});
