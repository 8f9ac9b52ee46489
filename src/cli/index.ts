import type { Command } from './command.js';

/** Every command, in the order of the help. */
export const names: readonly string[] = [
  'create',
  'start',
  'run',
  'exec',
  'kill',
  'delete',
  'pause',
  'resume',
  'state',
  'list',
  'ps',
  'events',
  'update',
  'top',
  'spec',
  'features',
  'completion',
  'man',
];

/** Loads one command's code, and no other's; undefined when there is no such command. */
export function load(name: string): Promise<Command> | undefined {
  switch (name) {
    case 'create':
      return import('./commands/create.js');
    case 'start':
      return import('./commands/start.js');
    case 'run':
      return import('./commands/run.js');
    case 'exec':
      return import('./commands/exec.js');
    case 'kill':
      return import('./commands/kill.js');
    case 'delete':
      return import('./commands/delete.js');
    case 'pause':
      return import('./commands/pause.js');
    case 'resume':
      return import('./commands/resume.js');
    case 'state':
      return import('./commands/state.js');
    case 'list':
      return import('./commands/list.js');
    case 'ps':
      return import('./commands/ps.js');
    case 'events':
      return import('./commands/events.js');
    case 'update':
      return import('./commands/update.js');
    case 'top':
      return import('./commands/top.js');
    case 'spec':
      return import('./commands/spec.js');
    case 'features':
      return import('./commands/features.js');
    case 'completion':
      return import('./commands/completion.js');
    case 'man':
      return import('./commands/man.js');
    default:
      return undefined;
  }
}

/** Loads them all: help, completion and the manual page need it, running a command never does. */
export async function loadAll(): Promise<Command[]> {
  const commands: Command[] = [];
  for (const name of names) {
    const command = await load(name);
    if (command !== undefined) commands.push(command);
  }
  return commands;
}
