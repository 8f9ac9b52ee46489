import { describe, expect, it } from 'vitest';

import { planExec, type ExecPlanOptions } from '../../../src/plan/exec.js';
import { isWaiting, waiting } from '../../../src/plan/waiting.js';
import type { Host } from '../../../src/plan/host.js';
import { CLONE_FLAG } from '../../../src/plan/namespaces.js';
import type { Plan } from '../../../src/plan/plan.js';
import { planSeccomp } from '../../../src/plan/seccomp.js';
import type { Process } from '../../../src/spec/types.js';
import { host } from './host.js';
import { renderStep } from './render.js';

const { pid, user, mount } = CLONE_FLAG;
const options: ExecPlanOptions = {
  namespaces: pid + mount,
  hasCgroup: true,
  seccomp: null,
  filterFirst: false,
  setgroupsDenied: false,
  personality: undefined,
  memoryPolicy: undefined,
  keyring: null,
  preserveFds: 0,
};
const ordinary: Host = { ...host, euid: 1000, egid: 1000 };

function plan(process: Partial<Process> = {}, changes: Partial<ExecPlanOptions> = {}, who: Host = host): Plan {
  return planExec({ args: ['sh'], cwd: '/', env: ['HOME=/'], ...process }, who, { ...options, ...changes });
}

function steps(made: Plan): string[] {
  return made.steps.map(renderStep);
}

/** What comes before the process's own steps. */
function entry(made: Plan): string[] {
  return steps(made).slice(
    0,
    made.steps.findIndex(({ op }) => op === 'cwd'),
  );
}

describe('one more process', () => {
  it('waits before anything else until it has been moved into the cgroup that it cannot be born in', () => {
    expect(steps(waiting(plan()))).toEqual(['ask cgroup', ...steps(plan())]);
  });

  describe('with a CPU affinity', () => {
    const before = (made: Plan): string[] => steps(made).slice(0, steps(made).indexOf('currentRoot'));
    const join = 'joinProcess process flags=0x20020000';

    it('is bound before it is moved into the cgroup, and again when it is there', () => {
      const both = plan({ execCPUAffinity: { initial: '0-1', final: '65' } });
      expect(before(both)).toEqual([
        'affinity initial 0-1 cpus=[3]',
        'ask cgroup',
        'undumpable',
        'affinity final list=65 cpus=[0 2]',
        join,
      ]);
      expect(waiting(both)).toBe(both);
    });

    it('is left as the kernel has it there without a final one', () => {
      const initial = plan({ execCPUAffinity: { initial: '0,1', final: '' } });
      expect(before(initial)).toEqual(['affinity initial 0,1 cpus=[3]', 'ask cgroup', 'undumpable', join]);
    });

    it('is born in the cgroup without an initial one', () => {
      const final = plan({ execCPUAffinity: { initial: '', final: '1' } });
      expect(before(final)).toEqual(['undumpable', 'affinity final list=1 cpus=[2]', join]);
      expect(isWaiting(final)).toBe(false);
      expect(before(waiting(final))[0]).toBe('ask cgroup');
    });

    it('does not wait for a cgroup that the container has not', () => {
      const none = plan({ execCPUAffinity: { initial: '0', final: '1' } }, { hasCgroup: false });
      expect(before(none)).toEqual(['affinity initial list=0 cpus=[1]', 'undumpable', 'affinity final list=1 cpus=[2]', join]);
    });

    it.each([undefined, {}, { initial: '', final: '' }])('of %j is bound to nothing', (execCPUAffinity) => {
      expect(before(plan({ execCPUAffinity }))).toEqual(['undumpable', 'affinity', join]);
    });
  });

  it('enters the container, becomes what it is to be, and begins', () => {
    expect(steps(plan())).toEqual([
      'undumpable',
      'affinity',
      'joinProcess process flags=0x20020000',
      'currentRoot',
      'forget',
      'cwd / early=true',
      'bounding set=0x0',
      'user setgroups=true umask=18',
      'capabilities effective=0x0 permitted=0x0 inheritable=0x0 ambient=0x0',
      'cwd /',
      'program args=[sh] env=[HOME=/]',
      'begin',
      'seal',
      'enterPidNamespace',
      'exec',
    ]);
  });

  it('has no cgroup, trees, maps or clone flags of its own', () => {
    expect(plan()).toMatchObject({ cgroup: null, trees: [], idMaps: null, cloneFlags: 0, oomScoreAdj: null, warnings: [] });
    expect(plan({ oomScoreAdj: 5 }).oomScoreAdj).toBe(5);
  });

  it('enters the pid namespace last of all: what is left to do is to execute the program', () => {
    for (const who of [host, ordinary, { ...host, inUserNamespace: true }]) {
      const made = plan({}, { namespaces: user + pid + mount }, who);
      expect(made.steps.slice(-2)).toEqual([{ op: 'enterPidNamespace', terminal: false, start: '' }, { op: 'exec' }]);
      // a pidfd stands for it: no descriptor of its own
      expect(made.slots).toEqual([{ name: 'process', open: 'process' }]);
    }
    expect(plan({ terminal: true }).steps).toContainEqual({ op: 'enterPidNamespace', terminal: true, start: '' });
  });

  it('joins nothing in a container that shares everything', () => {
    expect(entry(plan({}, { namespaces: 0 }))).toEqual(['undumpable', 'affinity', 'currentRoot', 'session']);
  });

  it("has the container's keyring and personality", () => {
    const made = plan({}, { keyring: '_ses.c.u', personality: { domain: 'LINUX32' } });
    expect(made.steps).toContainEqual({ op: 'keyring', name: '_ses.c.u', fresh: false });
    expect(made.steps).toContainEqual({ op: 'personality', persona: 8 });
  });

  it('waits for its oom_score_adj where that can only be set before the child is born', () => {
    expect(steps(plan({ oomScoreAdj: 5 }))).not.toContain('ready');
    expect(steps(plan({ oomScoreAdj: 5 }, {}, ordinary))).toContain('ready');
    expect(steps(plan({ oomScoreAdj: 5 }, { namespaces: user + mount }, ordinary))).not.toContain('ready');
  });

  it('becomes root of the user namespace it joins', () => {
    expect(entry(plan({}, { namespaces: user + pid + mount }))).toEqual([
      'undumpable',
      'affinity',
      'joinProcess process flags=0x30020000',
      'becomeRoot',
      'currentRoot',
      'forget',
    ]);
  });

  it('forks for a pid namespace only', () => {
    expect(steps(plan({}, { namespaces: user + mount }, ordinary))).not.toContain('enterPidNamespace');
  });
});

