import { describe, expect, it } from 'vitest';

import { planProcess } from '../../../src/plan/process.js';
import type { ProcessContext, ProcessPlan } from '../../../src/plan/process.js';
import type { Step } from '../../../src/plan/steps.js';
import type { Process } from '../../../src/spec/types.js';
import { host } from './host.js';

const context: ProcessContext = {
  host,
  userNamespace: 'none',
  setgroupsDenied: false,
  limits: 'self',
  personality: undefined,
  memoryPolicy: undefined,
  seccomp: null,
  birth: 'alone',
  start: 'start',
  preserved: 0,
};
const seccomp = { flags: 4, listener: '', mayBlockReport: false };
const seal = { op: 'seal', start: '', listener: '' };
const notifies = { flags: 8, listener: 'seccomp.listener', mayBlockReport: false };
const loads = { op: 'seccomp', flags: 4, listener: '', handOver: false, direct: false, mayBlockReport: false };
const ADMIN = 2 ** 21;

function plan(process: Partial<Process> = {}, changes: Partial<ProcessContext> = {}): ProcessPlan {
  return planProcess({ cwd: '/', args: ['sh'], env: ['HOME=/root'], ...process }, { ...context, ...changes });
}

function ops(steps: readonly Step[]): string[] {
  return steps.map((step) => step.op);
}

function step(process: Partial<Process>, op: Step['op'], changes: Partial<ProcessContext> = {}): Step | undefined {
  return plan(process, changes).before.find((each) => each.op === op);
}

describe('the order', () => {
  it('is short for a simple process', () => {
    expect(plan()).toMatchObject({ ask: [], seal, load: [], when: 'last', hostLimits: [], warnings: [] });
    expect(ops(plan().before)).toEqual(['cwd', 'bounding', 'user', 'capabilities', 'cwd', 'program']);
  });

  it('has everything in its place', () => {
    const full = plan(
      {
        env: [],
        scheduler: { policy: 'SCHED_BATCH' },
        ioPriority: { class: 'IOPRIO_CLASS_BE' },
        apparmorProfile: 'p',
        selinuxLabel: 'l',
        noNewPrivileges: true,
        rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }],
      },
      { seccomp, personality: { domain: 'LINUX' }, memoryPolicy: { mode: 'MPOL_LOCAL' }, host: { ...host, apparmor: true, selinux: true } },
    );
    expect(ops(full.before)).toEqual([
      'scheduler',
      'ioPriority',
      'personality',
      'memoryPolicy',
      'apparmor',
      'selinux',
      'noNewPrivileges',
      'home',
      'cwd',
      'bounding',
      'rlimit',
      'user',
      'capabilities',
      'cwd',
      'program',
    ]);
    expect(full.seal).toEqual(seal);
    expect(full.load).toEqual([loads]);
  });
});

