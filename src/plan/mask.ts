import type { Range } from '../spec/ranges.js';

/** Bits of a word of a mask: an `unsigned long` of the machines that there are programs for. */
const WORD = 64n;

/** The numbers in `ranges` as the kernel takes a set: bit n for n, in words of 64 bits, each a decimal number. */
export function maskOf(ranges: readonly Range[]): readonly string[] {
  const words: bigint[] = [];
  for (const [first, last] of ranges) {
    for (let at = BigInt(first) / WORD; at <= BigInt(last) / WORD; at++) {
      while (BigInt(words.length) <= at) words.push(0n);
      const from = at * WORD > BigInt(first) ? 0n : BigInt(first) % WORD;
      const to = (at + 1n) * WORD <= BigInt(last) ? WORD - 1n : BigInt(last) % WORD;
      words[Number(at)] = (words[Number(at)] ?? 0n) | ((1n << (to + 1n)) - (1n << from));
    }
  }
  return words.map(String);
}
