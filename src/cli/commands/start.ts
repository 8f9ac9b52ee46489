import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';

export const definition: Definition = {
  name: 'start',
  summary: 'start the program of a created container',
  description: ['Lets the process that `create` made become the program that the configuration names. A container can be started once.'],
  arguments: [container],
  flags: [],
  examples: [{ words: 'start web', does: 'start the container web' }],
};

export async function action(call: Call): Promise<number> {
  const { start } = await import('../../lifecycle/start.js');
  start({ ...call.container(), warn: call.warn });
  return 0;
}
