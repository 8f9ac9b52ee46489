/** `linux.resources.unified`: files of the cgroup by name, written as given, a line at a time. */
import { TsrunError } from '../../errors.js';
import type { CgroupWrite } from '../plan.js';
import { pointerPart } from './value.js';

/** The core's files that act on processes instead of setting something. */
const ACTIONS = new Set(['cgroup.procs', 'cgroup.threads', 'cgroup.kill', 'cgroup.freeze', 'cgroup.type']);

export function unifiedWrites(files: Readonly<Record<string, string>>): CgroupWrite[] {
  return Object.entries(files).flatMap(([file, text]) => {
    const pointer = `/linux/resources/unified/${pointerPart(file)}`;
    if (file.includes('/') || file.includes('\0')) throw new TsrunError(`${pointer}: must be a file name (no slashes)`);
    const [controller = '', ...parameter] = file.split('.');
    if (controller === '' || parameter.join('') === '') throw new TsrunError(`${pointer}: must be in the form CONTROLLER.PARAMETER`);
    if (ACTIONS.has(file)) throw new TsrunError(`${pointer}: is not a resource`);
    if (text.includes('\0')) throw new TsrunError(`${pointer}: contains a NUL byte`);
    const lines = text.split('\n').filter((line) => line !== '');
    // an empty value resets some files (cpuset.cpus), but a write of no bytes never reaches the kernel's parser
    return (lines.length === 0 ? ['\n'] : lines).map((value) => ({
      file,
      value,
      controller: controller === 'cgroup' ? '' : controller,
      pointer,
    }));
  });
}
