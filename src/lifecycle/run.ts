/** `run`: create and start in one; in the foreground we stay until the program ends, and our exit status is its. */
import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import { hookState, wordToStart } from '../state/report.js';
import { statePath } from '../state/store.js';
import { announce } from './announce.js';
import { enterForeground, leaveForeground, stay } from './foreground.js';
import { makeContainer, nameStepsOf, type MadeContainer } from './container.js';
import { converse } from './converse.js';
import { deleteContainer } from './delete.js';
import { runHooks } from './hooks.js';
import { Notify } from './notify.js';
import type { RunOptions } from './options.js';

export type { RunOptions } from './options.js';

/** It has been sent for before the container was ready. */
function noListener(listener: number): void {
  native().close(listener);
}

function notifyOf({ state: { notify }, undo }: MadeContainer, { root, id }: RunOptions): Notify | undefined {
  if (notify === undefined) return undefined;
  const made = new Notify(statePath(root, id), notify);
  undo.add(() => {
    made.close();
  });
  return made;
}

/** @returns the program's exit status, 128 + N when signal N ended it; 0 when detached */
export function run(options: RunOptions): number {
  const foreground = options.detach !== true;
  const { child, terminal, notify } = begun(options, foreground);
  if (!foreground) {
    try {
      notify?.detach(child, true);
    } finally {
      native().close(child.pidfd);
    }
    return 0;
  }
  try {
    return stay(child, terminal, notify);
  } finally {
    if (options.keep !== true) deleteContainer({ root: options.root, id: options.id, force: true, warn: options.warn });
  }
}

/** What is left of a container in the making: neither its config nor its plan, which may be large. */
interface Begun extends Pick<MadeContainer, 'child' | 'terminal'> {
  readonly notify: Notify | undefined;
}

/** A container whose program has begun. Until then a signal ends the call, and undoes it. */
function begun(options: RunOptions, foreground: boolean): Begun {
  try {
    const { made, notify } = begin(options, foreground);
    made.close();
    made.undo.forget();
    return { child: made.child, terminal: made.terminal, notify };
  } finally {
    native().endAtSignals(false, !foreground);
  }
}

function begin(options: RunOptions, foreground: boolean): { made: MadeContainer; notify: Notify | undefined } {
  if (foreground && options.noSubreaper !== true) native().setSubreaper(true);
  const made = makeContainer(options, foreground);
  made.undo.add(() => {
    if (made.terminal >= 0) native().close(made.terminal);
  });
  let notify: Notify | undefined;
  try {
    if (made.spec.process === undefined) throw new TsrunError('/process: is required to start a container');
    announce(made.child, options);
    if (foreground) {
      made.undo.add(leaveForeground);
      enterForeground(made.terminal);
    }
    const { startContainer = [], poststart = [] } = made.spec.hooks ?? {};
    if (startContainer.length + poststart.length > 0) made.hooksBegin();
    notify = notifyOf(made, options);
    made.programsBegin();
    native().reply(made.child.sync, wordToStart(made.state, startContainer), made.child.pidfd);
    converse(made.child, made.plan.steps.length, {
      answer: () => '',
      listener: noListener,
      moved: () => undefined,
      nameStep: nameStepsOf(made.plan),
    });
    runHooks('poststart', made.spec.hooks?.poststart, hookState(made.state, 'running'), made.state.bundle);
  } catch (error) {
    made.undo.run();
    throw error;
  }
  return { made, notify };
}
