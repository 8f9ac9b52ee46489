import { beforeEach, describe, expect, it, vi } from 'vitest';

import { NetDevices } from '../../../src/lifecycle/net-devices.js';
import type { Native, NetAddress, NetDevice } from '../../../src/native.js';

/** Namespaces by the descriptors of their sockets: ours is 10, the container's 20. */
const [HERE, THERE, NAMESPACE, OWN] = [10, 20, 5, 6];
const spaces = new Map<number, NetDevice[]>();
const calls: string[] = [];
let failing = '';

function systemError(code: string): Error {
  return Object.assign(new Error(`it fails: ${code}`), { errno: 1, code, doing: 'it fails' });
}

function act(call: string): void {
  calls.push(call);
  if (call.startsWith(failing) && failing !== '') throw systemError('EPERM');
}

const global: NetAddress = { family: 2, scope: 0, permanent: true, request: Uint8Array.from([1]) };
const ofLink: NetAddress = { family: 2, scope: 253, permanent: true, request: Uint8Array.from([2]) };

const fake: Partial<Native> = {
  stat: (path) => ({ identity: path === '/proc/self/ns/net' ? '4:1' : `4:${path.split('/')[2] ?? ''}` }) as ReturnType<Native['stat']>,
  openNamespace: (path) => (path === '/proc/self/ns/net' ? OWN : NAMESPACE),
  openNetlink: (namespace) => (namespace === -1 ? HERE : THERE),
  close: (fd) => void calls.push(`close ${fd}`),
  netDevice: (socket, name, index) =>
    (spaces.get(socket) ?? []).find((device) => (name === '' ? device.index === index : device.name === name)) ?? null,
  netAddresses: () => [global, ofLink],
  moveNetDevice: ({ socket, index, namespace, newName, newIndex }) => {
    act(`move ${index} from ${socket} as ${newName} ${newIndex}`);
    const from = spaces.get(socket) ?? [];
    const moved = from.find((device) => device.index === index);
    if (moved === undefined) throw systemError('ENODEV');
    spaces.set(socket, from.filter((device) => device !== moved)); // prettier-ignore
    const to = namespace === OWN ? HERE : THERE;
    spaces.get(to)?.push({ ...moved, index: newIndex, name: newName, up: false });
    act(`renamed ${newName}`);
  },
  addNetAddress: (socket, index, request) => {
    act(`address ${request[0] ?? 0} for ${index} of ${socket}`);
  },
  setNetDeviceUp: (socket, index) => {
    act(`up ${index} of ${socket}`);
  },
};
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

const eth0: NetDevice = { index: 3, name: 'eth0', up: true, address: 'aa' };
const eth1: NetDevice = { index: 4, name: 'eth1', up: false, address: 'bb' };

beforeEach(() => {
  spaces.set(HERE, [{ index: 1, name: 'lo', up: true, address: '00' }, eth0, eth1]);
  spaces.set(THERE, [{ index: 1, name: 'lo', up: false, address: '00' }]);
  calls.length = 0;
  failing = '';
});

const names = (socket: number): string[] => (spaces.get(socket) ?? []).map(({ name }) => name).sort();

describe('into the container', () => {
  it('a device is moved, gets the addresses that it keeps, and is set up', () => {
    new NetDevices([{ name: 'eth0', target: 'lan' }]).move(7);
    expect(calls).toEqual(['move 3 from 10 as lan 3', 'renamed lan', 'address 1 for 3 of 20', 'up 3 of 20', 'close 20', 'close 10']);
  });

  it('it gets the next number that is free', () => {
    spaces.get(THERE)?.push({ ...eth1, index: 3 }, { ...eth1, index: 4, name: 'x' });
    new NetDevices([{ name: 'eth0', target: 'lan%d' }]).move(7);
    expect(calls[0]).toBe('move 3 from 10 as lan%d 5');
  });

  it('nothing is moved into the runtime’s own namespace', () => {
    expect(() => new NetDevices([{ name: 'eth0', target: 'lan' }]).move(1)).toThrow("network namespace is the runtime's own");
    expect(calls).toEqual([]);
  });
});

describe('back', () => {
  it('come all, the last first, with the addresses that they had, and up if they were', () => {
    const devices = new NetDevices([{ name: 'eth0', target: 'lan' }, { name: 'eth1', target: 'eth1' }]); // prettier-ignore
    devices.move(7);
    calls.length = 0;
    devices.undo();
    expect(calls).toEqual([
      ...['move 4 from 20 as eth1 4', 'renamed eth1', 'address 1 for 4 of 10', 'address 2 for 4 of 10'],
      ...['move 3 from 20 as eth0 3', 'renamed eth0', 'address 1 for 3 of 10', 'address 2 for 3 of 10', 'up 3 of 10'],
      ...['close 20', 'close 10', 'close 6', 'close 5'],
    ]);
    expect(names(HERE)).toEqual(['eth0', 'eth1', 'lo']);
    devices.undo();
    expect(calls).toHaveLength(13);
  });

  it.each(['renamed lan', 'address', 'up'])('comes a device that has been moved when "%s" fails behind that', (step) => {
    const devices = new NetDevices([{ name: 'eth0', target: 'lan' }]);
    failing = step;
    expect(() => devices.move(7)).toThrow('/linux/netDevices/eth0: it fails: EPERM');
    expect(names(HERE)).toEqual(['eth1', 'lo']);
    failing = '';
    devices.undo();
    expect(names(HERE)).toEqual(['eth0', 'eth1', 'lo']);
    expect(names(THERE)).toEqual(['lo']);
  });

  it('comes nothing that has not been moved', () => {
    const devices = new NetDevices([{ name: 'eth0', target: 'lan' }]);
    failing = 'move';
    expect(() => devices.move(7)).toThrow('EPERM');
    failing = '';
    devices.undo();
    expect(calls.filter((call) => call.startsWith('move'))).toEqual(['move 3 from 10 as lan 3']);
  });

  it('comes no other device that has its number by now', () => {
    const devices = new NetDevices([{ name: 'eth0', target: 'lan' }]);
    devices.move(7);
    spaces.set(THERE, [{ index: 3, name: 'lan', up: true, address: 'ee' }]);
    devices.undo();
    expect(names(HERE)).toEqual(['eth1', 'lo']);
  });

  it('comes with another number where its own was given to somebody else', () => {
    const devices = new NetDevices([{ name: 'eth0', target: 'lan' }]);
    devices.move(7);
    spaces.get(HERE)?.push({ index: 3, name: 'new', up: true, address: 'ee' });
    devices.undo();
    expect(spaces.get(HERE)?.find(({ name }) => name === 'eth0')?.index).toBe(5);
  });

  it('one that cannot come does not keep the others', () => {
    const devices = new NetDevices([{ name: 'eth0', target: 'lan' }, { name: 'eth1', target: 'eth1' }]); // prettier-ignore
    devices.move(7);
    failing = 'move 4 ';
    devices.undo();
    expect(names(HERE)).toEqual(['eth0', 'lo']);
  });

  it('comes nothing once programs of the container run', () => {
    const devices = new NetDevices([{ name: 'eth0', target: 'lan' }]);
    devices.move(7);
    devices.keep();
    calls.length = 0;
    devices.undo();
    devices.close();
    expect(calls).toEqual([]);
  });
});
