import type { RunOptions } from '../../lifecycle/run.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { createFlags, createOptions, newContainer } from './create.js';

export const definition: Definition = {
  name: 'run',
  summary: 'create and start a container',
  description: [
    "Creates the container, starts its program and stays with it: signals are passed on, and when the program ends the container is removed and the program's status returned.",
    'With --detach it returns as soon as the program runs. A configuration with a terminal then needs --console-socket.',
  ],
  arguments: [newContainer],
  flags: [
    ...createFlags,
    { name: 'detach', short: 'd', help: 'do not wait for the end of the program' },
    { name: 'keep', help: 'do not remove the container when the program ends' },
    { name: 'no-subreaper', help: 'do not take over processes whose parent in the container ended' },
  ],
  examples: [
    { words: 'run --bundle /bundles/hello hello', does: 'run a container in the foreground' },
    { words: 'run --detach --pid-file /run/web.pid --bundle /bundles/web web', does: 'run one in the background' },
  ],
  exitCodes: [{ code: 'N', meaning: "the program's own status; 128+N when signal N ended it" }],
  failure: { prefix: '$0 run failed', status: 1 },
};

export function runOptions(call: Call): RunOptions {
  return { ...createOptions(call), detach: call.on('detach'), keep: call.on('keep'), noSubreaper: call.on('no-subreaper') };
}

export async function action(call: Call): Promise<number> {
  const options = runOptions(call);
  const { run } = await import('../../lifecycle/run.js');
  return run(options);
}
