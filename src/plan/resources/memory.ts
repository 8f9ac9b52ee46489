/** `linux.resources.memory` as files of the memory controller (Documentation/admin-guide/cgroup-v2.rst, "Memory"). */
import { TsrunError } from '../../errors.js';
import type { Integer, Memory } from '../../spec/types.js';
import type { CgroupWrite } from '../plan.js';
import { decimal, given, limit } from './value.js';

const at = '/linux/resources/memory';
const controller = 'memory';

/** `memory.swap.max` counts swap alone, the config memory and swap together. Empty: nothing to write. */
function swapOnly(memory: Memory): string {
  const pointer = `${at}/swap`;
  const total = given(memory.swap) ? limit(memory.swap, pointer) : '';
  const part = given(memory.limit) ? limit(memory.limit, `${at}/limit`) : '';
  // as under cgroup v1: no limit on memory lifts the one on both
  if (total === '') return part === 'max' ? 'max' : '';
  if (total === 'max' || part === 'max') return total;
  if (part === '') throw new TsrunError(`${pointer}: unable to set swap limit without memory limit`);
  if (BigInt(total) < BigInt(part)) {
    throw new TsrunError(`${pointer}: memory+swap limit should be >= memory limit, ${total} is below ${part}`);
  }
  return decimal(BigInt(total) - BigInt(part));
}

/** The usage that a smaller limit is refused for, with `checkBeforeUpdate`. */
function above(memory: Memory, value: Integer | undefined, what: string, files: readonly string[]): Pick<CgroupWrite, 'above'> {
  if (memory.checkBeforeUpdate !== true || !given(value) || value < 0) return {};
  return { above: { files, limit: decimal(value), what } };
}

/** Swap first: a smaller limit on memory must not push pages into swap that is about to be forbidden. */
export function memoryWrites(memory: Memory): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const swap = swapOnly(memory);
  if (swap !== '') {
    // a kernel without swap accounting has no such file; neither has it swap to give
    const tolerate = swap === 'max' || swap === '0' ? { tolerate: ['ENOENT'] } : {};
    const pointer = given(memory.swap) ? `${at}/swap` : `${at}/limit`;
    const check = above(memory, memory.swap, 'memory+swap', ['memory.current', 'memory.swap.current']);
    writes.push({ file: 'memory.swap.max', value: swap, controller, pointer, ...check, ...tolerate });
  }
  if (given(memory.limit)) {
    const pointer = `${at}/limit`;
    const check = above(memory, memory.limit, 'memory', ['memory.current']);
    writes.push({ file: 'memory.max', value: limit(memory.limit, pointer), controller, pointer, ...check });
  }
  if (given(memory.reservation)) {
    const pointer = `${at}/reservation`;
    writes.push({ file: 'memory.low', value: limit(memory.reservation, pointer), controller, pointer });
  }
  return writes;
}
