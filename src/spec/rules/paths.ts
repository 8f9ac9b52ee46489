import { each } from '../each.js';
import { cleanPath } from '../paths.js';
import { mustBeAbsolute, refuse, show } from '../problem.js';
import type { Linux } from '../types.js';

/** The lists of paths inside the container, and the cgroup's path. */
export function checkLinuxPaths(linux: Linux): void {
  each(linux.maskedPaths, (path, index) => {
    mustBeAbsolute(path, `/linux/maskedPaths/${index}`);
    if (cleanPath(path) === '/') refuse(`/linux/maskedPaths/${index}`, `must not be the root, is ${show(path)}`);
  });
  each(linux.readonlyPaths, (path, index) => mustBeAbsolute(path, `/linux/readonlyPaths/${index}`));
  const cgroup = linux.cgroupsPath ?? '';
  // Nothing of it may climb out of the tree it belongs to.
  if (cgroup.includes('..') && cgroup.split(/[/:]/).includes('..')) refuse('/linux/cgroupsPath', `must not have "..", is ${show(cgroup)}`);
  if (cgroup.includes('\n')) refuse('/linux/cgroupsPath', `must be one line, is ${show(cgroup)}`);
}