describe('a filter', () => {
  const capabilities = { bounding: ['CAP_CHOWN'], permitted: ['CAP_CHOWN'], effective: ['CAP_CHOWN'] };

  it('is loaded last with no_new_privs, without any privilege', () => {
    const { before, load, confinement } = plan({ capabilities, noNewPrivileges: true }, { seccomp });
    expect(before.find((each) => each.op === 'capabilities')).toMatchObject({ effective: '1', permitted: '1' });
    expect(ops(load)).toEqual(['seccomp']);
    expect(confinement).toMatchObject({ filtered: true, flags: 4, lower: false });
  });

  it('is loaded last without no_new_privs too, with CAP_SYS_ADMIN kept until then', () => {
    const { before, load, confinement } = plan({ capabilities }, { seccomp });
    expect(before.find((each) => each.op === 'bounding')).toEqual({ op: 'bounding', set: '1' });
    expect(before.find((each) => each.op === 'capabilities')).toMatchObject({
      effective: String(ADMIN + 1),
      permitted: String(ADMIN + 1),
      ambient: '0',
    });
    const sets = { effective: '1', permitted: '1', inheritable: '0' };
    expect(load).toEqual([loads, { op: 'capset', ...sets }]);
    expect(confinement).toEqual({ filtered: true, flags: 4, lower: true, ...sets });
  });

  it('finds the ambient capabilities raised, for behind it nothing is called that need not be', () => {
    const sets = { ...capabilities, inheritable: ['CAP_CHOWN'], ambient: ['CAP_CHOWN'] };
    const { before } = plan({ capabilities: sets }, { seccomp });
    expect(before.find((each) => each.op === 'capabilities')).toMatchObject({ inheritable: '1', ambient: '1' });
  });

  it('changes nothing about the capabilities of a process that keeps CAP_SYS_ADMIN anyway', () => {
    const admin = { bounding: ['CAP_SYS_ADMIN'], permitted: ['CAP_SYS_ADMIN'], effective: ['CAP_SYS_ADMIN'] };
    const { before, load } = plan({ capabilities: admin }, { seccomp });
    expect(before.find((each) => each.op === 'capabilities')).toMatchObject({ effective: String(ADMIN) });
    expect(ops(load)).toEqual(['seccomp']);
  });

  it('with a listener is asked about, and init’s own then, so that its children have it already', () => {
    const { ask, seal, load, when, confinement } = plan({}, { seccomp: notifies });
    expect(ask).toEqual([{ op: 'ask', what: 'seccomp' }]);
    expect(when).toBe('waiting');
    expect(seal).toEqual({ op: 'seal', start: 'start', listener: 'seccomp.listener' });
    expect(ops(load)).toEqual(['seccomp', 'capset']);
    expect(confinement).toMatchObject({ filtered: false, lower: false });
  });

  it('with a listener has it sent by the runtime where there is a last fork', () => {
    for (const birth of ['filtered', 'unfiltered'] as const) {
      const { ask, seal, load, when } = plan({}, { seccomp: notifies, birth });
      expect(ask).toEqual([]);
      expect(when).toBe(birth === 'filtered' ? 'hidden' : 'waiting');
      expect(seal).toEqual({ op: 'seal', start: 'start', listener: '' });
      expect(load[0]).toMatchObject({ op: 'seccomp', listener: '', handOver: true, direct: birth === 'filtered' });
    }
  });

  it('is loaded before the last fork if it lets through what comes after it, and then the capabilities are dropped', () => {
    for (const noNewPrivileges of [true, false]) {
      const { before, load, when, confinement, warnings } = plan({ capabilities, noNewPrivileges }, { seccomp, birth: 'filtered' });
      expect(ops(before)).not.toContain('seccomp');
      expect(when).toBe('hidden');
      expect(ops(load)).toEqual(noNewPrivileges ? ['seccomp'] : ['seccomp', 'capset']);
      // What it starts has the filter already.
      expect(confinement).toMatchObject({ filtered: false, lower: false });
      expect(warnings).toEqual([]);
    }
  });

  it('is loaded behind the last fork else, where nobody has CAP_SYS_ADMIN for it: no_new_privs is the only other way', () => {
    const { before, load, when, warnings } = plan({ capabilities }, { seccomp, birth: 'unfiltered' });
    expect(before.find((each) => each.op === 'capabilities')).toMatchObject({ effective: '1', permitted: '1' });
    expect(ops(before)).toContain('noNewPrivileges');
    expect(when).toBe('last');
    expect(ops(load)).toEqual(['seccomp']);
    expect(warnings).toEqual([expect.stringContaining('no_new_privs')]);
    const admin = { bounding: ['CAP_SYS_ADMIN'], permitted: ['CAP_SYS_ADMIN'], effective: ['CAP_SYS_ADMIN'] };
    const keeps = plan({ capabilities: admin }, { seccomp, birth: 'unfiltered' });
    expect(ops(keeps.before)).not.toContain('noNewPrivileges');
    expect(keeps.warnings).toEqual([]);
  });
});

