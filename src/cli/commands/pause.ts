import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';

export const definition: Definition = {
  name: 'pause',
  summary: 'stop all processes of a container until it is resumed',
  description: [
    'The kernel stops them with the freezer of the cgroup: they notice nothing of it, and get the signals that they handle when they go on. Those that end them, KILL above all, do so at once.',
    'Returns when all have stopped. If one does not within 10 seconds, it fails and all go on.',
  ],
  arguments: [container],
  flags: [],
  examples: [
    { words: 'pause web', does: 'stop the container web' },
    { words: 'resume web', does: 'let it go on' },
  ],
};

export async function action(call: Call): Promise<number> {
  const { pause } = await import('../../lifecycle/pause.js');
  pause(call.container());
  return 0;
}
