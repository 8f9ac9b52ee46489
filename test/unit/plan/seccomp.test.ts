import { describe, expect, it } from 'vitest';

import { planSeccomp } from '../../../src/plan/seccomp.js';
import type { SeccompPlan } from '../../../src/plan/plan.js';
import type { Seccomp, SeccompSyscall } from '../../../src/spec/types.js';
import { host } from './host.js';

function plan(seccomp: Partial<Seccomp> = {}): SeccompPlan {
  return planSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', ...seccomp }, host);
}

function rule(changes: Partial<SeccompSyscall> = {}): SeccompSyscall {
  return { names: ['read'], action: 'SCMP_ACT_ALLOW', ...changes };
}

describe('an action', () => {
  it.each([
    ['SCMP_ACT_KILL', undefined, 0],
    ['SCMP_ACT_KILL_THREAD', undefined, 0],
    ['SCMP_ACT_KILL_PROCESS', undefined, 0x80000000],
    ['SCMP_ACT_TRAP', undefined, 0x30000],
    ['SCMP_ACT_ERRNO', undefined, 0x50001],
    ['SCMP_ACT_ERRNO', 0, 0x50000],
    ['SCMP_ACT_ERRNO', 38, 0x50026],
    ['SCMP_ACT_TRACE', undefined, 0x7ff00001],
    ['SCMP_ACT_TRACE', 7, 0x7ff00007],
    ['SCMP_ACT_LOG', undefined, 0x7ffc0000],
    ['SCMP_ACT_ALLOW', undefined, 0x7fff0000],
  ] as const)('%s with errno %s is 0x%s', (action, errnoRet, value) => {
    expect(plan({ defaultAction: action, defaultErrnoRet: errnoRet }).request.defaultAction).toBe(value);
    expect(plan({ syscalls: [rule({ action, errnoRet })] }).request.rules[0]?.action).toBe(value);
  });

  it('has an errno only where it returns one', () => {
    expect(() => plan({ syscalls: [rule({ errnoRet: 5 })] })).toThrow('/linux/seccomp/syscalls/0/action: SCMP_ACT_ALLOW returns no errno');
    expect(() => plan({ defaultErrnoRet: 70000 })).toThrow('/linux/seccomp/defaultAction: 70000 is no errno');
    expect(() => plan({ defaultAction: 'SCMP_ACT_X' as 'SCMP_ACT_LOG' })).toThrow('/linux/seccomp/defaultAction: unknown, is "SCMP_ACT_X"');
  });
});

describe('a rule', () => {
  it('has its conditions in full width', () => {
    const args = [
      { index: 0, op: 'SCMP_CMP_MASKED_EQ', value: 18446744073709551615n, valueTwo: 5 },
      { index: 5, op: 'SCMP_CMP_NE', value: 40 },
      { index: 1, op: 'SCMP_CMP_GT', value: -1 },
    ] as const;
    expect(plan({ syscalls: [rule({ names: ['clone', 'read'], args })] }).request.rules).toEqual([
      {
        action: 0x7fff0000,
        names: ['clone', 'read'],
        args: [
          { index: 0, op: 7, value: '18446744073709551615', valueTwo: '5' },
          { index: 5, op: 1, value: '40', valueTwo: '0' },
          { index: 1, op: 6, value: '18446744073709551615', valueTwo: '0' },
        ],
      },
    ]);
  });

  it('is one of as many as a filter may have room for', () => {
    const syscalls = Array.from({ length: 16_384 }, () => rule());
    expect(plan({ syscalls }).request.rules).toHaveLength(16_384);
    expect(() => plan({ syscalls: [...syscalls, rule()] })).toThrow(
      '/linux/seccomp/syscalls: more than a filter has room for: 16385 names of system calls in 16385 rules',
    );
  });

  it('is pointed at when it is wrong', () => {
    const wrong = { index: 0, op: 'SCMP_CMP_X' as 'SCMP_CMP_EQ', value: 1 };
    expect(() => plan({ syscalls: [rule(), rule({ args: [wrong] })] })).toThrow('/linux/seccomp/syscalls/1/args/0/op: unknown');
  });
});

