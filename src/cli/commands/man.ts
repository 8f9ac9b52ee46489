import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { print } from '../output.js';

export const definition: Definition = {
  name: 'man',
  summary: 'print the manual page',
  description: ['Prints the manual page, section 8, as roff.'],
  arguments: [],
  flags: [],
  examples: [{ words: 'man > /usr/local/share/man/man8/tsrun.8', does: 'install it' }],
  hidden: true,
};

export async function action(call: Call): Promise<number> {
  const { manual } = await import('../man.js');
  print(manual(call.program));
  return 0;
}
