/** Changes the limits of a cgroup that is in use: all of them, or none. */
import { isSystemError } from '../errors.js';
import { native } from '../native.js';
import type { CgroupWrite } from '../plan/plan.js';
import { checkUsage, put } from './write.js';

/** One value that puts a file back. */
interface Restore {
  readonly file: string;
  readonly value: string;
}

/** Room for the lines of thousands of devices. */
const LARGEST = 1 << 20;

/** Files with a line a key, and what they take for a key that has no line. */
const KEYED: Readonly<Record<string, ((key: string) => string) | undefined>> = {
  'io.max': (key) => `${key} rbps=max wbps=max riops=max wiops=max`,
  'io.weight': (key) => `${key} default`,
  'io.bfq.weight': (key) => `${key} default`,
  'io.latency': (key) => `${key} target=0`,
  'rdma.max': undefined,
  'misc.max': undefined,
};

/** Lists of processors and memory nodes; empty: all that the parent has. */
const LISTS: ReadonlySet<string> = new Set(['cpuset.cpus', 'cpuset.mems']);

/**
 * What to write to `file`, which holds `text`, to take back that `value` was written to it; null when that cannot be said. A file
 * that takes other than it shows is not known: what cgroup v2 shows of a limit, it also takes.
 */
export function takeBack(file: string, value: string, text: string): string | null {
  const lines = text.split('\n').filter((line) => line !== '');
  if (file in KEYED) {
    const [key = ''] = value.includes(' ') ? value.split(' ') : ['default'];
    const line = lines.find((each) => each.startsWith(`${key} `)) ?? (lines.length === 1 && key === 'default' ? lines[0] : undefined);
    return line ?? KEYED[file]?.(key) ?? null;
  }
  // an empty list, of processors
  return lines.length > 1 ? null : (lines[0] ?? '\n');
}

function read(path: string, file: string): string | null {
  try {
    return native().readFile(`${path}/${file}`, LARGEST);
  } catch (error) {
    // not there, or only to be written
    if (isSystemError(error)) return null;
    throw error;
  }
}

/** What takes a write back, to be written in this order, each as far as the kernel lets us. */
function restoring(path: string, { file, value }: Restore): Restore[] {
  const text = read(path, file);
  const back = text === null ? null : takeBack(file, value, text);
  if (back === null) return [];
  const restores = [{ file, value: back }];
  // with idleness goes the weight, and comes the default one
  const weight = file === 'cpu.idle' ? read(path, 'cpu.weight') : null;
  if (weight !== null) restores.push({ file: 'cpu.weight', value: weight.trim() });
  // no longer empty once there are processes (kernel/cgroup/cpuset.c, validate_change): then what the empty list stood for
  const stood = back === '\n' && LISTS.has(file) ? read(path, `${file}.effective`) : null;
  if (stood !== null) restores.unshift({ file, value: stood.trim() });
  return restores;
}

/**
 * Writes in the order given. Throws when a usage forbids it, before anything is written, and when the kernel refuses: what was
 * written is taken back then.
 *
 * @returns takes all of it back; never throws
 */
export function changeResources(path: string, writes: readonly CgroupWrite[]): () => void {
  const done: Restore[][] = [];
  const undo = (): void => {
    for (let restores = done.pop(); restores !== undefined; restores = done.pop()) {
      for (const { file, value } of restores) {
        try {
          native().writeFile(`${path}/${file}`, value);
        } catch {
          // the others may still go back
        }
      }
    }
  };
  for (const write of writes) checkUsage(path, write);
  try {
    for (const write of writes) {
      const before = [write, ...(write.instead === undefined ? [] : [write.instead])].map((each) => restoring(path, each));
      const written = put(path, write);
      const at = written === null ? -1 : written === write.file ? 0 : 1;
      const restores = before[at];
      if (restores !== undefined) done.push(restores);
    }
  } catch (error) {
    undo();
    throw error;
  }
  return undo;
}
