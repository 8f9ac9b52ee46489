import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { parseSignal } from '../signals.js';

export const definition: Definition = {
  name: 'kill',
  summary: "send a signal to a container's first process",
  description: ['The signal is a number or a name, with or without SIG, in any case; TERM when none is given.'],
  arguments: [container, { name: 'SIGNAL', help: 'number or name (default: TERM)', optional: true, complete: 'signal' }],
  passThrough: true,
  flags: [{ name: 'all', short: 'a', help: 'send it to every process of the container', hidden: true }],
  examples: [
    { words: 'kill web', does: 'ask the container web to end' },
    { words: 'kill web KILL', does: 'end it' },
    { words: 'kill web SIGRTMIN+3', does: 'a real-time signal, here the one that asks systemd to power off' },
  ],
};

export function killOptions(call: Call): { root: string; id: string; signal: number; all: boolean } {
  return { ...call.container(), signal: parseSignal(call.args[1] ?? 'TERM'), all: call.on('all') };
}

export async function action(call: Call): Promise<number> {
  const options = killOptions(call);
  const { kill } = await import('../../lifecycle/kill.js');
  kill(options);
  return 0;
}
