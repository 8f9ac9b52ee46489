import type { Op, Step } from './steps.js';

/** What a step is on the wire, behind its name. `slots` are the names of the descriptors: one travels as its place there; -1: none. */
type Encoder<K extends Op> = (step: Extract<Step, { op: K }>, slots: readonly string[]) => (string | number)[];

/**
 * The order in which a step's fields travel to tsrun-init. Native code reads them in this order
 * (native/base/plan_reader.h); whoever changes one side changes the other. A list travels as its length and its items.
 */
const ENCODERS: { readonly [K in Op]: Encoder<K> } = {
  join: (step, slots) => [slots.indexOf(step.slot), step.flag, step.type, Number(step.late)],
  joinRest: () => [],
  joinProcess: (step, slots) => [slots.indexOf(step.slot), step.flags],
  unshare: (step) => [step.flags],
  idmap: () => [],
  becomeRoot: () => [],
  timeOffsets: (step) => [step.text],
  fork: (step) => [step.flags],
  pidNamespace: (step, slots) => [slots.indexOf(step.slot)],
  forget: () => [],
  enterPidNamespace: (step, slots) => [Number(step.terminal), slots.indexOf(step.start)],
  loopback: () => [],
  hostname: (step) => [step.name],
  domainname: (step) => [step.name],
  propagation: (step) => [step.flags],
  root: (step) => [step.path, Number(step.clone), Number(step.slave)],
  mount: (step, slots) => [
    step.destination,
    step.kind,
    step.type,
    step.source,
    Number(step.inside),
    step.tree,
    Number(step.treeIfDenied),
    step.set,
    step.clear,
    step.replace,
    step.setRecursive,
    step.clearRecursive,
    step.propagation.length,
    ...step.propagation,
    Number(step.copyUp),
    slots.indexOf(step.idmap),
    Number(step.idmapRecursive),
    step.data.length,
    ...step.data,
  ],
  device: (step) => [step.path, step.type, step.major, step.minor, step.mode, step.uid, step.gid, Number(step.found)],
  bindDevice: (step) => [step.path, step.source, step.type, step.major, step.minor, step.made],
  symlink: (step) => [step.path, step.target],
  console: (step, slots) => [slots.indexOf(step.slot), step.rows, step.columns, step.uid, Number(step.bind)],
  mask: (step) => [step.path],
  readonlyPath: (step) => [step.path],
  sysctl: (step) => [step.path, step.value],
  makeDirectory: (step) => [step.path],
  pivotRoot: () => [],
  moveRoot: () => [],
  chroot: () => [],
  rootPropagation: (step) => [step.flags],
  rootReadonly: () => [],
  currentRoot: () => [],
  undumpable: () => [],
  session: (step) => [Number(step.terminal)],
  affinity: (step) => [step.kind, step.list, step.cpus.length, ...step.cpus],
  keyring: (step) => [step.name, Number(step.fresh)],
  rlimit: (step) => [step.resource, step.soft, step.hard],
  personality: (step) => [step.persona],
  memoryPolicy: (step) => [step.name, step.mode, step.nodes.length, ...step.nodes],
  scheduler: (step) => [step.policy, step.flags, step.nice, step.priority, step.runtime, step.deadline, step.period],
  ioPriority: (step) => [step.value],
  apparmor: (step) => [step.profile],
  selinux: (step) => [step.label],
  home: (step) => [step.uid],
  bounding: (step) => [step.set],
  user: (step) => [step.uid, step.gid, step.groups.length, ...step.groups, Number(step.setgroups), step.umask],
  capabilities: (step) => [step.effective, step.permitted, step.inheritable, step.ambient],
  capset: (step) => [step.effective, step.permitted, step.inheritable],
  cwd: (step) => [step.path, Number(step.early)],
  noNewPrivileges: () => [],
  program: (step) => [step.args.length, ...step.args, step.env.length, ...step.env, step.preserved, Number(step.home)],
  hook: (step) => [
    step.kind,
    step.index,
    step.path,
    step.args.length,
    ...step.args,
    step.env.length,
    ...step.env,
    step.timeout,
    Number(step.programEnv),
    Number(step.inRoot),
    Number(step.filtered),
    step.flags,
    Number(step.lower),
    step.effective,
    step.permitted,
    step.inheritable,
  ],
  filter: (step, slots) => [slots.indexOf(step.slot)],
  seccomp: (step, slots) => [
    step.flags,
    slots.indexOf(step.listener),
    Number(step.handOver),
    Number(step.direct),
    Number(step.mayBlockReport),
  ],
  ask: (step) => [step.what],
  ready: () => [],
  begin: () => [],
  seal: (step, slots) => [slots.indexOf(step.start), slots.indexOf(step.listener)],
  exec: () => [],
  fail: (step) => [step.errno],
};

/**
 * The plan's steps as tsrun-init reads them: NUL-terminated fields behind a header that counts them. A value with a NUL
 * in it makes the count wrong, and native code refuses the whole.
 * @param slots the names of the descriptors, in the order they are handed over
 */
export function encodeSteps(steps: readonly Step[], slots: readonly string[]): string {
  const words: (string | number)[] = ['tsrun-plan', 1, 0, steps.length];
  let count = 4;
  for (const step of steps) {
    const encode = ENCODERS[step.op] as Encoder<Op>;
    const fields = encode(step, slots);
    words.push(step.op, fields.length);
    if (fields.length > 0) words.push(fields.join('\0'));
    count += 2 + fields.length;
  }
  words[2] = count;
  return `${words.join('\0')}\0`;
}
