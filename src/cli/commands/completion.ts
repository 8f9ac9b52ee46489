import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { print } from '../output.js';
import { UsageError } from '../usage.js';

export const definition: Definition = {
  name: 'completion',
  summary: "print a shell's completion script",
  description: ['Prints a script that completes commands, flags, their values and the names of containers.'],
  arguments: [{ name: 'SHELL', help: 'bash or zsh', choices: ['bash', 'zsh'] }],
  flags: [],
  examples: [
    { words: 'completion bash > /usr/share/bash-completion/completions/tsrun', does: 'install it for bash' },
    { words: 'completion zsh > /usr/local/share/zsh/site-functions/_tsrun', does: 'install it for zsh' },
  ],
  hidden: true,
};

export async function action(call: Call): Promise<number> {
  const shell = call.args[0] ?? '';
  if (shell !== 'bash' && shell !== 'zsh') throw new UsageError(`unknown shell "${shell}": must be bash or zsh`);
  const { completion } = await import('../completion.js');
  print(completion(shell, call.program));
  return 0;
}
