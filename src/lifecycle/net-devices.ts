/** Moves network devices of the host into a container, and back if the container is not made after all. */
import { TsrunError, isSystemError } from '../errors.js';
import { native, type NetAddress, type NetDevice } from '../native.js';
import { CLONE_FLAG } from '../plan/namespaces.js';
import { addressesToKeep, addressesToRestore } from '../plan/net-devices.js';
import type { NetDevicePlan } from '../plan/plan.js';
import { pointerPart, show } from '../spec/problem.js';
import { isTemplate } from '../spec/rules/net-devices.js';

/** A device that is in the container, or may be. */
interface Moved {
  /** As it was. */
  readonly device: NetDevice;
  readonly addresses: readonly NetAddress[];
  /** The number that it has in the container. */
  readonly index: number;
}

/**
 * In the container's namespace a device is down, without addresses and routes; it gets back the addresses that it is to keep, and is set up.
 * From then on it is the container's: the kernel destroys it with the namespace, or gives a physical one to the initial namespace.
 */
export class NetDevices {
  private readonly plan: readonly NetDevicePlan[];
  private readonly moved: Moved[] = [];
  private namespace = -1;

  constructor(plan: readonly NetDevicePlan[]) {
    this.plan = plan;
  }

  /**
   * Moves all of them into the namespace of that process. When one fails, `undo` has to do with the others.
   * @throws TsrunError
   */
  move(pid: number): void {
    const path = `/proc/${pid}/ns/net`;
    if (native().stat(path)?.identity === native().stat(OWN)?.identity)
      throw new TsrunError("/linux/netDevices: the container's network namespace is the runtime's own");
    this.namespace = native().openNamespace(path, CLONE_FLAG.network);
    between(-1, this.namespace, (here, there) => {
      for (const device of this.plan) this.moveOne(device, here, there);
    });
  }

  private moveOne({ name, target }: NetDevicePlan, here: number, there: number): void {
    const at = `/linux/netDevices/${pointerPart(name)}`;
    const device = native().netDevice(here, name, 0);
    if (device === null) throw new TsrunError(`${at}: there is no network device ${show(name)} in the runtime's namespace: no such device`);
    if (!isTemplate(target) && native().netDevice(there, target, 0) !== null)
      throw new TsrunError(`${at}: there is a network device ${show(target)} in the container's namespace already: file exists`);
    const addresses = native().netAddresses(here, device.index, name);
    const index = freeIndex(there, device.index);
    // Before it is done: the kernel may move it and then not rename it.
    this.moved.push({ device, addresses, index });
    try {
      native().moveNetDevice({ socket: here, index: device.index, name, namespace: this.namespace, newName: target, newIndex: index });
      equip(there, index, name, addressesToKeep(addresses), true);
    } catch (error) {
      throw isSystemError(error) ? new TsrunError(`${at}: ${error.message}`, { cause: error }) : error;
    }
  }

  /** Programs of the container's own run from here on, and may do with the devices what they like: nothing comes back from there. */
  keep(): void {
    this.moved.length = 0;
    this.close();
  }

  /** Moves all back, as they were, less the routes. The container's processes have been killed; the namespace is there as long as we hold it. */
  undo(): void {
    if (this.moved.length === 0) {
      this.close();
      return;
    }
    const own = native().openNamespace(OWN, CLONE_FLAG.network);
    try {
      between(-1, this.namespace, (here, there) => {
        for (let moved = this.moved.pop(); moved !== undefined; moved = this.moved.pop()) moveBack(moved, own, here, there);
      });
    } finally {
      native().close(own);
      this.close();
    }
  }

  close(): void {
    if (this.namespace >= 0) native().close(this.namespace);
    this.namespace = -1;
  }
}

const OWN = '/proc/self/ns/net';

/** With a socket in either namespace, a descriptor or -1 for our own. */
function between(one: number, other: number, act: (one: number, other: number) => void): void {
  const here = native().openNetlink(one);
  try {
    const there = native().openNetlink(other);
    try {
      act(here, there);
    } finally {
      native().close(there);
    }
  } finally {
    native().close(here);
  }
}

/** The number that a device keeps where it is free, or the next one: known beforehand, whatever name the kernel makes of a template. */
function freeIndex(socket: number, wanted: number): number {
  let index = wanted;
  while (native().netDevice(socket, '', index) !== null) index++;
  return index;
}

function equip(socket: number, index: number, name: string, addresses: readonly NetAddress[], up: boolean): void {
  for (const { request } of addresses) native().addNetAddress(socket, index, request, name);
  if (up) native().setNetDeviceUp(socket, index, name);
}

/** What cannot be given back does not keep the others from it: the first failure is what the caller hears of. */
function moveBack({ device, addresses, index }: Moved, own: number, here: number, there: number): void {
  try {
    const found = native().netDevice(there, '', index);
    // In a namespace that others are in, too, it may be another one by now.
    if (found?.address !== device.address) return;
    const back = freeIndex(here, device.index);
    native().moveNetDevice({ socket: there, index, name: found.name, namespace: own, newName: device.name, newIndex: back });
    equip(here, back, device.name, addressesToRestore(addresses), device.up);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
