/** Device rules -> eBPF: first the list without what has no effect, then one pass over it. */

/** Bits of an access as in struct bpf_cgroup_dev_ctx (BPF_DEVCG_ACC_*, linux/bpf.h). */
export const ACCESS = { m: 1, r: 2, w: 4 } as const;
export const ALL = 7;

/** Types as in struct bpf_cgroup_dev_ctx (BPF_DEVCG_DEV_*). */
export const TYPE = { b: 1, c: 2 } as const;

/** A rule with numbers for words; -1 is any. `access` has at least one bit. */
export interface FilterRule {
  readonly allow: boolean;
  readonly type: number;
  readonly major: number;
  readonly minor: number;
  readonly access: number;
}

/** The parts of the instruction set that are used (Documentation/bpf/standardization/instruction-set.rst). */
const BPF = {
  LDX_W: 0x61,
  MOV32_IMM: 0xb4,
  MOV64_REG: 0xbf,
  AND32_IMM: 0x54,
  RSH32_IMM: 0x74,
  JA: 0x05,
  /** 32-bit compares: device numbers are unsigned and must not be sign-extended. */
  JEQ32: 0x16,
  JNE32: 0x56,
  JSET32: 0x46,
  EXIT: 0x95,
} as const;

/** r1 comes as the context; r3 holds the accesses that no rule has decided yet. */
const R = { result: 0, context: 1, type: 2, access: 3, major: 4, minor: 5 } as const;

/** Longest list of numbers compared in one block: jumps are 16 bits wide. */
const BLOCK = 4096;

const matchKey = (type: number, major: number, minor: number) => `${type}:${major}:${minor}`;

/** Every wildcard form a later rule may have that covers this one. */
function* covers({ type, major, minor }: FilterRule): Generator<string> {
  for (const t of type === -1 ? [-1] : [type, -1]) {
    for (const a of major === -1 ? [-1] : [major, -1]) {
      for (const b of minor === -1 ? [-1] : [minor, -1]) yield matchKey(t, a, b);
    }
  }
}

const meet = (a: number, b: number) => a === -1 || b === -1 || a === b;
const within = (a: number, b: number) => b === -1 || a === b;

/** Whether some access to some device is a matter of both. */
function overlap(a: FilterRule, b: FilterRule): boolean {
  return (a.access & b.access) !== 0 && meet(a.type, b.type) && meet(a.major, b.major) && meet(a.minor, b.minor);
}

/** Whether everything that `a` is about is a matter of `b` as well. */
function inside(a: FilterRule, b: FilterRule): boolean {
  return (a.access & ~b.access) === 0 && within(a.type, b.type) && within(a.major, b.major) && within(a.minor, b.minor);
}

const isEverything = (rule: FilterRule | undefined) =>
  rule !== undefined && rule.type === -1 && rule.major === -1 && rule.minor === -1 && rule.access === ALL;

/** Latest rule first, without those that later ones leave nothing to. */
function undecided(rules: readonly FilterRule[]): FilterRule[] {
  const decided = new Map<string, number>();
  const kept: FilterRule[] = [];
  for (const rule of rules.toReversed()) {
    let access = rule.access;
    for (const key of covers(rule)) access &= ~(decided.get(key) ?? 0);
    if (access === 0) continue;
    const key = matchKey(rule.type, rule.major, rule.minor);
    decided.set(key, (decided.get(key) ?? 0) | rule.access);
    kept.push(rule);
    if (isEverything(rule)) break;
  }
  return kept;
}

const isWild = ({ type, major, minor }: FilterRule) => type === -1 || major === -1 || minor === -1;

/** Without those that say what the rules before them, or the denial at the end, would say anyway. */
function effective(rules: readonly FilterRule[]): FilterRule[] {
  const oldestFirst: FilterRule[] = [];
  const places = new Map<string, number[]>();
  for (const rule of undecided(rules).toReversed()) {
    // a rule about one device meets only those that cover it; a wide one may meet any
    const met = isWild(rule)
      ? oldestFirst
      : [...covers(rule)]
          .flatMap((key) => places.get(key) ?? [])
          .sort((x, y) => x - y)
          .map((at) => oldestFirst[at]);
    const older = met.findLast((other) => other && (other.allow === rule.allow ? inside(rule, other) : overlap(rule, other)));
    if ((older?.allow ?? false) === rule.allow) continue;
    const key = matchKey(rule.type, rule.major, rule.minor);
    places.set(key, [...(places.get(key) ?? []), oldestFirst.push(rule) - 1]);
  }
  return oldestFirst.toReversed();
}

