import { describe, expect, it } from 'vitest';

import { maskOf } from '../../../src/plan/mask.js';
import { countOf, parseRanges, type Range } from '../../../src/spec/ranges.js';

const ranges = (text: string): readonly Range[] => {
  const parsed = parseRanges(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

describe('a list of numbers', () => {
  it.each<[string, readonly Range[]]>([
    ['', []],
    ['0', [[0, 0]]],
    ['0-3,7', [[0, 3], [7, 7]]], // prettier-ignore
    [' 7 , ,0-3,', [[0, 3], [7, 7]]], // prettier-ignore
    ['2,1,0', [[0, 2]]],
    ['0-5,2-3,4-9', [[0, 9]]],
    ['65536', [[65536, 65536]]],
  ])('%j', (text, expected) => {
    expect(ranges(text)).toEqual(expected);
  });

  it.each([
    ['x', 'must be numbers and ranges as "0-3,7"'],
    ['-1', 'must be numbers and ranges as "0-3,7"'],
    ['0-', 'must be numbers and ranges as "0-3,7"'],
    ['0 - 1', 'must be numbers and ranges as "0-3,7"'],
    ['0-3:1/2', 'must be numbers and ranges as "0-3,7"'],
    ['3-1', 'has a range that ends before it begins'],
    ['65537', 'has more than 65536'],
    ['0-9876543210', 'has more than 65536'],
    ['9'.repeat(400), 'has more than 65536'],
    [',', 'has no numbers'],
    [' ', 'has no numbers'],
  ])('%j is none', (text, problem) => {
    expect(parseRanges(text)).toBe(problem);
  });

  it('counts each number once', () => {
    expect(countOf(ranges('0-7,3,5-9'))).toBe(10);
    expect(countOf(ranges(''))).toBe(0);
  });

  it('of a million ranges is read in a moment', () => {
    expect(countOf(ranges('0-65536,'.repeat(1_000_000)))).toBe(65537);
  });
});

describe('as a mask', () => {
  /** The numbers in it. */
  const numbers = (words: readonly string[]): number[] =>
    words.flatMap((word, at) => Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((BigInt(word) >> BigInt(bit)) & 1n) === 1n).map((bit) => at * 64 + bit)); // prettier-ignore

  it('has bit n for number n, in words of 64 bits', () => {
    expect(maskOf(ranges(''))).toEqual([]);
    expect(maskOf(ranges('0,2'))).toEqual(['5']);
    expect(maskOf(ranges('63'))).toEqual([String(2n ** 63n)]);
    expect(maskOf(ranges('0-63'))).toEqual([String(2n ** 64n - 1n)]);
    expect(maskOf(ranges('64'))).toEqual(['0', '1']);
    expect(maskOf(ranges('65536'))).toHaveLength(1025);
  });

  it('across words', () => {
    const expected = [3, ...Array.from({ length: 140 }, (_, index) => 60 + index), 256];
    expect(numbers(maskOf(ranges('3,60-199,256')))).toEqual(expected);
  });
});
