/** A plain interpreter for the few eBPF instructions of the device filter; it refuses what the verifier would refuse. */

/** struct bpf_cgroup_dev_ctx, with its first word's halves apart. */
export interface DeviceAccess {
  readonly type: number;
  readonly access: number;
  readonly major: number;
  readonly minor: number;
}

interface Instruction {
  readonly op: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly imm: number;
}

const JEQ = 0x16;
const JNE = 0x56;
const JSET = 0x46;
const JLT = 0xa6;
const JLE = 0xb6;
const LOAD_HALF = 0x69;
const LOAD_WORD = 0x61;
const MOVE = 0xb4;
const AND = 0x54;
const JUMP = 0x05;
const EXIT = 0x95;

export function decodeBpf(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 8 }, (_, at) => ({
    op: view.getUint8(at * 8),
    destination: view.getUint8(at * 8 + 1) & 15,
    source: view.getUint8(at * 8 + 1) >> 4,
    offset: view.getInt16(at * 8 + 2, true),
    imm: view.getUint32(at * 8 + 4, true),
  }));
}

/** What a load finds; the kernel allows aligned halves of the first word, and whole others. */
function field({ op, source, offset }: Instruction, { type, access, major, minor }: DeviceAccess): number {
  if (source === 1 && op === LOAD_HALF) {
    if (offset === 0) return type;
    if (offset === 2) return access;
  } else if (source === 1) {
    if (offset === 0) return (type | (access << 16)) >>> 0;
    if (offset === 4) return major;
    if (offset === 8) return minor;
  }
  throw new Error(`load ${op.toString(16)} of r${source}+${offset}`);
}

function isJump(op: number): boolean {
  return op === JUMP || op === JEQ || op === JNE || op === JSET || op === JLT || op === JLE;
}

/** All compare 32 bits, unsigned. */
function jumps(op: number, value: number, imm: number): boolean {
  switch (op) {
    case JEQ:
      return value === imm;
    case JNE:
      return value !== imm;
    case JSET:
      return (value & imm) !== 0;
    case JLT:
      return value < imm;
    case JLE:
      return value <= imm;
    default:
      return true;
  }
}

/** The program's answer, in r0. */
export function runBpf(program: readonly Instruction[], context: DeviceAccess): number {
  const registers: (number | undefined)[] = [];
  const read = (register: number): number => {
    const value = registers[register];
    if (value === undefined) throw new Error(`r${register} is read before it is written`);
    return value;
  };
  for (let at = 0; at < program.length; at++) {
    const instruction = program[at];
    if (instruction === undefined) break;
    const { op, destination, imm } = instruction;
    if (op === EXIT) return read(0);
    if (isJump(op)) at += jumps(op, op === JUMP ? 0 : read(destination), imm) ? instruction.offset : 0;
    else if (op === LOAD_WORD || op === LOAD_HALF) registers[destination] = field(instruction, context);
    else if (op === MOVE) registers[destination] = imm;
    else if (op === AND) registers[destination] = (read(destination) & imm) >>> 0;
    else throw new Error(`instruction ${op.toString(16)}`);
  }
  throw new Error('ran past the end');
}

/** Instructions that no path from the first one leads to: the verifier refuses a program that has any. */
export function unreachable(program: readonly Instruction[]): number[] {
  const seen = new Set<number>();
  const pending = [0];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const instruction = program[at];
    if (instruction === undefined) throw new Error('a jump past the end');
    if (seen.has(at)) continue;
    seen.add(at);
    const { op, offset } = instruction;
    if (op === EXIT) continue;
    if (isJump(op)) {
      if (offset < 0) throw new Error('a jump back');
      pending.push(at + 1 + offset);
    }
    if (op !== JUMP) pending.push(at + 1);
  }
  return program.map((_, at) => at).filter((at) => !seen.has(at));
}
