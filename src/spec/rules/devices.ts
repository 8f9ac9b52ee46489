import { each } from '../each.js';
import { mustBeAbsolute, refuse, show } from '../problem.js';
import type { Device } from '../types.js';

/** Device nodes: a number for each but a fifo, and one node a path. */
export function checkDevices(devices: readonly Device[]): void {
  const seen = new Map<string, number>();
  each(devices, (device, index) => {
    const pointer = `/linux/devices/${index}`;
    const { path, type } = device;
    mustBeAbsolute(path, `${pointer}/path`);
    if (/(?:^|\/)\.{0,2}$/.test(path)) refuse(`${pointer}/path`, `must name a node, is ${show(path)}`);
    if (type !== 'p') {
      if (device.major === undefined) refuse(`${pointer}/major`, `is required for a device of type "${type}"`);
      if (device.minor === undefined) refuse(`${pointer}/minor`, `is required for a device of type "${type}"`);
    }
    const earlier = seen.get(path);
    if (earlier === undefined) seen.set(path, index);
    else if (!isSame(devices[earlier], device)) refuse(`${pointer}/path`, `${show(path)} is another device in /linux/devices/${earlier}`);
  });
}

function isSame(a: Device | undefined, b: Device): boolean {
  const kind = (device: Device): string => (device.type === 'u' ? 'c' : device.type);
  return a !== undefined && kind(a) === kind(b) && (b.type === 'p' || (a.major === b.major && a.minor === b.minor));
}
