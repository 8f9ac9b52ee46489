/** The files of one cgroup, in the formats that the kernel has for them (Documentation/admin-guide/cgroup-v2.rst, "Format"). */
import { isSystemError } from '../../errors.js';
import { native } from '../../native.js';

/** memory.stat and io.stat with hundreds of devices. */
const FILE_MAX = 1 << 20;

export class CgroupFiles {
  readonly names: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #path: string;

  /** Throws ENOENT when there is no such cgroup. */
  constructor(path: string) {
    this.#path = path;
    this.names = native().readDirectory(path);
    this.#names = new Set(this.names);
  }

  has(file: string): boolean {
    return this.#names.has(file);
  }

  /** Throws ENOENT or ENODEV when the cgroup has gone meanwhile. */
  text(file: string): string {
    return native().readFile(`${this.#path}/${file}`, FILE_MAX);
  }

  /** Undefined where the file is missing, or the kernel counts nothing although there is one. */
  textIf(file: string): string | undefined {
    if (!this.has(file)) return undefined;
    try {
      return this.text(file);
    } catch (error) {
      // pressure files with psi=0 on the kernel's command line
      if (isSystemError(error, 'EOPNOTSUPP')) return undefined;
      throw error;
    }
  }

  number(file: string): number {
    return Number(this.text(file));
  }

  numberIf(file: string): number | undefined {
    return this.has(file) ? this.number(file) : undefined;
  }

  /** `max` or a number. */
  limit(file: string): number | null {
    return toLimit(this.text(file));
  }

  /** Flat keyed: a key and a number in each line. Nothing where the file is missing. */
  counts(file: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [key, value = ''] of this.lines(file)) counts[key] = Number(value);
    return counts;
  }

  /** The words of each line that has some; none where the file is missing. */
  lines(file: string): [string, ...string[]][] {
    const lines: [string, ...string[]][] = [];
    if (!this.has(file)) return lines;
    for (const line of this.text(file).split('\n')) {
      const [first = '', ...rest] = line.trim().split(/\s+/);
      if (first !== '') lines.push([first, ...rest]);
    }
    return lines;
  }
}

/** `max` is null. */
export function toLimit(text: string): number | null {
  const value = text.trim();
  return value === 'max' ? null : Number(value);
}

/** `KEY=VALUE` words; others are left out. */
export function toPairs(words: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    if (at > 0) pairs.set(word.slice(0, at), word.slice(at + 1));
  }
  return pairs;
}

/** Adds `name` to an object only where it has a value. */
export function given<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}
