import { utf8 } from '../../utf8.js';
import { each } from '../each.js';
import { mustBeAbsolute, refuse, show } from '../problem.js';
import type { Linux, Namespace, NamespaceType, Spec } from '../types.js';

/** Bytes of a name in the uts namespace (man 2 sethostname, __NEW_UTS_LEN). */
const LONGEST_NAME = 64;

/** The container's own namespace of a type, new or given by path; undefined when it has the runtime's. */
export function namespaceOf(linux: Linux | undefined, type: NamespaceType): Namespace | undefined {
  for (const namespace of linux?.namespaces ?? []) if (namespace.type === type) return namespace;
  return undefined;
}

/** Whether the container gets a new namespace of this type. */
export function isNewNamespace(linux: Linux | undefined, type: NamespaceType): boolean {
  const namespace = namespaceOf(linux, type);
  return namespace !== undefined && (namespace.path ?? '') === '';
}

/** Each namespace once, and what needs one has it. */
export function checkNamespaces(spec: Spec): void {
  const linux = spec.linux ?? {};
  const seen = new Set<NamespaceType>();
  each(linux.namespaces, ({ type, path }, index) => {
    if (seen.has(type)) refuse(`/linux/namespaces/${index}/type`, `namespace ${show(type)} is given twice`);
    seen.add(type);
    if (path !== undefined && path !== '') mustBeAbsolute(path, `/linux/namespaces/${index}/path`);
  });
  checkName(spec.hostname, '/hostname', seen);
  checkName(spec.domainname, '/domainname', seen);
  checkTimeOffsets(linux);
  // Without one they would be mounted over for the whole host.
  if (!seen.has('mount')) {
    if ((linux.maskedPaths ?? []).length > 0) refuse('/linux/maskedPaths', 'needs a mount namespace');
    if ((linux.readonlyPaths ?? []).length > 0) refuse('/linux/readonlyPaths', 'needs a mount namespace');
  }
}

function checkName(name: string | undefined, pointer: string, namespaces: ReadonlySet<NamespaceType>): void {
  if (name === undefined || name === '') return;
  if (!namespaces.has('uts')) refuse(pointer, 'needs a uts namespace');
  checkUtsName(name, pointer);
}

/** No longer than a uts namespace has room for: the kernel cuts what is written to a sysctl. */
export function checkUtsName(name: string, pointer: string): void {
  // UTF-8 makes at most three bytes of each unit of ours: most names need no counting.
  if (name.length > LONGEST_NAME / 3 && utf8(name).length > LONGEST_NAME)
    refuse(pointer, `must be at most ${LONGEST_NAME} bytes, is ${show(name)}`);
}

/** The clocks of a time namespace are set before its first process is in it (man 7 time_namespaces). */
function checkTimeOffsets(linux: Linux): void {
  const { monotonic, boottime } = linux.timeOffsets ?? {};
  if (monotonic === undefined && boottime === undefined) return;
  if (!isNewNamespace(linux, 'time')) refuse('/linux/timeOffsets', 'needs a new time namespace');
}