describe('a scheduler that does not outlive the last fork', () => {
  const policies = (steps: readonly Step[]) => steps.flatMap((each) => (each.op === 'scheduler' ? [`${each.policy} ${each.flags}`] : []));

  it('is set behind it, as far as need be', () => {
    const reset = { policy: 'SCHED_FIFO', priority: 1, flags: ['SCHED_FLAG_RESET_ON_FORK'] } as const;
    const deadline = { policy: 'SCHED_DEADLINE', runtime: 1, deadline: 2, period: 3 } as const;
    const of = (scheduler: Process['scheduler'], birth: ProcessContext['birth']) => {
      const { before, load } = plan({ scheduler }, { birth });
      return [policies(before), policies(load)];
    };
    expect(of(reset, 'alone')).toEqual([['1 1'], []]);
    expect(of(reset, 'filtered')).toEqual([['1 0'], ['1 1']]);
    expect(of(deadline, 'unfiltered')).toEqual([[], ['6 0']]);
    expect(of({ policy: 'SCHED_BATCH' }, 'filtered')).toEqual([['3 0'], []]);
  });

  it('needs system calls that the filter may not let through: it comes behind', () => {
    const scheduler = { policy: 'SCHED_FIFO', priority: 1, flags: ['SCHED_FLAG_RESET_ON_FORK'] } as const;
    const { when, load } = plan({ scheduler, noNewPrivileges: true }, { seccomp, birth: 'filtered' });
    expect(when).toBe('last');
    expect(ops(load)).toEqual(['scheduler', 'seccomp']);
  });
});

describe('limits', () => {
  const rlimits = [
    { type: 'RLIMIT_NOFILE', soft: 1024, hard: 18446744073709551615n },
    { type: 'RLIMIT_RTTIME', soft: -1, hard: 18446744073709551615 },
  ] as const;
  const expected = [
    { resource: 7, soft: '1024', hard: '18446744073709551615' },
    { resource: 15, soft: '18446744073709551615', hard: '18446744073709551615' },
  ];

  it('are set by the process, or by the host', () => {
    const own = plan({ rlimits });
    expect(own.before.filter((each) => each.op === 'rlimit')).toEqual(expected.map((limit) => ({ op: 'rlimit', ...limit })));
    expect(own.hostLimits).toEqual([]);
    const hosts = plan({ rlimits }, { limits: 'host' });
    expect(ops(hosts.before)).not.toContain('rlimit');
    expect(hosts.hostLimits).toEqual(expected);
  });

  it('are known and given once', () => {
    expect(() => plan({ rlimits: [{ type: 'RLIMIT_X' as 'RLIMIT_AS', soft: 1, hard: 1 }] })).toThrow(
      '/process/rlimits/0/type: unknown, is "RLIMIT_X"',
    );
    expect(() => plan({ rlimits: [rlimits[0], rlimits[0]] })).toThrow('/process/rlimits/1/type: RLIMIT_NOFILE is given twice');
  });
});

describe('the environment', () => {
  const program = (env: readonly string[]) => step({ env }, 'program');

  it('has the last of several values, and = in them', () => {
    expect(program(['A=1', 'HOME=/h', 'B=2=3', 'A=4'])).toMatchObject({ env: ['HOME=/h', 'B=2=3', 'A=4'], home: false });
  });

  it.each([[['A=1']], [['A=1', 'HOME=']]])('%j has no home, so it is looked up', (env) => {
    expect(program(env)).toMatchObject({ env: ['A=1'], home: true });
    expect(step({ env, user: { uid: 7 } }, 'home')).toEqual({ op: 'home', uid: 7 });
  });
});

