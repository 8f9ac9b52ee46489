/** `linux.resources.blockIO` as files of the io controller (Documentation/admin-guide/cgroup-v2.rst, "IO"). */
import { append } from '../../append.js';
import type { BlockIO, ThrottleDevice } from '../../spec/types.js';
import type { CgroupWrite } from '../plan.js';
import { given, limit } from './value.js';

const at = '/linux/resources/blockIO';
const controller = 'io';

/** blkio weight (10 to 1000) as io.weight (1 to 10000): linear. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** The BFQ scheduler's file takes the number as it is; without BFQ the cost model's file has its own range. */
function weightWrite(weight: number, device: string, pointer: string): CgroupWrite {
  const value = `${device}${weight}`;
  return { file: 'io.bfq.weight', value, controller, pointer, instead: { file: 'io.weight', value: `${device}${ioWeight(weight)}` } };
}

function throttleWrites(devices: readonly ThrottleDevice[] | undefined, key: string, name: string): CgroupWrite[] {
  return (devices ?? []).flatMap((device, index) => {
    if (device.rate === undefined) return [];
    const pointer = `${at}/${name}/${index}`;
    // as under cgroup v1, rate 0 lifts the limit; io.max itself refuses 0
    const rate = given(device.rate) ? limit(device.rate, `${pointer}/rate`) : 'max';
    return [{ file: 'io.max', value: `${device.major}:${device.minor} ${key}=${rate}`, controller, pointer }];
  });
}

export function ioWrites(io: BlockIO): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (given(io.weight)) writes.push(weightWrite(io.weight, '', `${at}/weight`));
  for (const [index, device] of (io.weightDevice ?? []).entries()) {
    if (given(device.weight)) writes.push(weightWrite(device.weight, `${device.major}:${device.minor} `, `${at}/weightDevice/${index}`));
  }
  append(writes, throttleWrites(io.throttleReadBpsDevice, 'rbps', 'throttleReadBpsDevice'));
  append(writes, throttleWrites(io.throttleWriteBpsDevice, 'wbps', 'throttleWriteBpsDevice'));
  append(writes, throttleWrites(io.throttleReadIOPSDevice, 'riops', 'throttleReadIOPSDevice'));
  append(writes, throttleWrites(io.throttleWriteIOPSDevice, 'wiops', 'throttleWriteIOPSDevice'));
  return writes;
}
