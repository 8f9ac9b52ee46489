/** Sets of processors and memory nodes as the kernel writes them: `0-3,7` (man 7 cpuset, "List format"). */

/** First and last number, both in it. */
export type Range = readonly [first: number, last: number];

/** More than any kernel is built for (NR_CPUS, MAX_NUMNODES), and little enough to be one short mask. */
const LARGEST = 65536;

/**
 * The ranges of a list, in order and with gaps between; blanks around numbers and extra commas are let pass, as by runc.
 * @returns in place of them what is wrong with the list, in words; an empty text has no ranges
 */
export function parseRanges(text: string): readonly Range[] | string {
  const ranges: Range[] = [];
  for (const part of text.split(',')) {
    const range = part.trim();
    if (range === '') continue;
    const match = /^([0-9]+)(?:-([0-9]+))?$/.exec(range);
    if (match === null) return 'must be numbers and ranges as "0-3,7"';
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last > LARGEST || first > LARGEST) return `has more than ${LARGEST}`;
    if (first > last) return `has a range that ends before it begins`;
    ranges.push([first, last]);
  }
  if (ranges.length === 0 && text !== '') return 'has no numbers';
  return merged(ranges);
}

function merged(ranges: Range[]): readonly Range[] {
  const result: Range[] = [];
  for (const [first, last] of ranges.sort((a, b) => a[0] - b[0])) {
    const before = result[result.length - 1];
    if (before !== undefined && first <= before[1] + 1) result[result.length - 1] = [before[0], Math.max(before[1], last)];
    else result.push([first, last]);
  }
  return result;
}

/** How many numbers are in them. */
export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((count, [first, last]) => count + last - first + 1, 0);
}
