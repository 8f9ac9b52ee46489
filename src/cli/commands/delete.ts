import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';

export const definition: Definition = {
  name: 'delete',
  summary: 'remove a container that is not running',
  description: ['Removes what is left of a stopped container, and ends and removes one that was created and never started.'],
  arguments: [container],
  flags: [{ name: 'force', short: 'f', help: 'end it first if it runs; it is no error if there is no such container' }],
  examples: [
    { words: 'delete web', does: 'remove the stopped container web' },
    { words: 'delete --force web', does: 'remove it whatever its status' },
  ],
};

export async function action(call: Call): Promise<number> {
  const { deleteContainer } = await import('../../lifecycle/delete.js');
  deleteContainer({ ...call.container(), force: call.on('force'), warn: call.warn });
  return 0;
}
