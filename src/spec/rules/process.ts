import { each } from '../each.js';
import { mustBeAbsolute, refuse, show } from '../problem.js';
import type { Process, Rlimit } from '../types.js';
import { checkAffinity } from './affinity.js';
import { checkScheduler, warnAboutScheduler } from './scheduler.js';

/** The rules of `process`, in config.json and in the file of `exec --process`; `pointer` is where it stands. */
export function checkProcessRules(process: Process, pointer: string): void {
  mustBeAbsolute(process.cwd, `${pointer}/cwd`);
  checkEnvironment(process.env ?? [], `${pointer}/env`);
  checkRlimits(process.rlimits ?? [], `${pointer}/rlimits`);
  if (process.scheduler !== undefined) checkScheduler(process.scheduler, `${pointer}/scheduler`);
  if (process.execCPUAffinity !== undefined) checkAffinity(process.execCPUAffinity, `${pointer}/execCPUAffinity`);
}

export function warnAboutProcess(process: Process, warnings: string[]): void {
  if (process.scheduler !== undefined) warnAboutScheduler(process.scheduler, '/process/scheduler', warnings);
  if (process.consoleSize !== undefined && process.terminal !== true) {
    const { height, width } = process.consoleSize;
    if (height !== 0 || width !== 0) warnings.push('/process/consoleSize: ignored without a terminal');
  }
}

/** `NAME=value` each (man 7 environ). */
export function checkEnvironment(env: readonly string[], pointer: string): void {
  each(env, (variable, index) => {
    const at = variable.indexOf('=');
    if (at < 0) refuse(`${pointer}/${index}`, `must be NAME=value, is ${show(variable)}`);
    if (at === 0) refuse(`${pointer}/${index}`, `must have a name before "=", is ${show(variable)}`);
  });
}

function checkRlimits(rlimits: readonly Rlimit[], pointer: string): void {
  const seen = new Set<string>();
  each(rlimits, ({ type, soft, hard }, index) => {
    if (seen.has(type)) refuse(`${pointer}/${index}/type`, `${type} is given twice`);
    seen.add(type);
    if (soft > hard) refuse(`${pointer}/${index}/soft`, `must be at most the hard limit ${hard.toString()}, is ${show(soft)}`);
  });
}
