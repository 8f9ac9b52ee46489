/**
 * Device rules -> eBPF: first the list without what has no effect, then one pass over it. Every `create` runs this once, cold,
 * so it is written with plain loops.
 */

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

/** Longest list that is searched for rules without effect: that takes a time that grows with its square. */
const SEARCHED = 2048;

/** Longest list of numbers compared in one block: jumps are 16 bits wide. */
const BLOCK = 4096;

/** Whether every device that `a` is about is one that `b` is about. */
function within(a: FilterRule, b: FilterRule): boolean {
  return (b.major === -1 || a.major === b.major) && (b.minor === -1 || a.minor === b.minor) && (b.type === -1 || a.type === b.type);
}

const meet = (a: number, b: number) => a === b || a === -1 || b === -1;

/** Whether some access to some device is a matter of both. */
function overlap(a: FilterRule, b: FilterRule): boolean {
  return meet(a.major, b.major) && meet(a.minor, b.minor) && meet(a.type, b.type) && (a.access & b.access) !== 0;
}

const isEverything = (rule: FilterRule | undefined) => rule?.type === -1 && rule.major === -1 && rule.minor === -1 && rule.access === ALL;

/** Whether it is about one device only. */
const isExact = ({ type, major, minor }: FilterRule) => type > 0 && major >= 0 && minor >= 0;

const keyOf = ({ type, major, minor }: FilterRule) => `${type}:${major}:${minor}`;

/**
 * Rules by what they are about, because most name one device: two such meet only if they name the same one. The others,
 * of which lists have few, are compared with everything.
 */
class Index {
  /** In the order they were added. */
  readonly rules: FilterRule[] = [];
  private readonly exact = new Map<string, number[]>();
  private readonly wide: number[] = [];

  add(rule: FilterRule): void {
    const at = this.rules.push(rule) - 1;
    if (!isExact(rule)) {
      this.wide.push(at);
      return;
    }
    const same = this.exact.get(keyOf(rule));
    if (same === undefined) this.exact.set(keyOf(rule), [at]);
    else same.push(at);
  }

  /** The accesses among `rule`'s that no rule here decides for all of its devices. */
  undecided(rule: FilterRule): number {
    let access = rule.access;
    for (const at of this.wide) {
      const other = this.rules[at];
      if (other !== undefined && within(rule, other)) access &= ~other.access;
    }
    // a rule about one device is about all devices of another only if that is about the same one
    const same = isExact(rule) ? this.exact.get(keyOf(rule)) : undefined;
    if (same === undefined) return access;
    for (const at of same) access &= ~(this.rules[at]?.access ?? 0);
    return access;
  }

  /** The verdict of the rule added last that decides, for all or some that `rule` is about; false without one. */
  verdict(rule: FilterRule): boolean {
    if (!isExact(rule)) return this.rules[this.latest(rule, null)]?.allow ?? false;
    const at = Math.max(this.latest(rule, this.wide), this.latest(rule, this.exact.get(keyOf(rule)) ?? []));
    return this.rules[at]?.allow ?? false;
  }

  /** The greatest among `places` (null: all) whose rule decides; -1 without one. */
  private latest(rule: FilterRule, places: readonly number[] | null): number {
    for (let i = (places ?? this.rules).length - 1; i >= 0; i--) {
      const at = places === null ? i : (places[i] ?? -1);
      const older = this.rules[at];
      if (older !== undefined && decides(older, rule)) return at;
    }
    return -1;
  }
}

/** Whether `older` says all that `rule` says, or the opposite of some of it. */
function decides(older: FilterRule, rule: FilterRule): boolean {
  return older.allow === rule.allow ? (rule.access & ~older.access) === 0 && within(rule, older) : overlap(rule, older);
}

/** Oldest rule first, without those that later ones leave nothing to. */
function undecided(rules: readonly FilterRule[]): FilterRule[] {
  const kept = new Index();
  for (let at = rules.length - 1; at >= 0; at--) {
    const rule = rules[at];
    if (rule === undefined || kept.undecided(rule) === 0) continue;
    kept.add(rule);
    if (isEverything(rule)) break;
  }
  return kept.rules.reverse();
}

/** Latest rule first, without those that say what the ones before them, or the denial at the end, would say anyway. */
function effective(rules: readonly FilterRule[]): FilterRule[] {
  const oldestFirst = new Index();
  for (const rule of undecided(rules)) {
    if (oldestFirst.verdict(rule) !== rule.allow) oldestFirst.add(rule);
  }
  return oldestFirst.rules.reverse();
}

/** Latest rule first, down to the one after which nothing is left to decide. */
function cut(rules: readonly FilterRule[]): FilterRule[] {
  return rules.slice(Math.max(rules.findLastIndex(isEverything), 0)).reverse();
}

/** Instructions as pairs of 32-bit words: opcode, registers and jump offset; immediate value. */
class Program {
  private readonly words: number[] = [];

  private emit(op: number, destination: number, rest: number, imm: number): number {
    return this.words.push(op | (destination << 8) | rest, imm) / 2 - 1;
  }

