import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { deniesSetgroups, needsHelpers, planCreate, type PlanOptions } from '../../../src/plan/create.js';
import type { Host } from '../../../src/plan/host.js';
import type { Plan } from '../../../src/plan/plan.js';
import { NO_CONFINEMENT } from '../../../src/plan/process.js';
import type { Op, Step } from '../../../src/plan/steps.js';
import type { Process, Spec } from '../../../src/spec/types.js';
import { host } from './host.js';
import { renderPlan } from './render.js';

const options: PlanOptions = {
  id: 'c1',
  bundle: '/bundle',
  cgroupManager: 'cgroupfs',
  noPivot: false,
  keyring: '_ses.c1.u',
  filterFirst: false,
  preserveFds: 0,
  listenFds: 0,
  notify: '',
};
const user: Host = { ...host, euid: 1000, egid: 1000 };

const minimal: Spec = {
  ociVersion: '1.2.0',
  root: { path: 'rootfs' },
  process: { args: ['sh'], cwd: '/', env: ['HOME=/'] },
  linux: { namespaces: [{ type: 'mount' }] },
};
const rootless: Spec = { ...minimal, linux: { namespaces: [{ type: 'mount' }, { type: 'user' }] } };

function captured(name: string): Spec {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/captures', name, '1-create/config.json'), 'utf8')) as Spec;
}

interface Changes {
  readonly host?: Partial<Host>;
  readonly options?: Partial<PlanOptions>;
}

function plan(spec: Spec, changes: Changes = {}): Plan {
  return planCreate(spec, { ...host, ...changes.host }, { ...options, ...changes.options });
}

function withProcess(process: Partial<Process>, spec: Spec = minimal): Spec {
  return { ...spec, process: { args: ['sh'], cwd: '/', env: ['HOME=/'], ...process } };
}

function ops({ steps }: Plan): Op[] {
  return steps.map((step) => step.op);
}

function find<K extends Op>({ steps }: Plan, op: K): Extract<Step, { op: K }> | undefined {
  return steps.find((step): step is Extract<Step, { op: K }> => step.op === op);
}

/** Fails unless these steps are there, each behind the one before. */
function expectOrder(of: Plan, order: readonly Op[]): void {
  const found = ops(of).filter((op) => order.includes(op));
  expect(found.filter((op, at) => found.indexOf(op) === at)).toEqual(order);
}