it('architectures are libseccomp’s tokens', () => {
  expect(
    plan({ architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64'] }).request.architectures,
  ).toEqual([0xc000003e, 0x40000003, 0x4000003e, 0xc00000b7]);
  expect(plan().request.architectures).toEqual([]);
});

describe('system calls newer than the profile', () => {
  it.each([
    ['SCMP_ACT_ERRNO', undefined, true],
    ['SCMP_ACT_ERRNO', 1, true],
    ['SCMP_ACT_ERRNO', 38, false],
    ['SCMP_ACT_KILL_PROCESS', undefined, true],
    ['SCMP_ACT_TRAP', undefined, true],
    ['SCMP_ACT_ALLOW', undefined, false],
    ['SCMP_ACT_LOG', undefined, false],
    ['SCMP_ACT_TRACE', undefined, false],
  ] as const)('under %s %s get ENOSYS: %s', (defaultAction, defaultErrnoRet, unknownIsEnosys) => {
    expect(plan({ defaultAction, defaultErrnoRet }).request.unknownIsEnosys).toBe(unknownIsEnosys);
  });
});

describe('flags', () => {
  it.each([
    [undefined, 4],
    [[], 0],
    [['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG'], 2],
    [['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'], 4],
  ] as const)('%j are %d', (flags, bits) => {
    expect(plan({ flags }).flags).toBe(bits);
  });

  it('are refused when unknown', () => {
    expect(() => plan({ flags: ['X' as 'SECCOMP_FILTER_FLAG_LOG'] })).toThrow('/linux/seccomp/flags: unknown, is "X"');
  });
});

describe('a rule that notifies', () => {
  const syscalls = [rule({ action: 'SCMP_ACT_NOTIFY' })];

  it('needs somebody to notify', () => {
    expect(() => plan({ syscalls })).toThrow('/linux/seccomp/listenerPath: needed by SCMP_ACT_NOTIFY');
    expect(plan({ syscalls, listenerPath: '/s', listenerMetadata: 'm', flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] })).toMatchObject({
      flags: 8 | 32,
      listener: { path: '/s', metadata: 'm' },
    });
  });

  it('is what a listener is for', () => {
    expect(plan({ syscalls: [rule()], listenerPath: '/s' })).toMatchObject({ flags: 4, listener: null });
  });
});

describe('a profile may block the report of a failure', () => {
  const end = ['write', 'exit_group'];

  it.each<[string, Partial<Seccomp>]>([
    ['that allows nothing', {}],
    ['that allows write, but not exit_group', { syscalls: [rule({ names: ['write'] })] }],
    ['that allows both with some arguments only', { syscalls: [rule({ names: end, args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] })] }],
    ['that forbids one', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule({ names: ['exit_group'], action: 'SCMP_ACT_KILL_THREAD' })] }],
    ['that notifies a listener', { syscalls: [rule({ names: end, action: 'SCMP_ACT_NOTIFY' })], listenerPath: '/s' }],
  ])('%s', (_, profile) => {
    expect(plan(profile).mayBlockReport).toBe(true);
  });

  it.each<[string, Partial<Seccomp>]>([
    ['allows everything', { defaultAction: 'SCMP_ACT_ALLOW' }],
    ['logs everything', { defaultAction: 'SCMP_ACT_LOG', syscalls: [rule({ action: 'SCMP_ACT_ERRNO' })] }],
    ['allows both', { syscalls: [rule({ names: end })] }],
  ])('unless it %s', (_, profile) => {
    expect(plan(profile).mayBlockReport).toBe(false);
  });
});

describe('the key', () => {
  it('differs where the filter does, and only there', () => {
    const key = plan({ syscalls: [rule()] }).key;
    expect(plan({ syscalls: [rule()], flags: ['SECCOMP_FILTER_FLAG_LOG'], listenerPath: '/x' }).key).toBe(key);
    expect(plan({ syscalls: [rule({ names: ['write'] })] }).key).not.toBe(key);
    expect(plan({ syscalls: [rule()], defaultErrnoRet: 2 }).key).not.toBe(key);
    expect(planSeccomp({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule()] }, { ...host, architecture: 'aarch64' }).key).not.toBe(key);
  });
});
