/** Controllers of a cgroup's children: `cgroup.subtree_control`. */
import { isSystemError, TsrunError } from '../errors.js';
import { native } from '../native.js';

const LIST_MAX = 4096;

/** Controllers that know threads; the others are about whole processes (Documentation/admin-guide/cgroup-v2.rst, "Threads"). */
const THREADED = new Set(['cpu', 'cpuset', 'perf_event', 'pids']);

/** Why the kernel refuses, where errno alone does not say it. */
const REASONS: Readonly<Record<string, string>> = {
  EBUSY: 'this cgroup has processes of its own, and only one without can have this controller for those below it',
  EOPNOTSUPP: 'this cgroup is threaded, and the controller is not made for that',
  ENOENT: 'this cgroup does not have it itself',
};

function enable(path: string, controllers: readonly string[]): void {
  native().writeFile(`${path}/cgroup.subtree_control`, controllers.map((name) => `+${name}`).join(' '));
}

/** Those to try one by one, with what may change the most for others last. */
function attempts(missing: readonly string[], needed: ReadonlySet<string>, busy: boolean): string[] {
  const chosen = busy ? missing.filter((name) => needed.has(name)) : missing;
  return [...chosen.filter((name) => !THREADED.has(name)), ...chosen.filter((name) => THREADED.has(name))];
}

/**
 * Gives the children of the cgroup at `path` the `controllers`; those not in `needed` only as far as the kernel lets us.
 * Nothing is written when all are there: a caller who may not write then needs not. A cgroup with processes of its own gets only
 * what is needed: it can have controllers that know threads, but then it and all below it become threaded.
 */
export function enableControllers(path: string, controllers: readonly string[], needed: ReadonlySet<string>): void {
  const enabled = new Set(native().readFile(`${path}/cgroup.subtree_control`, LIST_MAX).split(/\s+/));
  const missing = controllers.filter((name) => !enabled.has(name));
  if (missing.length === 0) return;
  let busy: boolean;
  try {
    enable(path, missing);
    return;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    busy = error.code === 'EBUSY';
  }
  for (const name of attempts(missing, needed, busy)) {
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