describe('the whole plan', () => {
  const engine = { apparmor: true };
  it.each([
    ['docker-plain', engine],
    ['podman-plain', engine],
    ['docker-tty', engine],
    ['podman-userns', engine],
  ])('of %s', async (name, changes) => {
    await expect(renderPlan(plan(captured(name), { host: changes }))).toMatchFileSnapshot(`snapshots/${name}.txt`);
  });

  it('of a minimal config', async () => {
    await expect(renderPlan(plan(minimal))).toMatchFileSnapshot('snapshots/minimal.txt');
  });

  it('of a minimal config without root', async () => {
    await expect(renderPlan(plan(rootless, { host: user }))).toMatchFileSnapshot('snapshots/rootless.txt');
  });

  it('is the same for the same input, and leaves that as it was', () => {
    const spec = captured('docker-plain');
    const text = JSON.stringify(spec);
    expect(plan(spec, { host: engine })).toEqual(plan(spec, { host: engine }));
    expect(JSON.stringify(spec)).toBe(text);
  });

  it('asks for nothing twice: no two slots have one name', () => {
    const names = plan(captured('docker-tty'), { host: engine }).slots.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the order', () => {
  const hook = { path: '/bin/hook' };
  const full: Spec = {
    ...withProcess({ terminal: true, noNewPrivileges: true, user: { uid: 1, gid: 1 } }),
    hostname: 'h',
    domainname: 'd',
    root: { path: 'rootfs', readonly: true },
    hooks: {
      prestart: [hook],
      createRuntime: [hook],
      createContainer: [hook, hook],
      startContainer: [hook],
      poststart: [hook],
      poststop: [hook],
    },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'uts' }],
      sysctl: { 'net.a': '1' },
      readonlyPaths: ['/proc/sys'],
      maskedPaths: ['/proc/kcore'],
      rootfsPropagation: 'shared',
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW' },
    },
  };

  it('is that of the table of contents', () => {
    const found = ops(plan(full));
    expect(found.filter((op, at) => found.indexOf(op) === at)).toEqual([
      'undumpable',
      'affinity',
      'unshare',
      'filter',
      'keyring',
      'hostname',
      'domainname',
      'propagation',
      'root',
      'mount',
      'device',
      'symlink',
      'console',
      'session',
      'ask',
      'hook',
      'sysctl',
      'readonlyPath',
      'mask',
      'pivotRoot',
      'rootPropagation',
      'rootReadonly',
      'noNewPrivileges',
      'cwd',
      'bounding',
      'user',
      'capabilities',
      'program',
      'ready',
      'begin',
      'seal',
      'seccomp',
      'exec',
    ]);
  });

  it('makes a session once the console is there to become its controlling terminal', () => {
    expectOrder(plan(full), ['console', 'session']);
    expect(find(plan(full), 'session')).toEqual({ op: 'session', terminal: true });
    expect(find(plan(minimal), 'session')).toEqual({ op: 'session', terminal: false });
  });

  it('enters the cwd before and after the user is changed', () => {
    expectOrder(plan(full), ['cwd', 'user', 'program']);
    expect(plan(full).steps.filter(({ op }) => op === 'cwd')).toEqual([
      { op: 'cwd', path: '/', early: true },
      { op: 'cwd', path: '/', early: false },
    ]);
  });

  it('has the host run its hooks, then init the createContainer hooks, before the root is changed', () => {
    const steps = plan(full).steps.map((step) => (step.op === 'hook' ? `${step.kind} ${step.index}` : step.op));
    const at = (what: string) => steps.indexOf(what);
    expect(at('ask')).toBeGreaterThan(at('mount'));
    expect(at('createContainer 0')).toBe(at('ask') + 1);
    expect(at('createContainer 1')).toBe(at('ask') + 2);
    expect(at('pivotRoot')).toBeGreaterThan(at('createContainer 1'));
  });

  it('leaves the poststart and poststop hooks to the runtime', () => {
    const kinds = plan(full).steps.flatMap((step) => (step.op === 'hook' ? [step.kind] : []));
    expect(kinds).toEqual(['createContainer', 'createContainer', 'startContainer']);
  });

  it('is ready before the startContainer hooks, which run before the program begins', () => {
    const steps = plan(full).steps.map((step) => (step.op === 'hook' ? step.kind : step.op));
    expect(steps.slice(steps.indexOf('ready'))).toEqual(['ready', 'startContainer', 'begin', 'seal', 'seccomp', 'exec']);
  });

  it('loads the seccomp filter last, with and without no_new_privs', () => {
    expect(ops(plan(full)).slice(-2)).toEqual(['seccomp', 'exec']);
    const without = plan({ ...full, process: { args: ['sh'], cwd: '/' } });
    // but for the privilege to load it, given up right behind
    expect(ops(without).slice(-3)).toEqual(['seccomp', 'capset', 'exec']);
  });

  it('writes sysctls through the proc that is mounted, and hides paths of it afterwards', () => {
    expectOrder(plan(full), ['mount', 'sysctl', 'readonlyPath', 'mask', 'pivotRoot']);
  });

  it('asks the runtime for hooks only when there are any', () => {
    expect(ops(plan(minimal))).not.toContain('ask');
    for (const kind of ['prestart', 'createRuntime', 'createContainer'] as const) {
      expect(find(plan({ ...minimal, hooks: { [kind]: [hook] } }), 'ask')).toEqual({ op: 'ask', what: 'createRuntime' });
    }
    expect(ops(plan({ ...minimal, hooks: { startContainer: [hook], poststop: [hook] } }))).not.toContain('ask');
  });

  it('gives a hook what the config gives it, its time in milliseconds', () => {
    const given = { path: '/bin/h', args: ['h', 'a'], env: ['A=b'], timeout: 3 };
    expect(find(plan({ ...minimal, hooks: { startContainer: [given] } }), 'hook')).toEqual({
      op: 'hook',
      kind: 'startContainer',
      index: 0,
      path: '/bin/h',
      args: ['h', 'a'],
      env: ['A=b'],
      timeout: 3000,
      programEnv: false,
      inRoot: false,
      ...NO_CONFINEMENT,
    });
    expect(find(plan({ ...minimal, hooks: { startContainer: [hook] } }), 'hook')).toMatchObject({ args: [], env: [], timeout: 0 });
  });

  it('gives one without an environment the program’s, and the createContainer hooks the root to begin in', () => {
    const process = { args: ['sh'], cwd: '/', env: ['A=1', 'A=2'] };
    const given = (kind: string) => find(plan({ ...minimal, process, hooks: { [kind]: [{ path: '/bin/h' }] } }), 'hook');
    expect(given('createContainer')).toMatchObject({ env: ['A=2'], programEnv: false, inRoot: true });
    expect(given('startContainer')).toMatchObject({ env: [], programEnv: true, inRoot: false });
    const empty = { path: '/bin/h', env: [] };
    const none = plan({ ...minimal, process, hooks: { createContainer: [empty], startContainer: [empty] } });
    expect(none.steps.filter(({ op }) => op === 'hook')).toMatchObject([
      { env: [], programEnv: false },
      { env: [], programEnv: false },
    ]);
  });

  it('confines the startContainer hooks as the program, and no others', () => {
    const hooks = plan(full).steps.flatMap((step) => (step.op === 'hook' ? [{ kind: step.kind, filtered: step.filtered }] : []));
    expect(hooks).toContainEqual({ kind: 'createContainer', filtered: false });
    expect(hooks).toContainEqual({ kind: 'startContainer', filtered: true });
  });

  it('puts the directory of the socket for sd_notify last among the mounts, and names it to the program', () => {
    const mounts = [{ destination: '/run', type: 'tmpfs', source: 'tmpfs' }];
    const process = { args: ['sh'], cwd: '/', env: ['NOTIFY_SOCKET=/host'] };
    const made = plan({ ...minimal, mounts, process }, { options: { notify: '/state/c1/notify' } });
    const bound = made.steps.filter((step) => step.op === 'mount').at(-1);
    expect(bound).toMatchObject({ destination: '/run/notify', kind: 'bind', source: '/state/c1/notify' });
    expect(find(made, 'program')?.env).toContain('NOTIFY_SOCKET=/run/notify/notify.sock');
    expect(find(made, 'program')?.env).not.toContain('NOTIFY_SOCKET=/host');
    const { process: _, ...idle } = minimal;
    expect(plan(idle, { options: { notify: '/state/c1/notify' } }).steps.filter((step) => step.op === 'mount')).toEqual([]);
  });

  it('has network devices moved once it has the namespace, before hooks and sysctls', () => {
    const namespaces = [{ type: 'mount' }, { type: 'network' }, { type: 'time' }] as const;
    const linux = { namespaces, netDevices: { eth0: { name: 'lan' } }, sysctl: { 'net.ipv4.conf.lan.forwarding': '1' } };
    const made = plan({ ...minimal, linux, hooks: { createRuntime: [{ path: '/hook' }] } });
    expect(made.netDevices).toEqual([{ name: 'eth0', target: 'lan' }]);
    const told = made.steps.map((step) => (step.op === 'ask' ? `ask ${step.what}` : step.op));
    const wanted = ['unshare', 'fork', 'ask netDevices', 'root', 'ask createRuntime', 'sysctl'];
    expect(told.filter((name, at) => wanted.includes(name) && told.indexOf(name) === at)).toEqual(wanted);
    expect(told.lastIndexOf('unshare')).toBeLessThan(told.indexOf('ask netDevices'));
    expect(plan(minimal).steps).not.toContainEqual({ op: 'ask', what: 'netDevices' });
  });

  it('hides init at once from the container', () => {
    expect(ops(plan(full))[0]).toBe('undumpable');
  });

  it('hides init of an ordinary user once the id maps are written: before, their helpers must see whose it is', () => {
    expect(ops(plan(rootless, { host: user })).slice(0, 4)).toEqual(['affinity', 'idmap', 'unshare', 'undumpable']);
  });

  it('hides init below a user namespace once the id maps are written: before, they belong to the root of the machine', () => {
    const below = { ...host, inUserNamespace: true };
    const ids = [{ containerID: 0, hostID: 1, size: 1 }];
    const spec = { ...rootless, linux: { ...rootless.linux, uidMappings: ids, gidMappings: ids } };
    expect(ops(plan(spec, { host: below })).slice(0, 4)).toEqual(['affinity', 'idmap', 'unshare', 'undumpable']);
  });
});

