import { each } from '../each.js';
import { mustBeAbsolute } from '../problem.js';
import type { Hooks } from '../types.js';
import { checkEnvironment } from './process.js';
import { hookKinds } from '../words.js';

/** Hooks are executed as they are, never looked up in PATH. */
export function checkHooks(hooks: Hooks): void {
  for (const kind of hookKinds) {
    each(hooks[kind], ({ path, env }, index) => {
      mustBeAbsolute(path, `/hooks/${kind}/${index}/path`);
      if (env !== undefined) checkEnvironment(env, `/hooks/${kind}/${index}/env`);
    });
  }
}
