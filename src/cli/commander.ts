import { Command, Option } from 'commander';

import type { Definition, Flag } from './command.js';
import { toValue } from './parse.js';

const nothing = (): void => undefined;

function toOption(flag: Flag): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const value = flag.value === undefined ? '' : ` <${flag.value}>`;
  const option = new Option(`${short}--${flag.name}${value}`, flag.help);
  // commander would take --no-pivot for the negation of --pivot
  option.negate = false;
  if (flag.hidden === true) option.hideHelp();
  if (flag.value === undefined) return option;
  if (flag.repeated !== true) return option.argParser((text) => toValue(flag, text));
  return option.argParser((text, before: (string | number)[] | undefined) => [...(before ?? []), toValue(flag, text)]);
}

/** The commander command of a definition. It prints nothing and never ends the process. */
export function toCommand(definition: Definition, name: string): Command {
  const command = new Command(name);
  command.exitOverride();
  command.configureOutput({
    writeOut: nothing,
    writeErr: nothing,
    outputError: nothing,
    getOutHasColors: () => false,
    getOutHelpWidth: () => 100,
  });
  command.helpOption('-h, --help', 'show this help');
  if (definition.passThrough === true) command.passThroughOptions();
  for (const argument of definition.arguments) {
    const dots = argument.rest === true ? '...' : '';
    command.argument(argument.optional === true ? `[${argument.name}${dots}]` : `<${argument.name}${dots}>`, argument.help);
  }
  for (const flag of definition.flags) command.addOption(toOption(flag));
  return command;
}