describe('the terminal', () => {
  const tty = (process: Partial<Process> = {}) => plan(withProcess({ terminal: true, ...process }));

  it('has a slot and a step when the config asks for one', () => {
    expect(tty().slots).toContainEqual({ name: 'console', open: 'console' });
    expect(find(tty(), 'console')).toEqual({ op: 'console', slot: 'console', rows: 0, columns: 0, uid: 0, bind: true });
  });

  it('has the size and the owner that are asked for', () => {
    const step = find(tty({ consoleSize: { height: 25, width: 80 }, user: { uid: 5, gid: 6 } }), 'console');
    expect(step).toMatchObject({ rows: 25, columns: 80, uid: 5 });
  });

  it('is not there otherwise, even if it has a size', () => {
    for (const process of [{}, { terminal: false }, { consoleSize: { height: 25, width: 80 } }]) {
      const none = plan(withProcess(process));
      expect(ops(none)).not.toContain('console');
      expect(none.slots).toEqual([{ name: 'start', open: 'listen' }]);
    }
  });
});

describe('the slots', () => {
  it('begin with the socket at which init waits, where native code looks for it', () => {
    const every = plan(
      withProcess({ terminal: true }, { ...minimal, linux: { ...minimal.linux, seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } } }),
    );
    expect(every.slots.map(({ name }) => name)).toEqual(['start', 'console', 'seccomp']);
  });

  it('have a connection for the listener of a filter that notifies', () => {
    const seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      listenerPath: '/run/agent.sock',
      listenerMetadata: 'm',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
    } as const;
    const notify = plan({ ...minimal, linux: { ...minimal.linux, seccomp } });
    expect(notify.slots).toContainEqual({ name: 'seccomp.listener', open: 'connect', path: '/run/agent.sock' });
    // `start` has nobody who could answer
    expectOrder(notify, ['ask', 'seccomp', 'ready', 'exec']);
    expect(find(notify, 'seccomp')).toMatchObject({ listener: 'seccomp.listener' });
  });
});

