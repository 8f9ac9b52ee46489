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
  LDX_H: 0x69,
  MOV32_IMM: 0xb4,
  AND32_IMM: 0x54,
  JA: 0x05,
  /** 32-bit compares: device numbers are unsigned and must not be sign-extended. */
  JEQ32: 0x16,
  JNE32: 0x56,
  JSET32: 0x46,
  JLT32: 0xa6,
  JLE32: 0xb6,
  EXIT: 0x95,
} as const;

/** r1 comes as the context; r3 holds the accesses that no rule has decided yet. */
const R = { result: 0, context: 1, type: 2, access: 3, major: 4, minor: 5 } as const;

/** struct bpf_cgroup_dev_ctx: u32 access_type, with the type in its low half, major, minor. All machines built for are little-endian. */
const FIELDS = [
  { register: R.type, load: BPF.LDX_H, offset: 0, used: ({ type }: FilterRule) => type !== -1 },
  { register: R.access, load: BPF.LDX_H, offset: 2, used: ({ access }: FilterRule) => access !== ALL },
  { register: R.major, load: BPF.LDX_W, offset: 4, used: ({ major }: FilterRule) => major !== -1 },
  { register: R.minor, load: BPF.LDX_W, offset: 8, used: ({ minor }: FilterRule) => minor !== -1 },
] as const;

/** Longest list that is searched for rules without effect: that takes a time that grows with its square. */
const SEARCHED = 2048;

/** Jumps are 16 bits wide: so many rules at most, of four instructions at most, go below one question about the type. */
const BLOCK = 4096;

/** The most instructions that a jump to an answer waits, before such a block. */
const WAIT = 15000;

/** Whether every device that `a` is about is one that `b` is about. */
function within(a: FilterRule, b: FilterRule): boolean {
  return (b.major === -1 || a.major === b.major) && (b.minor === -1 || a.minor === b.minor) && (b.type === -1 || a.type === b.type);
}

const meet = (a: number, b: number) => a === b || a === -1 || b === -1;

/** Whether some device is a matter of both. */
function overlap(a: FilterRule, b: FilterRule): boolean {
  return meet(a.major, b.major) && meet(a.minor, b.minor) && meet(a.type, b.type);
}

/** A rule, and the accesses that later rules leave to it for one device at least. */
interface Left {
  readonly rule: FilterRule;
  readonly access: number;
}

/** Whether rules behind `place` decide these accesses for all devices that both are about. */
function settled(a: FilterRule, b: FilterRule, access: number, list: readonly Left[], place: number): boolean {
  const both = { ...a, type: Math.max(a.type, b.type), major: Math.max(a.major, b.major), minor: Math.max(a.minor, b.minor) };
  let open = access;
  for (let at = place + 1; at < list.length; at++) {
    const later = list[at]?.rule;
    if (later !== undefined && within(both, later)) open &= ~later.access;
  }
  return open === 0;
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

  /**
   * Whether the rules here, and the denial where none decides, say already all that the one at `place` of a list says, as far as
   * those behind it in the list leave it something to say.
   */
  isSaid(list: readonly Left[], place: number): boolean {
    const left = list[place];
    if (left === undefined) return true;
    const { rule } = left;
    let open = left.access;
    const same = isExact(rule) ? (this.exact.get(keyOf(rule)) ?? []) : null;
    // from the one added last on; of an exact rule's only those that can be about its device
    let wide = (same === null ? this.rules : this.wide).length - 1;
    let exact = (same?.length ?? 0) - 1;
    while (open !== 0 && (wide >= 0 || exact >= 0)) {
      const one = same === null ? wide : (this.wide[wide] ?? -1);
      const other = same?.[exact] ?? -1;
      const older = this.rules[Math.max(one, other)];
      if (one > other) wide--;
      else exact--;
      if (older === undefined) break;
      if (older.allow !== rule.allow) {
        const contested = older.access & open;
        if (contested !== 0 && overlap(rule, older) && (within(rule, older) || !settled(rule, older, contested, list, place))) return false;
      } else if (within(rule, older)) {
        open &= ~older.access;
      }
    }
    return open === 0 || !rule.allow;
  }
}

