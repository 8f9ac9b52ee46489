import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import { absolute } from './paths.js';
import type { Cwd } from './paths.js';

/** The whole of the initial user namespace's map, user_namespaces(7). */
const initialMap = /^\s*0\s+0\s+4294967295\s*$/;

/**
 * Whether the state belongs below $XDG_RUNTIME_DIR: for everyone but root, and for the root of a user namespace unless USER
 * says that it means to be root.
 */
function isUser(variable: (name: string) => string | undefined): boolean {
  if (native().identity().euid !== 0) return true;
  const user = variable('USER');
  if (user === 'root') return false;
  return !initialMap.test(native().readFile('/proc/self/uid_map', 4096));
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path.charAt(end - 1) === '/') end--;
  return path.slice(0, end);
}

/** Whether a path is `/`, also by way of `.` and `..`. */
function isTop(path: string): boolean {
  for (const part of path.split('/')) {
    if (part !== '' && part !== '.' && part !== '..') return false;
  }
  return true;
}

/** Where the state of containers is: what --root says, or the default. Absolute. */
export function stateRoot(given: string | undefined, cwd: Cwd, variable: (name: string) => string | undefined): string {
  if (given !== undefined) {
    const path = withoutSlashes(absolute(given, cwd));
    if (isTop(path)) throw new TsrunError(`--root must not be "${given}": it would be made private and filled with state`);
    return path;
  }
  const runtime = variable('XDG_RUNTIME_DIR');
  return runtime !== undefined && runtime !== '' && isUser(variable) ? `${runtime}/tsrun` : '/run/tsrun';
}
