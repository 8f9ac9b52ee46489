/** Durations as Go writes and reads them: `5s`, `1m30s`, `100ms`, `1.5h`. */

/** Milliseconds of each unit; µ is there with both of its characters. */
const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What a signed 64-bit number of nanoseconds can say. */
const LONGEST = 2 ** 63 / 1e6;

/** Milliseconds, negative ones too. Throws an Error in the words of Go's time package. */
export function parseDuration(text: string): number {
  const invalid = (): never => {
    throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  };
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  if (rest === '') return invalid();
  const part = /(\d+\.?\d*|\.\d+)([^\d.]*)/y;
  let sum = 0;
  while (part.lastIndex < rest.length) {
    const match = part.exec(rest);
    if (match === null) return invalid();
    const [, number = '', unit = ''] = match;
    if (unit === '') throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`);
    const milliseconds = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (milliseconds === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    sum += Number(number) * milliseconds;
  }
  if (!(sum < LONGEST)) return invalid();
  return sign === '-' ? -sum : sum;
}
