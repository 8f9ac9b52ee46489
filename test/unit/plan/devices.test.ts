import { describe, expect, test } from 'vitest';
import { ACCESS, compileDeviceRules, TYPE, type FilterRule } from '../../../src/plan/device_program.js';
import { deviceRules, planDeviceFilter } from '../../../src/plan/devices.js';
import type { DeviceRule } from '../../../src/spec/types.js';
import { decodeBpf, runBpf, unreachable } from './bpf.js';
import { interpret, random } from './device_list.js';

function check(rules: readonly FilterRule[], majors: readonly number[], minors: readonly number[], search?: boolean): void {
  const bytes = compileDeviceRules(rules, search);
  const program = bytes && decodeBpf(bytes);
  if (program) expect(unreachable(program)).toEqual([]);
  for (const type of [TYPE.b, TYPE.c]) {
    for (const major of majors) {
      for (const minor of minors) {
        for (let access = 1; access <= 7; access++) {
          const request = { type, access, major, minor };
          const answer = program === null || runBpf(program, request) === 1;
          if (answer !== interpret(rules, request)) {
            throw new Error(`${JSON.stringify(request)}: ${answer} by the program of ${JSON.stringify(rules)}`);
          }
        }
      }
    }
  }
}

describe('the program decides as the list does', () => {
  const numbers = [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff];
  test.each(Array.from({ length: 20 }, (_, index) => index + 1))('random lists, seed %i', (seed) => {
    const next = random(seed * 7919);
    const pick = () => (next(3) === 0 ? -1 : (numbers[next(numbers.length)] ?? 0));
    for (let round = 0; round < 20; round++) {
      const rules = Array.from({ length: next(9) }, () => ({
        allow: next(2) === 1,
        type: [-1, TYPE.b, TYPE.c][next(3)] ?? -1,
        major: pick(),
        minor: pick(),
        access: next(3) === 0 ? 7 : 1 + next(7),
      }));
      check(rules, [...numbers, 9], [...numbers, 9], round % 2 === 0);
    }
  });

  test('long lists: jumps stay within 16 bits', () => {
    const many = (allow: boolean, access: number) =>
      Array.from({ length: 5000 }, (_, minor) => ({ allow, type: TYPE.c, major: 7, minor: minor * 2, access }));
    for (const access of [7, ACCESS.r]) {
      check(many(true, access), [7, 8], [0, 1, 2, 8190, 8192, 9998, 9999]);
      check(
        [{ allow: true, type: -1, major: -1, minor: -1, access: 7 }, ...many(false, access)],
        [7, 8],
        [0, 1, 2, 8190, 8192, 9998, 9999],
      );
    }
  });
});

const allows = (rules: readonly DeviceRule[], type: 'b' | 'c', major: number, minor: number, access: number) => {
  const program = planDeviceFilter(rules);
  return program === null || runBpf(decodeBpf(program), { type: TYPE[type], access, major, minor }) === 1;
};
const RW = ACCESS.r | ACCESS.w;
const DENY_ALL: DeviceRule = { allow: false, access: 'rwm' };

describe('rules of the config', () => {
  test('none deny all but the default devices', () => {
    expect(planDeviceFilter([])).toEqual(planDeviceFilter([DENY_ALL]));
    expect(allows([], 'b', 8, 0, ACCESS.r)).toBe(false);
    expect(allows([], 'c', 1, 3, RW)).toBe(true);
  });

  test('that allow all restrict nothing', () => {
    expect(
      planDeviceFilter([DENY_ALL, { allow: true, type: 'c', major: 1, minor: 3, access: 'r' }, { allow: true, access: 'rwm' }]),
    ).toBeNull();
    expect(planDeviceFilter([{ allow: true, type: 'a' }])).toBeNull();
  });

  test('"deny all" leaves the default devices', () => {
    for (const minor of [3, 5, 7, 8, 9]) expect(allows([DENY_ALL], 'c', 1, minor, RW)).toBe(true);
    for (const [major, minor] of [
      [5, 0],
      [5, 2],
      [136, 0],
      [136, 99],
      [10, 200],
    ] as const)
      expect(allows([DENY_ALL], 'c', major, minor, RW)).toBe(true);
    // console, kmsg, mem, fuse, a disk
    for (const [major, minor] of [
      [5, 1],
      [1, 11],
      [1, 1],
      [10, 229],
    ] as const)
      expect(allows([DENY_ALL], 'c', major, minor, ACCESS.r)).toBe(false);
    expect(allows([DENY_ALL], 'b', 8, 0, ACCESS.r)).toBe(false);
    expect(allows([DENY_ALL], 'b', 1, 3, ACCESS.r)).toBe(false);
    // any node may be made, none of them opened
    expect(allows([DENY_ALL], 'b', 8, 0, ACCESS.m)).toBe(true);
  });

  test('a rule that names a default device decides', () => {
    const rules: DeviceRule[] = [DENY_ALL, { allow: false, type: 'c', major: 1, minor: 3, access: 'w' }];
    expect(allows(rules, 'c', 1, 3, ACCESS.r)).toBe(true);
    expect(allows(rules, 'c', 1, 3, RW)).toBe(false);
  });

  test('accesses of several rules add up', () => {
    const rule = (access: string): DeviceRule => ({ allow: true, type: 'b', major: 8, minor: 0, access });
    expect(allows([DENY_ALL, rule('r'), rule('w')], 'b', 8, 0, RW)).toBe(true);
    expect(allows([DENY_ALL, rule('r')], 'b', 8, 0, RW)).toBe(false);
  });

  test('-1 is any, as a missing number', () => {
    expect(deviceRules([{ allow: true, type: 'c', major: -1, minor: 4 }])).toContainEqual({
      allow: true,
      type: TYPE.c,
      major: -1,
      minor: 4,
      access: 7,
    });
  });

  test('a list of dockerd: repetitions cost nothing', () => {
    const allowed: DeviceRule[] = [
      [1, 5],
      [1, 3],
      [1, 9],
      [1, 8],
      [5, 0],
      [5, 1],
    ].map(([major, minor]) => ({ allow: true, type: 'c', major, minor, access: 'rwm' }));
    const fuse: DeviceRule = { allow: false, type: 'c', major: 10, minor: 229, access: 'rwm' };
    const list = [DENY_ALL, ...allowed, fuse, DENY_ALL, ...allowed, fuse];
    const program = planDeviceFilter(list);
    expect(program).toEqual(planDeviceFilter([DENY_ALL, ...allowed]));
    expect((program?.length ?? 0) / 8).toBeLessThan(50);
    expect(allows(list, 'c', 5, 1, RW)).toBe(true);
    expect(allows(list, 'c', 10, 229, RW)).toBe(false);
    expect(allows([...list, { ...fuse, allow: true }], 'c', 10, 229, RW)).toBe(true);
  });

  test('names what is wrong', () => {
    expect(() => planDeviceFilter([{ allow: true, access: 'rx' }])).toThrow(
      '/linux/resources/devices/0/access: must be of r, w and m, is "rx"',
    );
    expect(() => planDeviceFilter([{ allow: true, major: 2 ** 32 }])).toThrow('/linux/resources/devices/0/major: must be a device number');
    expect(() => planDeviceFilter([DENY_ALL, { allow: true, minor: -2 }])).toThrow('/linux/resources/devices/1/minor: ');
  });
});
