/**
 * tsrun as a library: the operations of the command line as functions. They are synchronous, throw TsrunError for what a
 * caller can do something about, and keep containers in the state root given (`root`), where the command line finds them too.
 */
export { TsrunError, type SystemError } from './errors.js';
export { create } from './lifecycle/create.js';
export { deleteContainer, type DeleteOptions } from './lifecycle/delete.js';
export { exec } from './lifecycle/exec.js';
export { kill, type KillOptions } from './lifecycle/kill.js';
export { list } from './lifecycle/list.js';
export type { CommonOptions, CreateOptions, ExecOptions, RunOptions } from './lifecycle/options.js';
export { pids } from './lifecycle/ps.js';
export { run } from './lifecycle/run.js';
export { writeSpec } from './lifecycle/spec.js';
export { start } from './lifecycle/start.js';
export { state, type StateReport } from './lifecycle/state.js';
export type { Spec } from './spec/types.js';
