import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { print } from '../output.js';
import { ordered } from '../report.js';

export const definition: Definition = {
  name: 'state',
  summary: 'show the state of a container',
  description: [
    'Prints JSON: ociVersion, id, pid, status, bundle, rootfs, created, annotations and owner. The pid is 0 when the container is stopped.',
  ],
  arguments: [container],
  flags: [],
  examples: [{ words: 'state web', does: 'show the state of the container web' }],
};

export async function action(call: Call): Promise<number> {
  const { state } = await import('../../lifecycle/state.js');
  print(`${JSON.stringify(ordered(state(call.container())), null, 2)}\n`);
  return 0;
}
