import { each } from '../each.js';
import { singleOptions } from '../mount-options.js';
import { refuse, show } from '../problem.js';
import type { Linux, Mount, Spec } from '../types.js';
import { isNewNamespace, namespaceOf } from './namespaces.js';
import { cleanPath } from '../paths.js';
import { checkMappingPair, isMapped } from './user-namespace.js';

/** All of /proc that may be mounted over: files that say something of the machine and decide nothing. */
const PROC_FILES: ReadonlySet<string> = new Set([
  '/proc/cpuinfo',
  '/proc/diskstats',
  '/proc/meminfo',
  '/proc/stat',
  '/proc/swaps',
  '/proc/uptime',
  '/proc/loadavg',
  '/proc/slabinfo',
  '/proc/sys/kernel/ns_last_pid',
  '/proc/sys/crypto/fips_enabled',
]);

/** File systems that take `uid=` and `gid=` in the ids of the user namespace they are mounted from. */
const WITH_OWNER: ReadonlySet<string> = new Set(['tmpfs', 'devpts']);

export function checkMounts(spec: Spec): void {
  const linux = spec.linux ?? {};
  each(spec.mounts, (mount, index) => checkMount(mount, `/mounts/${index}`, linux));
}

function checkMount(mount: Mount, pointer: string, linux: Linux): void {
  const { destination, source = '' } = mount;
  if (destination === '') refuse(`${pointer}/destination`, 'must not be empty');
  const options = singleOptions(mount.options ?? []);
  const type = kindOf(mount.type, options);
  if (type === '') refuse(`${pointer}/type`, 'is required, unless "bind" or "remount" is among the options');
  if (type === 'bind' && source === '') refuse(`${pointer}/source`, 'is required for a bind mount');
  if (destination.includes('proc')) checkProc(cleanPath(destination), type, source, pointer);
  checkIdmap(mount, options, type, pointer, linux);
  if (WITH_OWNER.has(type)) checkOwners(mount.options, pointer, linux);
}

/** The file system's type, `bind`, or `remount`; empty when nothing says it. */
function kindOf(type = '', options: readonly string[]): string {
  if (options.includes('remount')) return 'remount';
  if (type === 'bind' || options.includes('bind') || options.includes('rbind')) return 'bind';
  return type === 'none' ? '' : type;
}

/** What the runtime and the container's programs read below /proc must be the kernel's own (CVE-2019-16884 and after). */
function checkProc(destination: string, type: string, source: string, pointer: string): void {
  if (destination === '/proc') {
    if (type === 'proc' || type === 'remount' || (type === 'bind' && cleanPath(source) === '/proc')) return;
    refuse(`${pointer}/type`, `/proc must be of type "proc" or a bind mount of the host's /proc, is ${show(type)}`);
  }
  if (destination.startsWith('/proc/') && !PROC_FILES.has(destination)) {
    refuse(`${pointer}/destination`, `nothing may be mounted at ${show(destination)}: it is inside /proc`);
  }
}

/** Mappings of a mount are those of a bind mount's files (man 2 mount_setattr, MOUNT_ATTR_IDMAP). */
function checkIdmap(mount: Mount, options: readonly string[], type: string, pointer: string, linux: Linux): void {
  const { uidMappings = [], gidMappings = [] } = mount;
  const option = options.includes('idmap') ? 'idmap' : options.includes('ridmap') ? 'ridmap' : undefined;
  const given = uidMappings.length > 0 || gidMappings.length > 0;
  if (!given && option === undefined) return;
  checkMappingPair(uidMappings, gidMappings, pointer);
  if (type !== 'bind') refuse(`${pointer}${given ? '/uidMappings' : '/options'}`, 'an id-mapped mount must be a bind mount');
  if (!given && namespaceOf(linux, 'user') === undefined) {
    refuse(`${pointer}/options`, `${show(option)} needs uidMappings and gidMappings, or a user namespace`);
  }
}

/** In a user namespace the kernel refuses an owner who does not exist there, with nothing but EINVAL. */
function checkOwners(options: readonly string[] | undefined, pointer: string, linux: Linux): void {
  const { uidMappings = [], gidMappings = [] } = linux;
  if (uidMappings.length === 0 || !isNewNamespace(linux, 'user')) return;
  each(options, (text, index) => {
    for (const option of singleOptions([text])) {
      const owner = /^([ug]id)=([0-9]+)$/.exec(option);
      if (owner === null) continue;
      const name = owner[1] === 'uid' ? 'uidMappings' : 'gidMappings';
      const mappings = name === 'uidMappings' ? uidMappings : gidMappings;
      if (!isMapped(Number(owner[2]), mappings)) refuse(`${pointer}/options/${index}`, `${show(option)} is not in /linux/${name}`);
    }
  });
}
