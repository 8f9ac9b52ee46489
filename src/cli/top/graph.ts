/** Histories as characters: a row is one line high, a graph several; the newest value is on the right. */

/** What values are drawn with, from nothing to all of a character's height; and the other marks of the view. */
export interface Glyphs {
  readonly levels: string;
  readonly cut: string;
  readonly up: string;
  readonly down: string;
  /** Below a graph. */
  readonly base: string;
}

export const unicode: Glyphs = { levels: ' ▁▂▃▄▅▆▇█', cut: '…', up: '▲', down: '▼', base: '─' };
export const ascii: Glyphs = { levels: ' .:=#', cut: '~', up: '^', down: 'v', base: '-' };

/** Whether the terminal shows what is not ASCII: by the locale, as programs in C see it, and by the kernel's console not having the characters. */
export function glyphsFor(variable: (name: string) => string | undefined): Glyphs {
  // the first that is set and not empty counts (man 7 locale)
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map(variable).find((value) => value !== undefined && value !== '') ?? '';
  return /utf-?8/i.test(locale) && variable('TERM') !== 'linux' ? unicode : ascii;
}

/** The last `width` of the values, with nothing before the first. */
function window(values: readonly (number | null)[], width: number): (number | null)[] {
  const last = values.slice(Math.max(0, values.length - width));
  return [...new Array<null>(Math.max(0, width - last.length)).fill(null), ...last];
}

/** How high a value stands, in steps; whatever is more than nothing is seen. */
function steps(value: number | null, max: number, all: number): number {
  if (value === null || value <= 0 || max <= 0) return 0;
  return Math.min(all, Math.max(1, Math.round((value / max) * all)));
}

/** One line of `width` characters; `max` is a full character. */
export function spark(values: readonly (number | null)[], width: number, max: number, glyphs: Glyphs): string {
  return graph(values, width, 1, max, glyphs)[0] ?? '';
}

/** `height` lines of `width` characters, the top one first. */
export function graph(values: readonly (number | null)[], width: number, height: number, max: number, glyphs: Glyphs): string[] {
  const { levels } = glyphs;
  const full = levels.length - 1;
  const heights = window(values, width).map((value) => steps(value, max, height * full));
  const lines: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    let line = '';
    for (const steps of heights) line += levels.charAt(Math.min(full, Math.max(0, steps - row * full)));
    lines.push(line);
  }
  return lines;
}

/** The largest of the last `width` values, at least `least`. */
export function largest(values: readonly (number | null)[], width: number, least: number): number {
  let max = least;
  for (let at = Math.max(0, values.length - width); at < values.length; at++) max = Math.max(max, values[at] ?? 0);
  return max;
}
