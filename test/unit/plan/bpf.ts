/** A plain interpreter for the few eBPF instructions of the device filter; it refuses what the verifier would refuse. */
export function runBpf(
  bytes: Uint8Array,
  context: { readonly type: number; readonly access: number; readonly major: number; readonly minor: number },
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength / 8;
  const memory = [context.type | (context.access << 16), context.major, context.minor];
  const registers: (number | undefined)[] = Array.from({ length: 11 });
  const read = (register: number): number => {
    const value = registers[register];
    if (value === undefined) throw new Error(`r${register} is read before it is written`);
    return value;
  };
  for (let at = 0; at < length; at++) {
    const op = view.getUint8(at * 8);
    const destination = view.getUint8(at * 8 + 1) & 15;
    const source = view.getUint8(at * 8 + 1) >> 4;
    const offset = view.getInt16(at * 8 + 2, true);
    const imm = view.getInt32(at * 8 + 4, true);
    const jump = (condition: boolean) => {
      if (offset < 0) throw new Error('a jump back');
      if (condition) at += offset;
    };
    if (op === 0x61) {
      const value = source === 1 ? memory[offset / 4] : undefined;
      if (value === undefined) throw new Error(`load of r${source}+${offset}`);
      registers[destination] = value >>> 0;
    } else if (op === 0xb4) registers[destination] = imm >>> 0;
    else if (op === 0xbf) registers[destination] = read(source);
    else if (op === 0x54) registers[destination] = (read(destination) & imm) >>> 0;
    else if (op === 0x74) registers[destination] = read(destination) >>> imm;
    else if (op === 0x05) jump(true);
    else if (op === 0x16) jump(read(destination) === imm >>> 0);
    else if (op === 0x56) jump(read(destination) !== imm >>> 0);
    else if (op === 0x46) jump((read(destination) & imm) !== 0);
    else if (op === 0x95) return read(0);
    else throw new Error(`instruction ${op.toString(16)}`);
  }
  throw new Error('ran past the end');
}

/** Instructions that no path from the first one leads to: the verifier refuses a program that has any. */
export function unreachable(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength / 8;
  const seen = new Set<number>();
  const pending = [0];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (at >= length) throw new Error('a jump past the end');
    if (seen.has(at)) continue;
    seen.add(at);
    const op = view.getUint8(at * 8);
    const target = at + 1 + view.getInt16(at * 8 + 2, true);
    if (op === 0x95) continue;
    if (op === 0x05) pending.push(target);
    else if (op === 0x16 || op === 0x56 || op === 0x46) pending.push(at + 1, target);
    else pending.push(at + 1);
  }
  return Array.from({ length }, (_, at) => at).filter((at) => !seen.has(at));
}
