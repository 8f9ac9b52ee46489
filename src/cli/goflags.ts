import { append } from '../append.js';
import type { Definition, Flag } from './command.js';
import { UsageError } from './usage.js';

export interface Words {
  /** In the order given; a switch has no text, and one that was given as off is left out. */
  readonly flags: readonly { readonly flag: Flag; readonly text?: string }[];
  readonly operands: readonly string[];
  readonly help: boolean;
}

/** What Go's strconv.ParseBool takes. */
export function parseBool(text: string): boolean | undefined {
  switch (text) {
    case '1':
    case 't':
    case 'T':
    case 'true':
    case 'TRUE':
    case 'True':
      return true;
    case '0':
    case 'f':
    case 'F':
    case 'false':
    case 'FALSE':
    case 'False':
      return false;
    default:
      return undefined;
  }
}

/** A loop: JavaScriptCore compiles Array.prototype.find at its first use, which takes longer than all of this. */
function byName(flags: readonly Flag[], name: string): Flag | undefined {
  for (const flag of flags) {
    if (flag.name === name || flag.short === name) return flag;
  }
  return undefined;
}

/** `-td` for `-t -d`: switches only, so that a misspelt `-bundel` is not a value of -b. */
function cluster(flags: readonly Flag[], letters: string): Flag[] | undefined {
  const found: Flag[] = [];
  for (const letter of letters) {
    const flag = flags.find((each) => each.short === letter && each.value === undefined);
    if (flag === undefined) return undefined;
    found.push(flag);
  }
  return found;
}

/**
 * Reads flags the way Go's flag package does, which the callers of an OCI runtime are written for: a long flag has one dash
 * or two, a switch may be given a value (`--detach=false`), and the word after a flag that takes a value is that value,
 * whatever it looks like. Flags stand before and after the arguments unless the definition is passThrough.
 */
export function goFlags(definition: Pick<Definition, 'flags' | 'passThrough'>, words: readonly string[]): Words {
  const flags: { flag: Flag; text?: string }[] = [];
  const operands: string[] = [];
  let help = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') {
      append(operands, words.slice(at + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      operands.push(word);
      if (definition.passThrough !== true) continue;
      append(operands, words.slice(at + 1));
      break;
    }
    const dashes = word.startsWith('--') ? 2 : 1;
    const equals = word.indexOf('=');
    const name = word.slice(dashes, equals < 0 ? undefined : equals);
    const given = equals < 0 ? undefined : word.slice(equals + 1);
    if (name === 'help' || name === 'h') {
      help = true;
      continue;
    }
    const flag = byName(definition.flags, name);
    if (flag === undefined) {
      const switches = dashes === 1 && given === undefined ? cluster(definition.flags, name) : undefined;
      if (switches === undefined) throw new UsageError(`flag provided but not defined: -${name}`);
      flags.push(...switches.map((each) => ({ flag: each })));
    } else if (flag.value !== undefined) {
      const value = given ?? words[++at];
      if (value === undefined) throw new UsageError(`flag needs an argument: -${name}`);
      flags.push({ flag, text: value });
    } else {
      const on = given === undefined ? true : parseBool(given);
      if (on === undefined) throw new UsageError(`invalid boolean value "${given}" for -${name}: parse error`);
      if (on) flags.push({ flag });
    }
  }
  return { flags, operands, help };
}
