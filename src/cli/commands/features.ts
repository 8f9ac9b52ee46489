import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { print } from '../output.js';

export const definition: Definition = {
  name: 'features',
  summary: 'show which features of the specification there are, as JSON',
  description: [
    'Prints what tsrun supports of the OCI runtime specification: versions, hooks, mount options, namespaces, capabilities, cgroups, seccomp. Engines ask for it when they start. What this kernel has of it is another question, and not answered.',
  ],
  arguments: [],
  flags: [],
  examples: [
    { words: 'features', does: 'show them' },
    { words: 'features | jq .mountOptions', does: 'the options that a mount in config.json may have' },
  ],
};

export async function action(_call: Call): Promise<number> {
  const { features } = await import('../../plan/features.js');
  print(`${JSON.stringify(features(), null, 4)}\n`);
  return 0;
}