describe('what the runtime does in between', () => {
  const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }] as const;

  it('is nothing usually', () => {
    expect(steps(plan({ rlimits }))).not.toContain('ready');
    expect(steps(plan({ rlimits }))).toContain('rlimit resource=7 soft=1 hard=2');
  });

  it('is setting limits in a user namespace', () => {
    const made = plan({ rlimits }, { namespaces: user + mount });
    expect(made.hostLimits).toEqual([{ resource: 7, soft: '1', hard: '2' }]);
    expect(steps(made).slice(-4)).toEqual(['ready', 'begin', 'seal', 'exec']);
  });

  it('is seeing to the terminal, which is not put into the container', () => {
    const made = plan({ terminal: true, consoleSize: { height: 25, width: 80 }, user: { uid: 7, gid: 8 } });
    expect(made.steps).toContainEqual({ op: 'console', slot: 'console', rows: 25, columns: 80, uid: 7, bind: false });
    expect(made.slots.map(({ name }) => name)).toEqual(['process', 'console']);
    expect(steps(made).slice(-5)).toEqual(['ready', 'begin', 'seal', 'enterPidNamespace terminal=true', 'exec']);
  });

  it('knows nothing of a size it was not given', () => {
    expect(plan({ terminal: true }).steps).toContainEqual({ op: 'console', slot: 'console', rows: 0, columns: 0, uid: 0, bind: false });
  });
});

describe('the filter', () => {
  const seccomp = planSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' }, host);
  const notify = planSeccomp(
    { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/a.sock', syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }] },
    host,
  );

  it("is the container's, loaded last", () => {
    const made = plan({ noNewPrivileges: true }, { seccomp });
    expect(made.seccomp).toBe(seccomp);
    expect(made.slots.map(({ name }) => name)).toEqual(['process', 'seccomp']);
    expect(made.steps.slice(-5).map(({ op }) => op)).toEqual(['begin', 'seal', 'enterPidNamespace', 'seccomp', 'exec']);
  });

  it('is loaded while nobody sees it, if it lets the rest through', () => {
    const made = plan({}, { seccomp, filterFirst: true });
    expect(made.steps.slice(-6).map(({ op }) => op)).toEqual(['begin', 'seal', 'seccomp', 'capset', 'enterPidNamespace', 'exec']);
  });

  it('with a listener is loaded last, too, the runtime having been asked before', () => {
    const shares = plan({ noNewPrivileges: true }, { seccomp: notify, namespaces: mount });
    expect(shares.slots.at(-1)).toEqual({ name: 'seccomp.listener', open: 'connect', path: '/a.sock' });
    expect(shares.steps.slice(-5).map(({ op }) => op)).toEqual(['ask', 'begin', 'seal', 'seccomp', 'exec']);
    expect(shares.steps.at(-3)).toEqual({ op: 'seal', start: '', listener: 'seccomp.listener' });
  });

  it('has its listener sent by the runtime when there is a process to tell of', () => {
    const made = plan({ noNewPrivileges: true }, { seccomp: notify });
    expect(made.slots.map(({ name }) => name)).not.toContain('seccomp.listener');
    expect(made.steps.at(-2)).toEqual({ op: 'seccomp', flags: 12, listener: '', handOver: true, direct: false, mayBlockReport: false });
    expect(made.steps.slice(-5).map(({ op }) => op)).toEqual(['begin', 'seal', 'enterPidNamespace', 'seccomp', 'exec']);
  });
});

describe('the process', () => {
  it('gets the descriptors that are passed', () => {
    expect(plan({}, { preserveFds: 3 }).steps).toContainEqual(expect.objectContaining({ op: 'program', preserved: 3 }));
  });

  it('sets no groups where the container may not', () => {
    const denied = { namespaces: user + mount, setgroupsDenied: true };
    expect(plan({}, denied).steps).toContainEqual(expect.objectContaining({ op: 'user', setgroups: false }));
    expect(() => plan({ user: { uid: 0, gid: 0, additionalGids: [1] } }, denied)).toThrow('/process/user/additionalGids');
  });

  it('has its arguments', () => {
    expect(() => plan({ args: [] })).toThrow('/process/args');
  });
});
