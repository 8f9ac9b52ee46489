/** Hooks that run in the runtime's namespaces (prestart, createRuntime, poststart, poststop). */
import { TsrunError, isSystemError } from '../errors.js';
import { launch } from '../launch.js';
import { native } from '../native.js';
import type { Hook } from '../spec/types.js';

export type RuntimeHook = 'prestart' | 'createRuntime' | 'poststart' | 'poststop';

/** Runs one hook with the container's state on its standard input; throws when it fails or takes too long. */
function runHook(kind: RuntimeHook, index: number, hook: Hook, state: string, bundle: string): void {
  const name = `error running ${kind} hook #${index}`;
  let result;
  try {
    result = native().runHook({
      path: hook.path,
      args: hook.args ?? [],
      // Without an environment of its own a hook has its caller's, as under runc.
      env: hook.env ?? Object.entries(launch().environment).map(([key, value]) => `${key}=${value}`),
      timeout: (hook.timeout ?? 0) * 1000,
      input: state,
      cwd: bundle,
      // what undoes is not ended by what has ended the call
      interrupted: kind !== 'poststop',
    });
  } catch (error) {
    if (isSystemError(error)) throw new TsrunError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
  if (result.timedOut) throw new TsrunError(`${name}: ${hook.path} did not end within ${hook.timeout ?? 0} s`);
  if (result.status !== 0) throw new TsrunError(`${name}: exit status ${result.status}, stderr: ${result.stderr.trim()}`);
}

/** Runs all of a kind, stopping at the first that fails. */
export function runHooks(kind: RuntimeHook, hooks: readonly Hook[] | undefined, state: string, bundle: string): void {
  hooks?.forEach((hook, index) => {
    runHook(kind, index, hook, state, bundle);
  });
}

/** Runs all of a kind, whatever fails: each failure becomes a warning. */
export function runAllHooks(
  kind: RuntimeHook,
  hooks: readonly Hook[] | undefined,
  state: string,
  bundle: string,
  warn: (message: string) => void,
): void {
  hooks?.forEach((hook, index) => {
    try {
      runHook(kind, index, hook, state, bundle);
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
    }
  });
}
