import { beforeEach, describe, expect, test, vi } from 'vitest';

import { busAddresses } from '../../../src/cgroups/bus.js';
import type { BusReply } from '../../../src/cgroups/helper.js';
import {
  attachProcess,
  changeProperties,
  killUnit,
  prepareUnit,
  startUnit,
  stopUnit,
  type UnitState,
} from '../../../src/cgroups/systemd.js';
import { encodeValues } from '../../../src/cgroups/values.js';
import type { UnitPlan } from '../../../src/plan/plan.js';
import type { BusValue } from '../../../src/plan/systemd/value.js';
import { readRequest } from './requests.js';

const SYSTEMD = 'org.freedesktop.systemd1';
const EACCES = 13;
const EAGAIN = 11;
const ECONNREFUSED = 111;

/** A service manager behind a tsrun-systemd that is the addon's two functions. */
class FakeSystemd {
  readonly calls: string[] = [];
  /** The arguments of the last call of a method. */
  readonly args = new Map<string, readonly BusValue[]>();
  readonly signatures = new Map<string, string>();
  /** What a method answers, one after the other; then its last. */
  readonly answers = new Map<string, Partial<BusReply>[]>();
  readonly sockets = new Set(['/run/systemd/private', '/run/dbus/system_bus_socket']);
  /** By address the errno of a connection to it. */
  readonly refusing = new Map<string, number>();
  booted = true;
  open = 0;
  started = 0;
  euid = 0;

  readonly native = {
    sleep: () => undefined,
    identity: () => ({ pid: 1, uid: this.euid, euid: this.euid, gid: 0, egid: 0 }),
    stat: (path: string) => {
      if (path === '/run/systemd/system') return this.booted ? { kind: 'directory' } : null;
      return this.sockets.has(path) ? { kind: 'socket' } : null;
    },
    startSystemdHelper: () => {
      this.open++;
      this.started++;
      return { socket: 5, pidfd: 6 };
    },
    askSystemdHelper: (_: number, request: string): string => `${this.reply(request).join('\0')}\0`,
    errorText: (errno: number) => `errno ${errno}`,
    signal: () => undefined,
    reap: () => {
      this.open--;
      return 137;
    },
    close: () => undefined,
  };

  private reply(text: string): string[] {
    const request = readRequest(text);
    if (request.kind === 'connect') {
      const { address, direct } = request;
      this.calls.push(`connect ${address}${direct ? ' direct' : ''}`);
      const errno = this.refusing.get(address);
      if (errno === undefined) return ['done'];
      if (errno === EAGAIN) this.refusing.delete(address);
      return ['failed', String(errno), `connect to ${address}`];
    }
    const { member, args, job, signature } = request;
    const name = member === 'Get' && typeof args[1] === 'string' ? args[1] : member;
    this.calls.push(name);
    this.args.set(name, args);
    this.signatures.set(name, signature);
    const list = this.answers.get(name) ?? [];
    const answer = (list.length > 1 ? list.shift() : list[0]) ?? {};
    if (answer.error !== undefined) return ['error', answer.error, answer.words ?? ''];
    if (job) return ['job', answer.job ?? 'done'];
    const values: string[] = [];
    const types = 'v'.repeat(answer.values?.length ?? 0);
    encodeValues(
      types,
      (answer.values ?? []).map((value) => ({ type: 's', value })),
      values,
    );
    return ['values', types, ...values];
  }

  answer(member: string, ...answers: Partial<BusReply>[]): void {
    this.answers.set(member, answers);
  }
}

