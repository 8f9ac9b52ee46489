import { append } from '../append.js';
import type { Op, Step } from './steps.js';

/**
 * The order in which a step's fields travel to tsrun-init. Native code reads them in this order
 * (native/base/plan_reader.h); whoever changes one side changes the other.
 */
const FIELDS: { readonly [K in Op]: readonly Exclude<keyof Extract<Step, { op: K }>, 'op'>[] } = {
  join: ['slot', 'flag', 'type', 'late'],
  joinRest: [],
  joinProcess: ['slot', 'flags'],
  unshare: ['flags'],
  idmap: [],
  becomeRoot: [],
  timeOffsets: ['text'],
  fork: ['flags'],
  pidNamespace: ['slot'],
  forget: [],
  enterPidNamespace: ['terminal', 'start'],
  hostname: ['name'],
  domainname: ['name'],
  propagation: ['flags'],
  root: ['path', 'clone', 'slave'],
  mount: [
    'destination',
    'kind',
    'type',
    'source',
    'inside',
    'tree',
    'treeIfDenied',
    'set',
    'clear',
    'replace',
    'setRecursive',
    'clearRecursive',
    'propagation',
    'copyUp',
    'idmap',
    'idmapRecursive',
    'data',
  ],
  device: ['path', 'type', 'major', 'minor', 'mode', 'uid', 'gid', 'found'],
  bindDevice: ['path', 'source', 'type', 'major', 'minor', 'made'],
  symlink: ['path', 'target'],
  console: ['slot', 'rows', 'columns', 'uid', 'bind'],
  mask: ['path'],
  readonlyPath: ['path'],
  sysctl: ['path', 'value'],
  makeDirectory: ['path'],
  pivotRoot: [],
  moveRoot: [],
  chroot: [],
  rootPropagation: ['flags'],
  rootReadonly: [],
  currentRoot: [],
  undumpable: [],
  session: ['terminal'],
  affinity: ['kind', 'list', 'cpus'],
  keyring: ['name', 'fresh'],
  rlimit: ['resource', 'soft', 'hard'],
  personality: ['persona'],
  memoryPolicy: ['name', 'mode', 'nodes'],
  scheduler: ['policy', 'flags', 'nice', 'priority', 'runtime', 'deadline', 'period'],
  ioPriority: ['value'],
  apparmor: ['profile'],
  selinux: ['label'],
  home: ['uid'],
  bounding: ['set'],
  user: ['uid', 'gid', 'groups', 'setgroups', 'umask'],
  capabilities: ['effective', 'permitted', 'inheritable', 'ambient'],
  capset: ['effective', 'permitted', 'inheritable'],
  cwd: ['path', 'early'],
  noNewPrivileges: [],
  program: ['args', 'env', 'preserved', 'home'],
  hook: [
    'kind',
    'index',
    'path',
    'args',
    'env',
    'timeout',
    'programEnv',
    'inRoot',
    'filtered',
    'flags',
    'lower',
    'effective',
    'permitted',
    'inheritable',
  ],
  filter: ['slot'],
  seccomp: ['flags', 'listener', 'handOver', 'direct', 'mayBlockReport'],
  ask: ['what'],
  ready: [],
  begin: [],
  seal: ['start', 'listener'],
  exec: [],
  fail: ['errno'],
};

/** Fields that name a slot: they travel as its number. */
const SLOT_FIELDS = new Set(['slot', 'idmap', 'listener', 'start']);

/**
 * The plan's steps as tsrun-init reads them: NUL-terminated fields behind a header that counts them. A value with a NUL
 * in it makes the count wrong, and native code refuses the whole.
 * @param slots the names of the descriptors, in the order they are handed over
 */
export function encodeSteps(steps: readonly Step[], slots: readonly string[]): string {
  const body: (string | number)[] = [];
  for (const step of steps) {
    const at = body.push(step.op, 0);
    for (const field of FIELDS[step.op]) {
      const value = (step as unknown as Record<string, unknown>)[field];
      if (Array.isArray(value)) {
        body.push(value.length);
        append(body, value as (string | number)[]);
      } else if (typeof value === 'boolean') {
        body.push(value ? 1 : 0);
      } else if (SLOT_FIELDS.has(field)) {
        body.push(slots.indexOf(value as string));
      } else {
        body.push(value as string | number);
      }
    }
    body[at - 1] = body.length - at;
  }
  return ['tsrun-plan', 1, body.length + 4, steps.length, ...body, ''].join('\0');
}
