/** `io.stat` and `io.pressure`. */
import type { CgroupFiles } from './files.js';
import { given, toPairs } from './files.js';
import { readPressure } from './pressure.js';
import type { IoDevice, IoStatistics } from './types.js';

export function readIo(files: CgroupFiles): IoStatistics | undefined {
  if (!files.has('io.stat')) return undefined;
  const devices: IoDevice[] = [];
  for (const words of files.lines('io.stat')) {
    const device = toDevice(words);
    if (device !== null) devices.push(device);
  }
  return { devices, ...given('pressure', readPressure(files, 'io.pressure')) };
}

/** A line of nested keys, `8:0 rbytes=1 wbytes=2 ...`; null for a device of which nothing is counted. */
function toDevice(words: readonly string[]): IoDevice | null {
  const pairs = toPairs(words);
  // Linux before 5.15 writes several idle devices before one that has numbers: the last is theirs
  const match = words.map((word) => /^(\d+):(\d+)$/.exec(word)).findLast((found) => found !== null);
  if (match === undefined || pairs.size === 0) return null;
  const value = (name: string): number => Number(pairs.get(name) ?? 0);
  return {
    major: Number(match[1]),
    minor: Number(match[2]),
    rbytes: value('rbytes'),
    wbytes: value('wbytes'),
    dbytes: value('dbytes'),
    rios: value('rios'),
    wios: value('wios'),
    dios: value('dios'),
  };
}
