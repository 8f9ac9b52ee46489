/** Network devices of the host that a container gets (config-linux.md, "Network Devices"). */
import { TsrunError } from '../errors.js';
import type { NetAddress } from '../native.js';
import type { Linux } from '../spec/types.js';
import type { Host } from './host.js';
import type { NetDevicePlan } from './plan.js';

/** For devices that were checked (spec/rules/net-devices.ts). */
export function planNetDevices({ netDevices }: Linux, host: Host): readonly NetDevicePlan[] {
  const devices = Object.entries(netDevices ?? {});
  if (devices.length > 0 && host.euid !== 0)
    throw new TsrunError('/linux/netDevices: network devices are not supported for rootless containers');
  return devices.map(([name, { name: target = '' }]) => ({ name, target: target === '' ? name : target }));
}

const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const AF_INET6 = 10;

/** The addresses that a device keeps in the container: of any family, permanent and of global scope, as the specification wants it. */
export function addressesToKeep(addresses: readonly NetAddress[]): readonly NetAddress[] {
  return addresses.filter(({ permanent, scope }) => permanent && scope === RT_SCOPE_UNIVERSE);
}

/** What a device gets back that has not stayed in the container: all but what the kernel gives out itself. */
export function addressesToRestore(addresses: readonly NetAddress[]): readonly NetAddress[] {
  return addresses.filter(({ family, permanent, scope }) => permanent && !(family === AF_INET6 && scope === RT_SCOPE_LINK));
}
