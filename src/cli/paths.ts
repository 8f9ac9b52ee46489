import { TsrunError } from '../errors.js';

/** What a path is relative to: the user's working directory, null when it has been removed. */
export type Cwd = string | null;

/** The working directory, where it is needed. Throws TsrunError when there is none. */
export function standing(cwd: Cwd): string {
  if (cwd === null) throw new TsrunError('the working directory does not exist any more');
  return cwd;
}

/**
 * Makes a path the user gave absolute: the process itself no longer stands where the user stood. `..` is left to the
 * kernel, which knows about symlinks.
 */
export function absolute(path: string, cwd: Cwd): string {
  if (path.startsWith('/')) return path;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const base = standing(cwd);
  return parts.length === 0 ? base : `${base === '/' ? '' : base}/${parts.join('/')}`;
}
