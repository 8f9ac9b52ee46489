import { utf8 } from '../../utf8.js';
import { pointerPart, refuse, show } from '../problem.js';
import type { Linux } from '../types.js';
import { namespaceOf } from './namespaces.js';

/** Bytes of a device's name, without its NUL (IFNAMSIZ). */
const LONGEST = 15;

/** Names that the kernel takes, no two devices with the same one, and somewhere to move them to. The words are those of runc. */
export function checkNetDevices(linux: Linux): void {
  const devices = Object.entries(linux.netDevices ?? {});
  if (devices.length === 0) return;
  if (namespaceOf(linux, 'network') === undefined) refuse('/linux/netDevices', 'unable to move network devices without a NET namespace');
  const taken = new Set<string>();
  for (const [device, { name = '' }] of devices) {
    const pointer = `/linux/netDevices/${pointerPart(device)}`;
    checkDeviceName(device, pointer);
    if (name !== '') checkTarget(name, `${pointer}/name`);
    const target = name === '' ? device : name;
    if (taken.has(target) && !isTemplate(target)) refuse(pointer, `${show(target)} is the name of two network devices`);
    taken.add(target);
  }
}

/** The kernel puts a number in place of `%d`. */
export function isTemplate(name: string): boolean {
  return name.includes('%d');
}

/** net/core/dev.c, dev_valid_name. */
function checkDeviceName(name: string, pointer: string): void {
  const invalid = name === '' || name === '.' || name === '..' || /[/:\s\0]/.test(name) || utf8(name).length > LONGEST;
  if (invalid) refuse(pointer, `invalid network device name ${show(name)}`);
}

/** The same, and a `%` only as the one `%d` of a template (__dev_alloc_name). */
function checkTarget(name: string, pointer: string): void {
  checkDeviceName(name, pointer);
  if (name.replace('%d', '').includes('%')) refuse(pointer, `invalid network device name ${show(name)}: of "%" only one "%d" is allowed`);
}
