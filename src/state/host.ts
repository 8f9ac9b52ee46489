/** Reads what a plan needs to know about this machine and this process. */
import { readCgroupFacts } from '../cgroups/mount.js';
import { native } from '../native.js';
import type { Host } from '../plan/host.js';

declare const process: { readonly arch: string };

export function readHost(): Host {
  const { euid, egid } = native().identity();
  return {
    euid,
    egid,
    inUserNamespace: isInUserNamespace(),
    ...readCgroupFacts(),
    bounding: boundingSet(),
    lastCapability: Number(native().readFile('/proc/sys/kernel/cap_last_cap', 64)),
    apparmor: readOr('/sys/module/apparmor/parameters/enabled', 'N').startsWith('Y'),
    selinux: native().stat('/sys/fs/selinux/enforce') !== null,
    architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
  };
}

/** The initial user namespace maps every id to itself (man 7 user_namespaces). */
export function isInUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readOr('/proc/self/uid_map', '0 0 4294967295'));
}

function boundingSet(): string {
  const status = native().readFile('/proc/self/status', 65536);
  const hexadecimal = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return BigInt(`0x${hexadecimal}`).toString();
}

function readOr(path: string, otherwise: string): string {
  try {
    return native().readFile(path, 4096);
  } catch {
    return otherwise;
  }
}
