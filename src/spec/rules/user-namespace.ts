import { each } from '../each.js';
import { refuse, show } from '../problem.js';
import type { IdMapping, Linux, Process } from '../types.js';
import { isNewNamespace, namespaceOf } from './namespaces.js';

/** Lines that the kernel takes in uid_map (man 7 user_namespaces, UID_GID_MAP_MAX_EXTENTS). */
const MOST_MAPPINGS = 340;
/** Ids are 32 bits, and the last is "no id". */
const IDS = 0xffffffff;

/** `uidMappings` and `gidMappings` go together and with a user namespace. */
export function checkIdMappings(linux: Linux): void {
  const uids = linux.uidMappings ?? [];
  const gids = linux.gidMappings ?? [];
  if (namespaceOf(linux, 'user') === undefined) {
    if (uids.length > 0) refuse('/linux/uidMappings', 'needs a user namespace');
    if (gids.length > 0) refuse('/linux/gidMappings', 'needs a user namespace');
  }
  checkMappingPair(uids, gids, '/linux');
}

/** Mappings of one object: both kinds or none, each as the kernel takes them. */
export function checkMappingPair(uids: readonly IdMapping[], gids: readonly IdMapping[], pointer: string): void {
  if (uids.length > 0 && gids.length === 0) refuse(`${pointer}/gidMappings`, 'is required beside uidMappings');
  if (gids.length > 0 && uids.length === 0) refuse(`${pointer}/uidMappings`, 'is required beside gidMappings');
  checkMappings(uids, `${pointer}/uidMappings`);
  checkMappings(gids, `${pointer}/gidMappings`);
}

function checkMappings(mappings: readonly IdMapping[], pointer: string): void {
  if (mappings.length > MOST_MAPPINGS) refuse(pointer, `must have at most ${MOST_MAPPINGS} entries, has ${mappings.length}`);
  each(mappings, (mapping, index) => {
    const here = `${pointer}/${index}`;
    if (mapping.size === 0) refuse(`${here}/size`, 'must be at least 1, is 0');
    for (const side of ['containerID', 'hostID'] as const) {
      if (mapping[side] + mapping.size > IDS) refuse(`${here}/size`, `ids from ${mapping[side]} on are fewer than ${mapping.size}`);
      const other = mappings.findIndex((earlier, at) => at < index && overlap(earlier, mapping, side));
      if (other >= 0) refuse(here, `${side} overlaps that of ${pointer}/${other}`);
    }
  });
}

function overlap(a: IdMapping, b: IdMapping, side: 'containerID' | 'hostID'): boolean {
  return a[side] < b[side] + b.size && b[side] < a[side] + a.size;
}

/** Whether a container's id exists in a user namespace with these mappings. */
export function isMapped(id: number, mappings: readonly IdMapping[]): boolean {
  return mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size);
}

/** The process's user must exist in the new user namespace; one given by path has mappings of its own. */
export function checkUser(process: Process, linux: Linux): void {
  const uids = linux.uidMappings ?? [];
  if (uids.length === 0 || !isNewNamespace(linux, 'user')) return;
  const { uid = 0, gid = 0, additionalGids } = process.user ?? {};
  if (!isMapped(uid, uids)) refuse('/process/user/uid', `${show(uid)} is not in /linux/uidMappings`);
  const gids = linux.gidMappings ?? [];
  if (!isMapped(gid, gids)) refuse('/process/user/gid', `${show(gid)} is not in /linux/gidMappings`);
  each(additionalGids, (group, index) => {
    if (!isMapped(group, gids)) refuse(`/process/user/additionalGids/${index}`, `${show(group)} is not in /linux/gidMappings`);
  });
}