/** Oldest rule first, without those that later ones leave nothing to. */
function undecided(rules: readonly FilterRule[]): Left[] {
  const kept = new Index();
  const left: Left[] = [];
  for (let at = rules.length - 1; at >= 0; at--) {
    const rule = rules[at];
    const access = rule === undefined ? 0 : kept.undecided(rule);
    if (rule === undefined || access === 0) continue;
    kept.add(rule);
    left.push({ rule, access });
    if (isEverything(rule)) break;
  }
  return left.reverse();
}

/** Latest rule first, without those that say what the ones before them, or the denial at the end, would say anyway. */
function effective(rules: readonly FilterRule[]): FilterRule[] {
  const oldestFirst = new Index();
  undecided(rules).forEach(({ rule }, place, list) => {
    if (!oldestFirst.isSaid(list, place)) oldestFirst.add(rule);
  });
  return oldestFirst.rules.reverse();
}

/** Latest rule first, down to the one after which nothing is left to decide. */
function cut(rules: readonly FilterRule[]): FilterRule[] {
  return rules.slice(Math.max(rules.findLastIndex(isEverything), 0)).reverse();
}

/** Instructions as pairs of 32-bit words: opcode, registers and jump offset; immediate value. */
class Program {
  private readonly words: number[] = [];
  /** Jumps to the two answers that have not landed yet. */
  private readonly waiting: { readonly yes: number[]; readonly no: number[] } = { yes: [], no: [] };

  /** The answer when no rule decides. r0 holds the other one from the start, so that this takes no instruction of its own at the end. */
  private readonly verdict: boolean;

  constructor(verdict: boolean) {
    this.verdict = verdict;
  }

  emit(op: number, registers: number, offset = 0, imm = 0): number {
    return this.words.push(op | (registers << 8) | (offset << 16), imm) / 2 - 1;
  }

  /** A jump whose target comes later: `land` sets it. */
  jump(op: number, register: number, imm: number): number {
    return this.emit(op, register, 0, imm);
  }

  /** A jump to an answer. */
  decide(verdict: boolean, op: number, register: number, imm: number): void {
    (verdict ? this.waiting.yes : this.waiting.no).push(this.jump(op, register, imm));
  }

  /** The jumps lead to the next instruction. */
  land(jumps: readonly number[]): void {
    for (const at of jumps) this.words[at * 2] = (this.words[at * 2] ?? 0) | ((this.words.length / 2 - at - 1) << 16);
  }

  /** Whether a jump to an answer comes from so far back that an answer must be near. */
  get far(): boolean {
    const oldest = Math.min(this.waiting.yes[0] ?? Infinity, this.waiting.no[0] ?? Infinity);
    return this.words.length / 2 - oldest > WAIT;
  }

  /** An answer for the jumps so far, which the program goes around. */
  island(): void {
    const around = this.jump(BPF.JA, 0, 0);
    this.answers(false);
    this.land([around]);
  }

  /** The answers, as far as anything leads to them: the verifier refuses what nothing leads to. `reached`: the program goes on into them. */
  answers(reached: boolean): void {
    const { yes, no } = this.waiting;
    const [usual, other] = this.verdict ? [yes, no] : [no, yes];
    if (reached || usual.length > 0) {
      this.land(usual.splice(0));
      this.emit(BPF.MOV32_IMM, R.result, 0, this.verdict ? 1 : 0);
    }
    this.land(other.splice(0));
    this.emit(BPF.EXIT, 0);
  }

  bytes(): Uint8Array {
    return new Uint8Array(new Uint32Array(this.words).buffer);
  }
}

/** Minor numbers with one verdict: one compare for a number, two for a row of three and more. */
function minors(program: Program, allow: boolean, numbers: number[]): void {
  numbers.sort((a, b) => a - b);
  const below: number[] = [];
  for (let start = 0, end = 0; start < numbers.length; start = end) {
    const first = numbers[start] ?? 0;
    while (numbers[end] === first + end - start) end++;
    if (first !== 0 && end - start < 3) {
      end = start + 1;
      program.decide(allow, BPF.JEQ32, R.minor, first);
      continue;
    }
    // all numbers to come are greater still
    if (first !== 0) below.push(program.jump(BPF.JLT32, R.minor, first));
    program.decide(allow, BPF.JLE32, R.minor, first + end - start - 1);
  }
  program.land(below);
}