describe('passed descriptors', () => {
  it('are counted together, and those of LISTEN_FDS are announced', () => {
    const program = find(plan(minimal, { options: { preserveFds: 2, listenFds: 3 } }), 'program');
    expect(program).toMatchObject({ preserved: 5, env: ['HOME=/', 'LISTEN_FDS=3', 'LISTEN_PID=1'] });
  });

  it('are not announced when there are none, or only preserved ones', () => {
    expect(find(plan(minimal), 'program')).toMatchObject({ preserved: 0, env: ['HOME=/'] });
    expect(find(plan(minimal, { options: { preserveFds: 2 } }), 'program')).toMatchObject({ preserved: 2, env: ['HOME=/'] });
  });

  it('win over a LISTEN_FDS that the config has', () => {
    const program = find(plan(withProcess({ env: ['LISTEN_FDS=9', 'HOME=/'] }), { options: { listenFds: 1 } }), 'program');
    expect(program?.env).toEqual(['HOME=/', 'LISTEN_FDS=1', 'LISTEN_PID=1']);
  });
});

describe('options', () => {
  it('give the container a keyring of its own, or leave it ours', () => {
    expect(find(plan(minimal), 'keyring')).toEqual({ op: 'keyring', name: '_ses.c1.u', fresh: true });
    expect(ops(plan(minimal, { options: { keyring: null } }))).not.toContain('keyring');
  });

  it('move the root where pivot_root is impossible', () => {
    const moved = ops(plan(minimal, { options: { noPivot: true } }));
    expect(moved).toContain('moveRoot');
    expect(moved).not.toContain('pivotRoot');
  });

  it('go without a cgroup', () => {
    expect(plan(minimal).cgroup).toMatchObject({ path: '/tsrun/c1' });
    expect(plan(minimal, { options: { cgroupManager: 'disabled' } }).cgroup).toBeNull();
  });

  it('have init wait, before anything else, until systemd has taken it into its unit', () => {
    const waiting = plan(minimal, { options: { cgroupManager: 'systemd' } });
    expect(waiting.steps[0]).toEqual({ op: 'ask', what: 'cgroup' });
    expect(ops(waiting).slice(1)).toEqual(ops(plan(minimal)));
  });
});