const current = vi.hoisted((): { native: object; environment: Record<string, string> } => ({ native: {}, environment: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));
vi.mock('../../../src/launch.js', () => ({
  launch: () => ({ variable: (name: string) => current.environment[name] }),
  installation: () => ({ systemd: '/libexec/tsrun-systemd' }),
}));

let fake: FakeSystemd;
let unit: UnitState;
beforeEach(() => {
  fake = new FakeSystemd();
  current.native = fake.native;
  current.environment = {};
  fake.answer('Version', { values: ['257.1'] });
  fake.answer('Description', { values: ['tsrun container c1 (/run/x)'] });
  unit = { name: 'p-n.scope', slice: 'a.slice', description: 'tsrun container c1 (/run/x)', bus: busAddresses(false), cgroup: '' };
});

const plan: UnitPlan = {
  name: 'p-n.scope',
  slice: 'a.slice',
  user: false,
  subgroup: 'container',
  properties: [
    { name: 'TasksMax', type: 't', value: 5n },
    { name: 'AllowedCPUs', type: 'ay', value: new Uint8Array([1]), since: 244 },
  ],
};
const start = () => {
  startUnit(plan, unit, 42);
};
const failed = (name: string, words = ''): Partial<BusReply> => ({ error: `${SYSTEMD}.${name}`, words });

describe('where a service manager can be reached', () => {
  test("the system's: its own socket, then the bus", () => {
    expect(busAddresses(false)).toEqual([
      { address: 'unix:path=/run/systemd/private', direct: true },
      { address: 'unix:path=/run/dbus/system_bus_socket', direct: false },
    ]);
  });
  test("a user's: by the environment", () => {
    fake.euid = 1000;
    for (const path of ['/run/u r/systemd/private', '/run/u r/bus', '/run/user/1000/bus']) fake.sockets.add(path);
    current.environment = { XDG_RUNTIME_DIR: '/run/u r', DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=x' };
    expect(busAddresses(true)).toEqual([
      { address: 'unix:path=/run/u%20r/systemd/private', direct: true },
      { address: 'unix:abstract=x', direct: false },
      { address: 'unix:path=/run/u%20r/bus', direct: false },
      { address: 'unix:path=/run/user/1000/bus', direct: false },
    ]);
  });
  test.each(['unixexec:path=/evil', 'unix:path=/x;unixexec:path=/evil', 'x-machine-unix:pid=1'])('never by a program: %s', (address) => {
    current.environment = { DBUS_SESSION_BUS_ADDRESS: address, DBUS_SYSTEM_BUS_ADDRESS: address };
    expect(() => busAddresses(true)).toThrow(`DBUS_SESSION_BUS_ADDRESS: only unix: and tcp: addresses are used, is "${address}"`);
    expect(() => busAddresses(false)).toThrow('DBUS_SYSTEM_BUS_ADDRESS: only unix: and tcp: addresses are used');
  });
  test('nowhere', () => {
    expect(busAddresses(true)).toEqual([]);
  });
});

describe('a unit starts', () => {
  test('with its properties, the process, and our description', () => {
    start();
    expect(fake.args.get('StartTransientUnit')).toEqual([
      'p-n.scope',
      'fail',
      [
        ['TasksMax', { type: 't', value: 5n }],
        ['AllowedCPUs', { type: 'ay', value: new Uint8Array([1]) }],
        ['Description', { type: 's', value: 'tsrun container c1 (/run/x)' }],
        ['PIDs', { type: 'au', value: [42] }],
      ],
      [],
    ]);
    expect(fake.open).toBe(0);
  });
  test('without what this systemd does not know', () => {
    fake.answer('Version', { values: ['243'] });
    start();
    expect(
      JSON.stringify(fake.args.get('StartTransientUnit'), (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)),
    ).not.toContain('AllowedCPUs');
  });
  test('by the bus when systemd does not listen itself', () => {
    fake.refusing.set('unix:path=/run/systemd/private', ECONNREFUSED);
    start();
    expect(fake.calls.slice(0, 3)).toEqual([
      'connect unix:path=/run/systemd/private direct',
      'connect unix:path=/run/dbus/system_bus_socket',
      'Version',
    ]);
  });
  test('a little later when too many are connecting', () => {
    fake.refusing.set('unix:path=/run/systemd/private', EAGAIN);
    start();
    expect(fake.calls.slice(0, 3)).toEqual([
      'connect unix:path=/run/systemd/private direct',
      'connect unix:path=/run/systemd/private direct',
      'Version',
    ]);
  });
  test('after one of that name which has failed was reset', () => {
    fake.answer('StartTransientUnit', failed('UnitExists', 'Unit p-n.scope already exists.'), {});
    fake.answer('ActiveState', { values: ['failed'] });
    start();
    expect(fake.calls.slice(-4)).toEqual(['StartTransientUnit', 'ActiveState', 'ResetFailedUnit', 'StartTransientUnit']);
  });
});

describe('a helper that was started before', () => {
  test('is used, and ended', () => {
    const helper = prepareUnit();
    expect(fake.open).toBe(1);
    startUnit(plan, unit, 42, helper);
    expect([fake.started, fake.open]).toEqual([1, 0]);
    helper.close();
    expect(fake.open).toBe(0);
  });
  test('is ended when there is nothing to connect to', () => {
    const helper = prepareUnit();
    expect(() => {
      startUnit(plan, { ...unit, bus: [] }, 42, helper);
    }).toThrow('no bus found');
    expect([fake.started, fake.open]).toEqual([1, 0]);
  });
  test('is not, where systemd does not run', () => {
    fake.booted = false;
    expect(prepareUnit).toThrow('needs a host that systemd runs');
    expect(fake.started).toBe(0);
  });
});

describe('a unit does not start', () => {
  test('where systemd does not run', () => {
    fake.booted = false;
    expect(start).toThrow('needs a host that systemd runs (there is no /run/systemd/system): use --cgroup-manager cgroupfs');
    expect(fake.calls).toEqual([]);
  });
  test('where no bus answers', () => {
    fake.refusing.set('unix:path=/run/systemd/private', ECONNREFUSED);
    fake.refusing.set('unix:path=/run/dbus/system_bus_socket', EACCES);
    expect(start).toThrow(
      /^cannot talk to systemd: unix:path=\/run\/systemd\/private: .*errno 111; unix:path=\/run\/dbus\/system_bus_socket: .*errno 13$/,
    );
    unit = { ...unit, bus: [] };
    expect(start).toThrow('cannot talk to systemd: no bus found');
  });
  test('while there is one of that name', () => {
    fake.answer('StartTransientUnit', failed('UnitExists', 'Unit p-n.scope already exists.'));
    fake.answer('ActiveState', { values: ['active'] });
    expect(start).toThrow('start unit p-n.scope in a.slice: Unit p-n.scope already exists.');
    expect(fake.calls).not.toContain('ResetFailedUnit');
    // one that never goes
    fake.answer('ActiveState', { values: ['deactivating'] });
    expect(start).toThrow('already exists');
    expect(fake.open).toBe(0);
  });
  test.each([
    ['failed', 'the job ended as "failed"'],
    ['', 'not done after 30 seconds'],
  ])('when its job ends as %j', (job, why) => {
    fake.answer('StartTransientUnit', { job });
    expect(start).toThrow(`start unit p-n.scope in a.slice: ${why}`);
    expect(fake.open).toBe(0);
  });
  test('when systemd refuses a property', () => {
    fake.answer('StartTransientUnit', { error: 'org.freedesktop.DBus.Error.PropertyReadOnly', words: 'Cannot set property X' });
    expect(start).toThrow('start unit p-n.scope in a.slice: Cannot set property X');
  });
});

describe('a unit stops', () => {
  const stop = () => {
    stopUnit(unit);
  };
  test('its processes killed, and a failure reset', () => {
    stop();
    expect(fake.calls.slice(2)).toEqual(['Description', 'KillUnit', 'StopUnit', 'ResetFailedUnit']);
    expect(fake.args.get('KillUnit')).toEqual(['p-n.scope', 'all', 9]);
    expect(fake.open).toBe(0);
  });
  test("only if it is ours: another's of that name goes on", () => {
    fake.answer('Description', { values: ['something else'] });
    stop();
    killUnit(unit);
    expect(fake.calls).not.toContain('StopUnit');
    expect(fake.calls).not.toContain('KillUnit');
  });
  test('though it goes meanwhile', () => {
    for (const method of ['KillUnit', 'StopUnit', 'ResetFailedUnit']) fake.answer(method, failed('NoSuchUnit'));
    stop();
    expect(fake.calls).toContain('ResetFailedUnit');
  });
  test('or says why not', () => {
    fake.answer('StopUnit', { job: '' });
    expect(stop).toThrow('stop unit p-n.scope in a.slice: not done after 30 seconds');
    fake.answer('StopUnit', { error: 'org.freedesktop.DBus.Error.AccessDenied', words: 'Access denied' });
    expect(stop).toThrow('stop unit p-n.scope in a.slice: Access denied');
  });
});

test('properties change, and change back', () => {
  const back = changeProperties(unit, [{ name: 'TasksMax', type: 't', value: 9n }], [{ name: 'TasksMax', type: 't', value: 5n }]);
  expect(fake.args.get('SetUnitProperties')).toEqual(['p-n.scope', true, [['TasksMax', { type: 't', value: 9n }]]]);
  back();
  expect(fake.args.get('SetUnitProperties')).toEqual(['p-n.scope', true, [['TasksMax', { type: 't', value: 5n }]]]);
  fake.answer('SetUnitProperties', failed('NoSuchUnit', 'Unit p-n.scope not loaded.'));
  back();
  expect(() => changeProperties(unit, [{ name: 'TasksMax', type: 't', value: 9n }], [])).toThrow(
    'set properties of unit p-n.scope in a.slice: Unit p-n.scope not loaded.',
  );
});

test('a process is moved below it', () => {
  attachProcess(unit, '/container', 7);
  expect(fake.args.get('AttachProcessesToUnit')).toEqual(['p-n.scope', '/container', [7]]);
});
