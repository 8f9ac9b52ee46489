/** Controllers of a cgroup's children: `cgroup.subtree_control`. */
import { isSystemError, TsrunError } from '../errors.js';
import { native } from '../native.js';

const LIST_MAX = 4096;

/** Why the kernel refuses, where errno alone does not say it. */
const REASONS: Readonly<Record<string, string>> = {
  EBUSY: 'this cgroup has processes of its own, and only one without can have controllers for those below it',
  EOPNOTSUPP: 'this cgroup is threaded, and the controller is not made for that',
  ENOENT: 'this cgroup does not have it itself',
};

function enable(path: string, controllers: readonly string[]): void {
  native().writeFile(`${path}/cgroup.subtree_control`, controllers.map((name) => `+${name}`).join(' '));
}

/**
 * Gives the children of the cgroup at `path` the `controllers`; those not in `needed` only as far as the kernel lets us.
 * Nothing is written when all are there: a caller who may not write then needs not.
 */
export function enableControllers(path: string, controllers: readonly string[], needed: ReadonlySet<string>): void {
  const enabled = new Set(native().readFile(`${path}/cgroup.subtree_control`, LIST_MAX).split(/\s+/));
  const missing = controllers.filter((name) => !enabled.has(name));
  if (missing.length === 0) return;
  try {
    enable(path, missing);
    return;
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
  for (const name of missing) {
    try {
      enable(path, [name]);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (!needed.has(name)) continue;
      const reason = REASONS[error.code];
      throw new TsrunError(`enable the "${name}" controller below ${path}: ${error.message}${reason ? ` (${reason})` : ''}`, {
        cause: error,
      });
    }
  }
}