/** Turns a list, latest rule first, into instructions. */
class Compiler {
  private readonly program: Program;
  private readonly list: readonly FilterRule[];
  /** Rules about some accesses only that are still to come. */
  private some: number;

  constructor(program: Program, list: readonly FilterRule[]) {
    this.program = program;
    this.list = list;
    this.some = list.filter(({ access }) => access !== ALL).length;
  }

  compile(): void {
    for (let start = 0, end = 0; start < this.list.length; start = end) {
      const allow = this.list[start]?.allow;
      while (end < this.list.length && this.list[end]?.allow === allow) end++;
      this.run(this.list.slice(start, end));
    }
  }

  /** Rules with one verdict, in whatever order: sorted, those about the same type and major number come together. */
  private run(rules: FilterRule[]): void {
    rules.sort((a, b) => a.type - b.type || a.major - b.major);
    for (let start = 0, end = 0; start < rules.length; start = end) {
      const first = rules[start];
      while (end < rules.length && end - start < BLOCK && rules[end]?.type === first?.type) end++;
      this.type(rules.slice(start, end));
      if (this.program.far) this.program.island();
    }
  }

  /** Rules with one verdict and type. */
  private type(rules: readonly FilterRule[]): void {
    const [first] = rules;
    if (first === undefined) return;
    const { allow, type } = first;
    if (rules.some(({ major, minor, access }) => major === -1 && minor === -1 && access === ALL)) {
      this.program.decide(allow, BPF.JEQ32, R.type, type);
      return;
    }
    const past = type === -1 ? [] : [this.program.jump(BPF.JNE32, R.type, type)];
    for (let start = 0, end = 0; start < rules.length; start = end) {
      const major = rules[start]?.major ?? -1;
      while (end < rules.length && rules[end]?.major === major) end++;
      this.major(rules.slice(start, end), allow, major);
    }
    this.program.land(past);
  }

  /** Rules with one verdict, type and major number. */
  private major(rules: readonly FilterRule[], allow: boolean, major: number): void {
    const whole = rules.filter(({ access }) => access === ALL).map(({ minor }) => minor);
    if (whole.includes(-1)) {
      this.program.decide(allow, BPF.JEQ32, R.major, major);
      return;
    }
    const past = major === -1 ? [] : [this.program.jump(BPF.JNE32, R.major, major)];
    for (const rule of rules) {
      if (rule.access === ALL) continue;
      const skip = rule.minor === -1 ? [] : [this.program.jump(BPF.JNE32, R.minor, rule.minor)];
      this.accesses(rule);
      this.program.land(skip);
    }
    minors(this.program, allow, whole);
    this.program.land(past);
  }

  /**
   * A rule about some accesses only. Allowed ones are settled, and the answer is yes once none is left; one that is denied is a no.
   */
  private accesses({ allow, access }: FilterRule): void {
    this.some--;
    if (!allow) {
      this.program.decide(false, BPF.JSET32, R.access, access);
    } else if (this.some === 0 && (access & (access - 1)) === 0) {
      // the rules to come are about every access: none looks at what is settled
      this.program.decide(true, BPF.JEQ32, R.access, access);
    } else {
      this.program.emit(BPF.AND32_IMM, R.access, 0, ALL & ~access);
      this.program.decide(true, BPF.JEQ32, R.access, 0);
    }
  }
}

/** The program for a complete list of rules; null when it allows everything. Without `search` it may be longer than needed. */
export function compileDeviceRules(rules: readonly FilterRule[], search = rules.length <= SEARCHED): Uint8Array | null {
  const list = search ? effective(rules) : cut(rules);
  const verdict = isEverything(list.at(-1)) && list.at(-1)?.allow === true;
  // what says the same as the end does
  while (list.at(-1)?.allow === verdict) list.pop();
  if (list.length === 0 && verdict) return null;
  const program = new Program(verdict);
  if (list.length > 0) {
    program.emit(BPF.MOV32_IMM, R.result, 0, verdict ? 0 : 1);
    for (const { register, load, offset, used } of FIELDS) {
      if (list.some(used)) program.emit(load, (R.context << 4) | register, offset);
    }
    new Compiler(program, list).compile();
  }
  program.answers(true);
  return program.bytes();
}
