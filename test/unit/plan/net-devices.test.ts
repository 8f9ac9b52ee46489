import { expect, it } from 'vitest';

import type { NetAddress } from '../../../src/native.js';
import { addressesToKeep, addressesToRestore, planNetDevices } from '../../../src/plan/net-devices.js';
import { host } from './host.js';

it('a device keeps its name where it gets no other', () => {
  expect(planNetDevices({ netDevices: { eth0: {}, eth1: { name: '' }, eth2: { name: 'lan%d' } } }, host)).toEqual([
    { name: 'eth0', target: 'eth0' },
    { name: 'eth1', target: 'eth1' },
    { name: 'eth2', target: 'lan%d' },
  ]);
  expect(planNetDevices({}, host)).toEqual([]);
});

it('only root moves devices; others may ask for none', () => {
  const user = { ...host, euid: 1000 };
  expect(() => planNetDevices({ netDevices: { eth0: {} } }, user)).toThrow(
    '/linux/netDevices: network devices are not supported for rootless containers',
  );
  expect(planNetDevices({ netDevices: {} }, user)).toEqual([]);
});

it('permanent addresses of global scope are kept; of the others the kernel’s own do not come back', () => {
  const address = (family: number, scope: number, permanent: boolean): NetAddress => ({
    family,
    scope,
    permanent,
    request: new Uint8Array(8),
  });
  const [inet, inet6] = [2, 10];
  const [universe, site, linkScope, hostScope] = [0, 200, 253, 254];
  const keep = [address(inet, universe, true), address(inet6, universe, true)];
  const restore = [address(inet, linkScope, true), address(inet, hostScope, true), address(inet6, site, true)];
  const none = [address(inet6, linkScope, true), address(inet, universe, false), address(inet6, universe, false)];
  const all = [...none, ...keep, ...restore];
  expect(addressesToKeep(all)).toEqual(keep);
  expect(addressesToRestore(all)).toEqual([...keep, ...restore]);
});
