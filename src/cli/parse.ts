import { Command, CommanderError, Option } from 'commander';

import type { Definition, Flag } from './command.js';
import { goFlags } from './goflags.js';
import { UsageError } from './usage.js';

export type Value = string | number | boolean | readonly string[] | readonly number[];

export interface Parsed {
  /** By the flag's long name; what was not given is not in it. */
  readonly values: ReadonlyMap<string, Value>;
  readonly args: readonly string[];
  /** Help was asked for; nothing else was checked. */
  readonly help: boolean;
}

const nothing = (): void => undefined;

/** A number flag's value; the words for a wrong one are those of Go's flag package. */
function toNumber(flag: Flag, text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number)) throw new UsageError(`invalid value "${text}" for flag -${flag.name}: parse error`);
  return number;
}

function toValue(flag: Flag, text: string): string | number {
  if (flag.number === true) return toNumber(flag, text);
  if (flag.choices !== undefined && !flag.choices.includes(text)) {
    throw new UsageError(`invalid value "${text}" for flag -${flag.name}: must be one of ${flag.choices.join(', ')}`);
  }
  return text;
}

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
  for (const argument of definition.arguments) {
    const dots = argument.rest === true ? '...' : '';
    command.argument(argument.optional === true ? `[${argument.name}${dots}]` : `<${argument.name}${dots}>`, argument.help);
  }
  for (const flag of definition.flags) command.addOption(toOption(flag));
  return command;
}

function countError(definition: Definition, program: string, given: number): UsageError {
  const required = definition.arguments.filter((argument) => argument.optional !== true).length;
  const rest = definition.arguments.some((argument) => argument.rest === true);
  const most = rest ? Infinity : definition.arguments.length;
  const words = required === most ? 'exactly' : given < required ? 'a minimum of' : 'a maximum of';
  return new UsageError(`${program}: "${definition.name}" requires ${words} ${given < required ? required : most} argument(s)`);
}

/** Parses the words after the command's name. Throws UsageError. */
export function parse(definition: Definition, program: string, words: readonly string[]): Parsed {
  const { flags, operands, help } = goFlags(definition, words);
  const values = new Map<string, Value>();
  if (help) return { values, args: operands, help };
  const command = toCommand(definition, definition.name);
  try {
    command.parse([...flags, '--', ...operands], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw countError(definition, program, operands.length);
    throw error;
  }
  for (const option of command.options) {
    const value = command.getOptionValue(option.attributeName()) as Value | undefined;
    if (value !== undefined) values.set(option.name(), value);
  }
  return { values, args: command.args, help };
}
