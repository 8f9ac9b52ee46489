import type { Definition, Flag } from './command.js';
import { goFlags } from './goflags.js';
import { UsageError } from './usage.js';

export type Value = string | number | boolean | readonly (string | number)[];

export interface Parsed {
  /** By the flag's long name; what was not given is not in it. */
  readonly values: ReadonlyMap<string, Value>;
  readonly args: readonly string[];
  /** Help was asked for; nothing else was checked. */
  readonly help: boolean;
}

/** A flag's value in its type; the words for a wrong number are those of Go's flag package. */
export function toValue(flag: Flag, text: string): string | number {
  if (flag.number === true) {
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(number)) throw new UsageError(`invalid value "${text}" for flag -${flag.name}: parse error`);
    return number;
  }
  if (flag.choices !== undefined && !flag.choices.includes(text)) {
    throw new UsageError(`invalid value "${text}" for flag -${flag.name}: must be one of ${flag.choices.join(', ')}`);
  }
  return text;
}

function checkCount(definition: Definition, program: string, given: number): void {
  let least = 0;
  let most = 0;
  for (const argument of definition.arguments) {
    if (argument.optional !== true) least++;
    most += argument.rest === true ? Infinity : 1;
  }
  if (given >= least && given <= most) return;
  const words = least === most ? 'exactly' : given < least ? 'a minimum of' : 'a maximum of';
  throw new UsageError(`${program}: "${definition.name}" requires ${words} ${given < least ? least : most} argument(s)`);
}

/**
 * Parses the words after the command's name. By hand and not with commander, which help.ts uses: loading and running that
 * takes longer than all the rest of the command line, at every call. Throws UsageError.
 */
export function parse(definition: Definition, program: string, words: readonly string[]): Parsed {
  const { flags, operands, help } = goFlags(definition, words);
  const values = new Map<string, Value>();
  if (help) return { values, args: operands, help };
  for (const { flag, text } of flags) {
    if (text === undefined) {
      values.set(flag.name, true);
    } else if (flag.repeated === true) {
      values.set(flag.name, [...((values.get(flag.name) as readonly (string | number)[] | undefined) ?? []), toValue(flag, text)]);
    } else {
      values.set(flag.name, toValue(flag, text));
    }
  }
  checkCount(definition, program, operands.length);
  return { values, args: operands, help };
}
