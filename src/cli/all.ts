/** What every command says of itself, for the help, the completions and the manual page; running one never loads this. */
import type { Definition } from './command.js';
import { definition as completion } from './commands/completion.js';
import { definition as create } from './commands/create.js';
import { definition as remove } from './commands/delete.js';
import { definition as events } from './commands/events.js';
import { definition as exec } from './commands/exec.js';
import { definition as features } from './commands/features.js';
import { definition as kill } from './commands/kill.js';
import { definition as list } from './commands/list.js';
import { definition as man } from './commands/man.js';
import { definition as pause } from './commands/pause.js';
import { definition as ps } from './commands/ps.js';
import { definition as resume } from './commands/resume.js';
import { definition as run } from './commands/run.js';
import { definition as spec } from './commands/spec.js';
import { definition as start } from './commands/start.js';
import { definition as state } from './commands/state.js';
import { definition as top } from './commands/top.js';
import { definition as update } from './commands/update.js';

/** In the order of the help. */
export const definitions: readonly Definition[] = [
  create,
  start,
  run,
  exec,
  kill,
  remove,
  pause,
  resume,
  state,
  list,
  ps,
  events,
  update,
  top,
  spec,
  features,
  completion,
  man,
];

/** Those that are shown. */
export const shown: readonly Definition[] = definitions.filter((definition) => definition.hidden !== true);