describe('the user', () => {
  it('is root with the usual umask', () => {
    expect(step({}, 'user')).toEqual({ op: 'user', uid: 0, gid: 0, groups: [], setgroups: true, umask: 0o022 });
    expect(step({ user: { uid: 1, gid: 2, umask: 0, additionalGids: [3] } }, 'user')).toEqual({
      op: 'user',
      uid: 1,
      gid: 2,
      groups: [3],
      setgroups: true,
      umask: 0,
    });
  });

  it('has no supplementary groups where they are denied', () => {
    expect(step({ user: { gid: 5, additionalGids: [5] } }, 'user', { setgroupsDenied: true })).toMatchObject({
      groups: [],
      setgroups: false,
    });
    expect(() => plan({ user: { additionalGids: [3] } }, { setgroupsDenied: true })).toThrow(
      '/process/user/additionalGids: the user namespace',
    );
  });
});

describe('scheduling', () => {
  it('has the kernel’s numbers', () => {
    expect(
      step(
        {
          scheduler: { policy: 'SCHED_DEADLINE', flags: ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN'], runtime: 5, deadline: 2n ** 60n },
        },
        'scheduler',
      ),
    ).toEqual({ op: 'scheduler', policy: 6, flags: 6, nice: 0, priority: 0, runtime: '5', deadline: '1152921504606846976', period: '0' });
    expect(step({ ioPriority: { class: 'IOPRIO_CLASS_IDLE', priority: 7 } }, 'ioPriority')).toEqual({
      op: 'ioPriority',
      value: (3 << 13) | 7,
    });
    expect(step({}, 'personality', { personality: { domain: 'LINUX32' } })).toEqual({ op: 'personality', persona: 8 });
  });

  it('has the kernel’s numbers for a memory policy, and its words for who reads of a failure', () => {
    expect(
      step({}, 'memoryPolicy', {
        memoryPolicy: { mode: 'MPOL_WEIGHTED_INTERLEAVE', nodes: '0-1,64', flags: ['MPOL_F_STATIC_NODES', 'MPOL_F_NUMA_BALANCING'] },
      }),
    ).toEqual({
      op: 'memoryPolicy',
      name: 'MPOL_WEIGHTED_INTERLEAVE|MPOL_F_STATIC_NODES|MPOL_F_NUMA_BALANCING 0-1,64',
      mode: 6 | (1 << 15) | (1 << 13),
      nodes: ['3', '1'],
    });
    expect(step({}, 'memoryPolicy', { memoryPolicy: { mode: 'MPOL_DEFAULT' } })).toEqual({
      op: 'memoryPolicy',
      name: 'MPOL_DEFAULT',
      mode: 0,
      nodes: [],
    });
  });

  it('leaves it to the config’s rules to warn of personality flags', () => {
    expect(plan({}, { personality: { domain: 'LINUX', flags: ['X'] } }).warnings).toEqual([]);
  });
});

describe('what the host has not', () => {
  it('is refused', () => {
    expect(() => plan({ apparmorProfile: 'p' })).toThrow('/process/apparmorProfile: this host has no AppArmor, is "p"');
    expect(() => plan({ selinuxLabel: 'l' })).toThrow('/process/selinuxLabel: this host has no SELinux, is "l"');
    expect(plan({ apparmorProfile: '', selinuxLabel: '' }).before).toHaveLength(6);
  });
});

describe('the name of an AppArmor profile', () => {
  const named = (apparmorProfile: string) => plan({ apparmorProfile }, { host: { ...host, apparmor: true } });

  it('is passed whole or refused', () => {
    const longest = 'p'.repeat(4091);
    expect(named(longest).before).toContainEqual({ op: 'apparmor', profile: longest });
    expect(() => named(`${longest}p`)).toThrow('/process/apparmorProfile: must have at most 4091 bytes, has 4092: "ppp');
    expect(() => named('ü'.repeat(2046))).toThrow('must have at most 4091 bytes, has 4092');
  });

  it.each(['a b', 'a\nb', ' a', 'a\n'])('is one word, not %j', (name) => {
    expect(() => named(name)).toThrow('/process/apparmorProfile: must be one word without white space');
  });
});

it('there is always a program', () => {
  expect(() => plan({ args: [] })).toThrow('/process/args: must have at least one item');
});