describe('a config without a process', () => {
  const { process: _, ...none } = minimal;

  it('is a container that is made and waits, but has no program', () => {
    const made = plan(none);
    expect(ops(made)).not.toContain('program');
    expect(ops(made).slice(-3)).toEqual(['ready', 'begin', 'exec']);
    expect(made).toMatchObject({ oomScoreAdj: null, hostLimits: [] });
    expect(made.slots).toEqual([{ name: 'start', open: 'listen' }]);
  });
});

describe('the loopback device', () => {
  it.each([
    ['of a new network namespace is brought up', { type: 'network' }, true],
    ['of one that was given is not ours', { type: 'network', path: '/run/netns/x' }, false],
    ['of the host is not, either', { type: 'ipc' }, false],
  ] as const)('%s', (_, namespace, there) => {
    const made = plan({ ...minimal, linux: { namespaces: [{ type: 'mount' }, namespace] } });
    expect(ops(made).includes('loopback')).toBe(there);
  });
});

describe('names', () => {
  it('are set when they are given and not empty', () => {
    const named = plan({ ...minimal, hostname: 'h', domainname: 'd' });
    expect(find(named, 'hostname')).toEqual({ op: 'hostname', name: 'h' });
    expect(find(named, 'domainname')).toEqual({ op: 'domainname', name: 'd' });
    for (const spec of [minimal, { ...minimal, hostname: '', domainname: '' }]) {
      expect(ops(plan(spec))).not.toContain('hostname');
      expect(ops(plan(spec))).not.toContain('domainname');
    }
  });
});

