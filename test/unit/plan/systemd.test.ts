import { describe, expect, test } from 'vitest';

import type { Host } from '../../../src/plan/host.js';
import { planUnit } from '../../../src/plan/systemd.js';
import type { Spec } from '../../../src/spec/types.js';
import { host } from './host.js';

const plan = (spec: Partial<Spec> = {}, who: Host = host) => planUnit({ ociVersion: '1.3.0', ...spec }, 'c1', who);
const values = (spec: Partial<Spec>) => Object.fromEntries(plan(spec).unit.properties.map(({ name, value }) => [name, value]));

test('a scope like any other of a container', () => {
  expect(values({ linux: { resources: { devices: [{ allow: true, access: 'rwm' }] } } })).toEqual({
    Slice: 'system.slice',
    Delegate: true,
    DefaultDependencies: false,
    CollectMode: 'inactive-or-failed',
    MemoryAccounting: true,
    CPUAccounting: true,
    IOAccounting: true,
    TasksAccounting: true,
    DevicePolicy: 'auto',
    DeviceAllow: [],
  });
});

test('its cgroup, and the container in one below', () => {
  expect(plan({ linux: { cgroupsPath: 'a-b.slice:p:n' } }).path).toBe('/a.slice/a-b.slice/p-n.scope/container');
  const alone = plan({ annotations: { 'run.oci.systemd.subgroup': '' }, linux: { cgroupsPath: '-:p:n' } });
  expect(alone).toMatchObject({ path: '/p-n.scope', unit: { subgroup: '' } });
});

test('annotations have the last word, whatever they are about', () => {
  const linux = { resources: { memory: { limit: 5 }, pids: { limit: 7 } } };
  const annotations = { 'org.systemd.property.MemoryMax': 'uint64 9', 'org.systemd.property.CollectMode': "'inactive'" };
  const { unit } = plan({ linux, annotations });
  expect(unit.properties.filter(({ name }) => name === 'MemoryMax')).toEqual([{ name: 'MemoryMax', type: 't', value: 9n }]);
  expect(values({ linux, annotations })).toMatchObject({ MemoryMax: 9n, TasksMax: 7n, CollectMode: 'inactive' });
});

describe('whose service manager', () => {
  test.each([
    ['root', {}, false, 'system.slice'],
    ['an ordinary user', { euid: 1000 }, true, 'user.slice'],
    ['root of a user namespace with a bus of its user', { inUserNamespace: true, userBus: true }, true, 'user.slice'],
    ['root of a user namespace that has its own systemd', { inUserNamespace: true, userBus: false }, false, 'system.slice'],
  ])('%s', (_, who, user, slice) => {
    expect(plan({}, { ...host, ...who }).unit).toMatchObject({ user, slice });
  });
});