/** Neighbours with one verdict may stand in any order: sorted, rules about the same type and number come together. */
function* runs(rules: readonly FilterRule[]): Generator<FilterRule[]> {
  for (let start = 0, end = 0; start < rules.length; start = end) {
    while (end < rules.length && rules[end]?.allow === rules[start]?.allow) end++;
    yield rules.slice(start, end).toSorted((a, b) => a.type - b.type || a.major - b.major || a.minor - b.minor);
  }
}

class Program {
  readonly code: { op: number; registers: number; offset: number; imm: number }[] = [];

  emit(op: number, destination: number, source: number, offset: number, imm: number): number {
    return this.code.push({ op, registers: destination | (source << 4), offset, imm }) - 1;
  }

  /** A jump whose target comes later: `land` sets it. */
  jump(op: number, register: number, imm: number): number {
    return this.emit(op, register, 0, 0, imm);
  }

  land(...jumps: readonly number[]): void {
    for (const at of jumps) {
      const instruction = this.code[at];
      if (instruction) instruction.offset = this.code.length - at - 1;
    }
  }

  answer(value: boolean): void {
    this.emit(BPF.MOV32_IMM, R.result, 0, 0, value ? 1 : 0);
    this.emit(BPF.EXIT, 0, 0, 0, 0);
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.code.length * 8);
    const view = new DataView(bytes.buffer);
    for (const [index, { op, registers, offset, imm }] of this.code.entries()) {
      view.setUint8(index * 8, op);
      view.setUint8(index * 8 + 1, registers);
      view.setInt16(index * 8 + 2, offset, true);
      view.setInt32(index * 8 + 4, imm | 0, true);
    }
    return bytes;
  }
}

/** What a matching rule does. Allowed accesses are settled; the answer is yes once none is left. One denied is a no. */
function decide(program: Program, rule: FilterRule): void {
  if (rule.access === ALL) return program.answer(rule.allow);
  if (rule.allow) {
    program.emit(BPF.AND32_IMM, R.access, 0, 0, ALL & ~rule.access);
    const open = program.jump(BPF.JNE32, R.access, 0);
    program.answer(true);
    program.land(open);
  } else {
    const hit = program.jump(BPF.JSET32, R.access, rule.access);
    const past = program.jump(BPF.JA, 0, 0);
    program.land(hit);
    program.answer(false);
    program.land(past);
  }
}

/** Rules with one verdict, type and major number. */
function block(program: Program, rules: readonly FilterRule[]): void {
  const [first] = rules;
  if (!first) return;
  const skip: number[] = [];
  if (first.type !== -1) skip.push(program.jump(BPF.JNE32, R.type, first.type));
  if (first.major !== -1) skip.push(program.jump(BPF.JNE32, R.major, first.major));
  for (const rule of rules.filter(({ minor, access }) => minor === -1 || access !== ALL)) {
    const past = rule.minor === -1 ? [] : [program.jump(BPF.JNE32, R.minor, rule.minor)];
    decide(program, rule);
    program.land(...past);
  }
  // minors with all accesses share one answer
  const whole = rules.filter(({ minor, access }) => minor !== -1 && access === ALL);
  const last = whole.pop();
  if (last) {
    const hits = whole.map(({ minor }) => program.jump(BPF.JEQ32, R.minor, minor));
    skip.push(program.jump(BPF.JNE32, R.minor, last.minor));
    program.land(...hits);
    program.answer(first.allow);
  }
  program.land(...skip);
}

/** The program for a complete list of rules; null when it allows everything. */
export function compileDeviceRules(rules: readonly FilterRule[]): Uint8Array | null {
  const list = effective(rules);
  if (isEverything(list[0])) return null;
  const program = new Program();
  // struct bpf_cgroup_dev_ctx: u32 access_type (type in the low half), major, minor
  program.emit(BPF.LDX_W, R.access, R.context, 0, 0);
  if (list.some(({ type }) => type !== -1)) {
    program.emit(BPF.MOV64_REG, R.type, R.access, 0, 0);
    program.emit(BPF.AND32_IMM, R.type, 0, 0, 0xffff);
  }
  program.emit(BPF.RSH32_IMM, R.access, 0, 0, 16);
  if (list.some(({ major }) => major !== -1)) program.emit(BPF.LDX_W, R.major, R.context, 4, 0);
  if (list.some(({ minor }) => minor !== -1)) program.emit(BPF.LDX_W, R.minor, R.context, 8, 0);
  for (const run of runs(list)) {
    for (let start = 0, end = 0; start < run.length; start = end) {
      const same = ({ type, major }: FilterRule) => type === run[start]?.type && major === run[start]?.major;
      while (end < run.length && end - start < BLOCK && same(run[end] as FilterRule)) end++;
      block(program, run.slice(start, end));
    }
  }
  // after a rule about everything the verifier would call this unreachable
  if (!isEverything(list.at(-1))) program.answer(false);
  return program.bytes();
}
