import type { Command } from './command.js';

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
