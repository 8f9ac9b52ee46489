import type { Load } from '../../lifecycle/rates.js';

/** Samples that are remembered: more than a terminal has columns. */
const LONGEST = 600;

type Values = (number | null)[];

function add(values: Values, value: number | null): void {
  values.push(value);
  if (values.length > LONGEST) values.shift();
}

/** The highest of the three pressures; null when none is known. */
export function highestPressure({ pressure }: Load): number | null {
  const { cpu, memory, io } = pressure;
  return cpu === null && memory === null && io === null ? null : Math.max(cpu ?? 0, memory ?? 0, io ?? 0);
}

/** Bytes read and written a second. */
export function ioRate({ io }: Load): number | null {
  const [read, write] = [io?.read ?? null, io?.write ?? null];
  return read === null || write === null ? null : read + write;
}

/** What one container has used, oldest first: a value a sample. */
export class History {
  readonly cpu: Values = [];
  readonly memory: Values = [];
  readonly io: Values = [];
  readonly pressure: Values = [];
  last: Load;

  constructor(load: Load) {
    this.last = load;
    this.add(load);
  }

  add(load: Load): void {
    this.last = load;
    add(this.cpu, load.cpu?.percent ?? null);
    add(this.memory, load.memory?.usage ?? null);
    add(this.io, ioRate(load));
    add(this.pressure, highestPressure(load));
  }
}

/** Adds a sample to what is known, and forgets who is gone but for `kept`. */
export function remember(histories: Map<string, History>, loads: readonly Load[], kept: string | null): void {
  const present = new Set<string>();
  for (const load of loads) {
    present.add(load.id);
    const history = histories.get(load.id);
    if (history === undefined) histories.set(load.id, new History(load));
    else history.add(load);
  }
  for (const id of [...histories.keys()]) {
    if (!present.has(id) && id !== kept) histories.delete(id);
  }
}