describe('another host', () => {
  const engine = withProcess({ capabilities: { bounding: ['CAP_CHOWN', 'CAP_BPF'], effective: ['CAP_BPF'], permitted: ['CAP_BPF'] } });
  const seccomp: Spec = { ...minimal, linux: { ...minimal.linux, seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } } };
  const limited: Spec = { ...minimal, linux: { ...minimal.linux, resources: { pids: { limit: 5 } } } };

  // what must differ, and the part of the plan that does
  it.each<[string, Spec, Partial<Host>, (plan: Plan) => unknown]>([
    ['without the privilege to make devices binds them', minimal, { inUserNamespace: true }, (made) => made.steps],
    ['with fewer capabilities to give gives fewer', engine, { bounding: '1' }, (made) => find(made, 'capabilities')],
    ['of another architecture compiles another filter', seccomp, { architecture: 'aarch64' }, (made) => made.seccomp],
    ['with cgroup controllers enables them', minimal, { controllers: ['pids'] }, (made) => made.cgroup?.controllers],
    ['where the runtime is an ordinary user maps his ids', rootless, user, (made) => made.idMaps],
    ['without cgroup v2 does without one', minimal, { ...user, cgroupMount: null }, (made) => made.cgroup],
  ])('%s', (_name, spec, change, part) => {
    const here = spec === rootless ? user : host;
    const there = spec === rootless ? { ...user, euid: 1001, egid: 1001 } : { ...here, ...change };
    expect(part(plan(spec, { host: there }))).not.toEqual(part(plan(spec, { host: here })));
  });

  it('is told what it lacks', () => {
    expect(() => plan(limited, { host: { controllers: [] } })).toThrow(
      `/linux/resources/pids/limit: this host's cgroup v2 has no "pids" controller (it has none)`,
    );
    expect(() => plan(minimal, { host: { cgroupMount: null } })).toThrow(/this host has no cgroup v2/);
    expect(() => plan(withProcess({ apparmorProfile: 'p' }))).toThrow('/process/apparmorProfile: this host has no AppArmor');
    expect(() => plan(withProcess({ selinuxLabel: 'l' }))).toThrow('/process/selinuxLabel: this host has no SELinux');
  });

  it('that only AppArmor tells apart confines only where it is asked to', () => {
    const confined = withProcess({ apparmorProfile: 'p' });
    expect(find(plan(confined, { host: { apparmor: true } }), 'apparmor')).toEqual({ op: 'apparmor', profile: 'p' });
    expect(plan(minimal, { host: { apparmor: true } })).toEqual(plan(minimal));
  });
});

describe('limits', () => {
  const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }] as const;

  it('are set by the process itself, or by the host on one in a user namespace', () => {
    expect(ops(plan(withProcess({ rlimits })))).toContain('rlimit');
    const mapped = plan(withProcess({ rlimits }, rootless), { host: user });
    expect(ops(mapped)).not.toContain('rlimit');
    expect(mapped.hostLimits).toEqual([{ resource: 7, soft: '1', hard: '2' }]);
  });

  it('have the badness that is asked for, 0 too', () => {
    expect(plan(withProcess({ oomScoreAdj: 0 })).oomScoreAdj).toBe(0);
    expect(plan(withProcess({ oomScoreAdj: -500 })).oomScoreAdj).toBe(-500);
    expect(plan(minimal).oomScoreAdj).toBeNull();
  });
});

describe('the id maps of an ordinary user', () => {
  const map = (hostID: number, size: number): Spec => ({
    ...rootless,
    linux: {
      ...rootless.linux,
      uidMappings: [{ containerID: 0, hostID, size }],
      gidMappings: [{ containerID: 0, hostID, size }],
    },
  });

  it.each<[string, Spec, Host, boolean]>([
    ['himself: he writes them', rootless, user, false],
    ['himself, said: he writes them', map(1000, 1), user, false],
    ['another: the helpers do', map(1001, 1), user, true],
    ['himself and the next: the helpers do', map(1000, 2), user, true],
    ['anything, by root: root does', map(1001, 65536), host, false],
  ])('%s', (_name, spec, who, helpers) => {
    expect(needsHelpers(spec, who)).toBe(helpers);
    expect(deniesSetgroups(spec, who)).toBe(who.euid !== 0 && !helpers);
  });

  it('that he writes allow no supplementary groups', () => {
    expect(find(plan(rootless, { host: user }), 'user')).toMatchObject({ setgroups: false, groups: [] });
    expect(find(plan(map(100000, 65536), { host: user }), 'user')).toMatchObject({ setgroups: true });
    expect(() => plan(withProcess({ user: { uid: 0, gid: 0, additionalGids: [5] } }, rootless), { host: user })).toThrow(
      '/process/user/additionalGids',
    );
  });
});