  load(destination: number, offset: number): void {
    this.emit(BPF.LDX_W, destination, (R.context << 12) | (offset << 16), 0);
  }

  copy(destination: number, source: number): void {
    this.emit(BPF.MOV64_REG, destination, source << 12, 0);
  }

  operate(op: number, destination: number, imm: number): void {
    this.emit(op, destination, 0, imm);
  }

  /** A jump whose target comes later: `land` sets it. */
  jump(op: number, register: number, imm: number): number {
    return this.emit(op, register, 0, imm);
  }

  /** The jumps lead to the next instruction. */
  land(jumps: readonly number[]): void {
    for (const at of jumps) this.words[at * 2] = (this.words[at * 2] ?? 0) | ((this.words.length / 2 - at - 1) << 16);
  }

  answer(value: boolean): void {
    this.emit(BPF.MOV32_IMM, R.result, 0, value ? 1 : 0);
    this.emit(BPF.EXIT, 0, 0, 0);
  }

  /** All machines that are built for are little-endian, as the words then are. */
  bytes(): Uint8Array {
    return new Uint8Array(new Uint32Array(this.words).buffer);
  }
}

/** What a matching rule does. Allowed accesses are settled; the answer is yes once none is left. One denied is a no. */
function decide(program: Program, rule: FilterRule): void {
  if (rule.access === ALL) {
    program.answer(rule.allow);
  } else if (rule.allow) {
    program.operate(BPF.AND32_IMM, R.access, ALL & ~rule.access);
    const open = program.jump(BPF.JNE32, R.access, 0);
    program.answer(true);
    program.land([open]);
  } else {
    const hit = program.jump(BPF.JSET32, R.access, rule.access);
    const past = program.jump(BPF.JA, 0, 0);
    program.land([hit]);
    program.answer(false);
    program.land([past]);
  }
}

/** Rules with one verdict, type and major number. */
function block(program: Program, rules: readonly FilterRule[]): void {
  const [first] = rules;
  if (first === undefined) return;
  const skip: number[] = [];
  if (first.type !== -1) skip.push(program.jump(BPF.JNE32, R.type, first.type));
  if (first.major !== -1) skip.push(program.jump(BPF.JNE32, R.major, first.major));
  // what follows a rule about all of them would be unreachable
  const all = rules.find(({ minor, access }) => minor === -1 && access === ALL);
  // minors with all accesses share one answer
  const whole: number[] = [];
  for (const rule of all ? [all] : rules) {
    if (rule.minor !== -1 && rule.access === ALL) {
      whole.push(rule.minor);
    } else {
      const past = rule.minor === -1 ? [] : [program.jump(BPF.JNE32, R.minor, rule.minor)];
      decide(program, rule);
      program.land(past);
    }
  }
  const last = whole.pop();
  if (last !== undefined) {
    const hits = whole.map((minor) => program.jump(BPF.JEQ32, R.minor, minor));
    skip.push(program.jump(BPF.JNE32, R.minor, last));
    program.land(hits);
    program.answer(first.allow);
  }
  program.land(skip);
}

/** End of the rules from `start` on that go into one block. */
function blockEnd(rules: readonly FilterRule[], start: number): number {
  const first = rules[start];
  let end = start + 1;
  while (end < rules.length && end - start < BLOCK && rules[end]?.type === first?.type && rules[end]?.major === first?.major) end++;
  return end;
}

/** Rules with one verdict, in whatever order: sorted, those about the same type and major number come together. */
function run(program: Program, rules: FilterRule[]): void {
  const everything = rules.find(isEverything);
  if (everything) {
    program.answer(everything.allow);
    return;
  }
  rules.sort((a, b) => a.type - b.type || a.major - b.major);
  for (let start = 0; start < rules.length;) {
    const end = blockEnd(rules, start);
    block(program, rules.slice(start, end));
    start = end;
  }
}

/** The program for a complete list of rules; null when it allows everything. Without `search` it may be longer than needed. */
export function compileDeviceRules(rules: readonly FilterRule[], search = rules.length <= SEARCHED): Uint8Array | null {
  const list = search ? effective(rules) : cut(rules);
  if (list[0]?.allow && isEverything(list[0])) return null;
  const program = new Program();
  // struct bpf_cgroup_dev_ctx: u32 access_type (type in the low half), major, minor
  program.load(R.access, 0);
  program.copy(R.type, R.access);
  program.operate(BPF.AND32_IMM, R.type, 0xffff);
  program.operate(BPF.RSH32_IMM, R.access, 16);
  program.load(R.major, 4);
  program.load(R.minor, 8);
  for (let start = 0, end = 0; start < list.length; start = end) {
    while (end < list.length && list[end]?.allow === list[start]?.allow) end++;
    run(program, list.slice(start, end));
  }
  // after a rule about everything the verifier would call this unreachable
  if (!isEverything(list.at(-1))) program.answer(false);
  return program.bytes();
}
