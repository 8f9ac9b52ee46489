import type { Call } from '../call.js';
import type { Definition } from '../command.js';

export const definition: Definition = {
  name: 'spec',
  summary: 'write a config.json to start from',
  description: [
    'Writes config.json, for a container that runs sh on a read-only root file system in rootfs. A config.json that is there is left alone, and the command fails.',
  ],
  arguments: [],
  flags: [
    { name: 'bundle', short: 'b', value: 'DIR', complete: 'directory', help: 'the bundle (default: the working directory)' },
    { name: 'rootless', help: 'one for a user other than root' },
  ],
  examples: [
    { words: 'spec', does: 'write config.json to the working directory' },
    { words: 'spec --rootless --bundle ~/bundles/sh', does: 'one that needs no root' },
  ],
};

export async function action(call: Call): Promise<number> {
  const { writeSpec } = await import('../../lifecycle/spec.js');
  writeSpec({ bundle: call.bundle(), rootless: call.on('rootless') });
  return 0;
}
