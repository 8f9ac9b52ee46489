/** `linux.resources.hugepageLimits` as files of the hugetlb controller: the pages in use and the pages reserved. */
import { TsrunError } from '../../errors.js';
import type { HugepageLimit } from '../../spec/types.js';
import type { CgroupWrite } from '../plan.js';
import { limit } from './value.js';

const controller = 'hugetlb';

export function hugetlbWrites(limits: readonly HugepageLimit[]): CgroupWrite[] {
  return limits.flatMap(({ pageSize, limit: bytes }, index) => {
    const pointer = `/linux/resources/hugepageLimits/${index}`;
    // becomes part of a file name
    if (!/^[1-9][0-9]*[KMG]B$/.test(pageSize)) {
      throw new TsrunError(`${pointer}/pageSize: must be a size like 2MB, is ${JSON.stringify(pageSize)}`);
    }
    const value = limit(bytes, `${pointer}/limit`);
    return ['max', 'rsvd.max'].map((name) => ({ file: `hugetlb.${pageSize}.${name}`, value, controller, pointer }));
  });
}
