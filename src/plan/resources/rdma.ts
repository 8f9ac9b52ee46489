/** `linux.resources.rdma` as lines of the rdma controller's `rdma.max`, one a device. */
import { TsrunError } from '../../errors.js';
import type { Rdma } from '../../spec/types.js';
import type { CgroupWrite } from '../plan.js';
import { pointerPart } from './value.js';

export function rdmaWrites(devices: Readonly<Record<string, Rdma>>): CgroupWrite[] {
  return Object.entries(devices).map(([device, { hcaHandles, hcaObjects }]) => {
    const pointer = `/linux/resources/rdma/${pointerPart(device)}`;
    // the kernel splits the line at white space
    if (!/^[\x21-\x7e]+$/.test(device)) throw new TsrunError(`${pointer}: is not a device name`);
    const values: string[] = [];
    if (hcaHandles !== undefined) values.push(`hca_handle=${hcaHandles}`);
    if (hcaObjects !== undefined) values.push(`hca_object=${hcaObjects}`);
    if (values.length === 0) throw new TsrunError(`${pointer}: needs hcaHandles or hcaObjects`);
    return { file: 'rdma.max', value: `${device} ${values.join(' ')}`, controller: 'rdma', pointer };
  });
}
