/** `cpus` and `mems` of `linux.resources.cpu` as files of the cpuset controller. Empty texts ask for nothing. */
import type { Cpu } from '../../spec/types.js';
import type { CgroupWrite } from '../plan.js';

const controller = 'cpuset';

export function cpusetWrites(cpu: Cpu): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpu.cpus) writes.push({ file: 'cpuset.cpus', value: cpu.cpus, controller, pointer: '/linux/resources/cpu/cpus' });
  if (cpu.mems) writes.push({ file: 'cpuset.mems', value: cpu.mems, controller, pointer: '/linux/resources/cpu/mems' });
  return writes;
}
