/** Reads what a plan needs to know about this machine and this process. */
import { busAddresses } from '../cgroups/bus.js';
import { readCgroupFacts } from '../cgroups/mount.js';
import { native } from '../native.js';
import type { Host } from '../plan/host.js';
import type { Spec } from '../spec/types.js';

/** Only what `spec` makes matter is looked for: every file read is time before the container starts. */
export function readHost(spec: Pick<Spec, 'process' | 'linux'>): Host {
  const { euid, egid } = native().identity();
  const { bounding, last } = native().capabilities();
  const wantsApparmor = (spec.process?.apparmorProfile ?? '') !== '';
  const inUserNamespace = isInUserNamespace();
  const wantsSelinux = [spec.process?.selinuxLabel, spec.linux?.mountLabel].some((label) => (label ?? '') !== '');
  return {
    euid,
    egid,
    inUserNamespace,
    ...(inUserNamespace ? { userBus: busAddresses(true).length > 0 } : {}),
    ...readCgroupFacts(),
    bounding,
    lastCapability: last,
    kcore: native().lstat('/proc/kcore') !== null,
    apparmor: wantsApparmor && readOr('/sys/module/apparmor/parameters/enabled', 'N').startsWith('Y'),
    selinux: wantsSelinux && native().stat('/sys/fs/selinux/enforce') !== null,
    architecture: native().architecture(),
  };
}

/** The initial user namespace maps every id to itself, in one line (man 7 user_namespaces). */
const INITIAL_MAP = '         0          0 4294967295\n';

export function isInUserNamespace(): boolean {
  return readOr('/proc/self/uid_map', INITIAL_MAP) !== INITIAL_MAP;
}

function readOr(path: string, otherwise: string): string {
  try {
    return native().readFile(path, 4096);
  } catch {
    return otherwise;
  }
}
