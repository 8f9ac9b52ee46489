/** `create`: makes a container, all but its program, which waits for `start`. */
import { native } from '../native.js';
import { announce } from './announce.js';
import { makeContainer } from './container.js';
import type { CreateOptions } from './options.js';

export type { CommonOptions, CreateOptions } from './options.js';

export function create(options: CreateOptions): void {
  try {
    const made = makeContainer(options, false);
    try {
      announce(made.child, options);
      native().reply(made.child.sync, '', made.child.pidfd);
    } catch (error) {
      made.undo.run();
      throw error;
    }
    native().close(made.child.pidfd);
    made.close();
  } finally {
    native().endAtSignals(false);
  }
}
