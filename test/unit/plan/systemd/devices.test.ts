import { describe, expect, test } from 'vitest';

import { deviceRules } from '../../../../src/plan/devices.js';
import { ACCESS, TYPE, type FilterRule } from '../../../../src/plan/device_program.js';
import { allowed, deviceProperties } from '../../../../src/plan/systemd/devices.js';
import type { DeviceRule } from '../../../../src/spec/types.js';

const DENY: DeviceRule = { allow: false, access: 'rwm' };
const FREE = [
  { name: 'DevicePolicy', type: 's', value: 'auto' },
  { name: 'DeviceAllow', type: 'a(ss)', value: [] },
];
const entries = (...rules: DeviceRule[]) => Object.fromEntries(allowed(deviceRules([DENY, ...rules])) ?? []);

test('all allowed: systemd denies nothing', () => {
  expect(deviceProperties([{ allow: true, access: 'rwm' }])).toEqual(FREE);
});

test.each([[[DENY]], [[]]])('all denied, or no rules: the default devices are left, and nodes may be made', (rules) => {
  expect(deviceProperties(rules)).toEqual([
    { name: 'DevicePolicy', type: 's', value: 'strict' },
    { name: 'DeviceAllow', type: 'a(ss)', value: [] },
    {
      name: 'DeviceAllow',
      type: 'a(ss)',
      value: [
        ...[3, 5, 7, 8, 9].map((minor) => [`/dev/char/1:${minor}`, 'rwm']),
        ['/dev/char/5:0', 'rwm'],
        ['/dev/char/5:2', 'rwm'],
        ['char-136', 'rwm'],
        ['/dev/char/10:200', 'rwm'],
        ['block-*', 'm'],
        ['char-*', 'm'],
      ],
    },
  ]);
});

describe('devices that are allowed', () => {
  test('by numbers, by major, by type, or of both types', () => {
    expect(entries({ allow: true, type: 'b', major: 8, minor: 1, access: 'r' })).toMatchObject({ '/dev/block/8:1': 'rm' });
    expect(entries({ allow: true, type: 'c', major: 13, access: 'rw' })).toMatchObject({ 'char-13': 'rwm' });
    expect(entries({ allow: true, type: 'b', access: 'r' })).toMatchObject({ 'block-*': 'rm' });
    expect(entries({ allow: true, major: 7, minor: 0, access: 'w' })).toMatchObject({ '/dev/block/7:0': 'wm', '/dev/char/7:0': 'wm' });
  });
  test('an entry has all that the wider ones have', () => {
    const both = entries({ allow: true, type: 'c', major: 13, access: 'r' }, { allow: true, type: 'c', major: 13, minor: 5, access: 'w' });
    expect(both).toMatchObject({ 'char-13': 'rm', '/dev/char/13:5': 'rwm' });
    const twice = entries(
      { allow: true, type: 'c', major: 13, minor: 5, access: 'r' },
      { allow: true, type: 'c', major: 13, minor: 5, access: 'w' },
    );
    expect(twice).toMatchObject({ '/dev/char/13:5': 'rwm' });
  });
});

describe('what systemd cannot say is left to our own filter', () => {
  test.each([
    ['a device that is denied', { allow: false, type: 'c', major: 1, minor: 3, access: 'r' }],
    ['any major', { allow: true, type: 'c', minor: 3, access: 'r' }],
  ] as const)('%s', (_, rule) => {
    expect(deviceProperties([DENY, rule])).toEqual(FREE);
  });
  test('a rule before the last one about all devices is no rule', () => {
    expect(deviceProperties([{ allow: false, type: 'c', major: 1, minor: 3, access: 'r' }, DENY])).toEqual(deviceProperties([DENY]));
  });
});

/** What systemd's program does (bpf-devices.c): an access is allowed by one entry that has all of it. */
function systemdAllows(list: readonly (readonly [string, string])[], type: number, major: number, minor: number, access: number): boolean {
  const word = type === TYPE.b ? 'block' : 'char';
  const names = [`${word}-*`, `${word}-${major}`, `/dev/${word}/${major}:${minor}`];
  return list.some(([path, words]) => {
    let has = 0;
    for (const letter of words) has |= ACCESS[letter as 'r' | 'w' | 'm'];
    return names.includes(path) && (access & ~has) === 0;
  });
}

/** The meaning of the rules: for each access the last rule that names it. */
function rulesAllow(rules: readonly FilterRule[], type: number, major: number, minor: number, access: number): boolean {
  const any = (given: number, is: number) => given === -1 || given === is;
  return Object.values(ACCESS).every((bit) => {
    if ((access & bit) === 0) return true;
    return (
      rules.findLast((rule) => any(rule.type, type) && any(rule.major, major) && any(rule.minor, minor) && (rule.access & bit) !== 0)
        ?.allow === true
    );
  });
}

test('a list of allowed devices says what the rules say, over all lists of two rules', () => {
  const numbers = [undefined, 1, 2];
  const rules: DeviceRule[] = [];
  for (const type of ['a', 'b', 'c'] as const) {
    for (const major of numbers) {
      for (const minor of numbers) {
        for (const access of ['r', 'w']) {
          rules.push({ allow: true, type, access, ...(major === undefined ? {} : { major }), ...(minor === undefined ? {} : { minor }) });
        }
      }
    }
  }
  let said = 0;
  for (const first of rules) {
    for (const second of rules) {
      const complete = deviceRules([DENY, first, second]);
      const list = allowed(complete);
      if (list === null) continue;
      said++;
      for (const type of [TYPE.b, TYPE.c]) {
        for (let at = 0; at < 9; at++) {
          const [major, minor] = [1 + Math.trunc(at / 3), 1 + (at % 3)];
          // an open for reading, writing or both; or mknod
          for (const access of [ACCESS.r, ACCESS.w, ACCESS.r | ACCESS.w, ACCESS.m]) {
            if (systemdAllows(list, type, major, minor, access) !== rulesAllow(complete, type, major, minor, access)) {
              expect.fail(`${JSON.stringify([first, second])}: type ${type} ${major}:${minor} access ${access}`);
            }
          }
        }
      }
    }
  }
  expect(said).toBeGreaterThan(1000);
});
