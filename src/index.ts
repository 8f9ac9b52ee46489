/**
 * tsrun as a library: the operations of the command line as functions. They are synchronous, throw TsrunError for what a
 * caller can do something about, and keep containers in the state root given (`root`), where the command line finds them too.
 */
export type * from './cgroups/statistics/types.js';
export { TsrunError, type SystemError } from './errors.js';
export { create } from './lifecycle/create.js';
export { deleteContainer, type DeleteOptions } from './lifecycle/delete.js';
export { events, statistics, type ContainerEvent, type EventsOptions } from './lifecycle/events.js';
export { exec } from './lifecycle/exec.js';
export { kill, type KillOptions } from './lifecycle/kill.js';
export { list } from './lifecycle/list.js';
export type { CommonOptions, CreateOptions, ExecOptions, RunOptions, UpdateOptions } from './lifecycle/options.js';
export { pause } from './lifecycle/pause.js';
export { pids } from './lifecycle/ps.js';
export { resume, type ResumeOptions } from './lifecycle/resume.js';
export { run } from './lifecycle/run.js';
export { writeSpec } from './lifecycle/spec.js';
export { start, type StartOptions } from './lifecycle/start.js';
export { state, type StateReport } from './lifecycle/state.js';
export { update } from './lifecycle/update.js';
export type { Resources, Spec } from './spec/types.js';
