import type { Call } from './call.js';

/** A flag, of a command or of the program itself. */
export interface Flag {
  /** Long name without its dashes: `pid-file`. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Name of its value in the help; a flag without one is a switch. */
  readonly value?: string;
  /** Given more than once, the values add up. */
  readonly repeated?: boolean;
  /** The value is a number, 0 or more. */
  readonly number?: boolean;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** What a shell completes the value with. */
  readonly complete?: 'file' | 'directory';
  /** One line, lower case, no full stop. */
  readonly help: string;
  /** Accepted, but in no help, completion or manual page. */
  readonly hidden?: boolean;
}

/** What follows the flags. */
export interface Argument {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  /** Takes all that is left. */
  readonly rest?: boolean;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** What a shell completes it with. */
  readonly complete?: 'container' | 'signal';
}

export interface Example {
  /** Without the program's name: `create --bundle /bundles/web web`. */
  readonly words: string;
  /** What it does, in one line. */
  readonly does: string;
}

export interface ExitCode {
  readonly code: string;
  readonly meaning: string;
}

/** A command as data: parsing, help, completion and manual page are all made from this. */
export interface Definition {
  readonly name: string;
  /** One line, lower case, no full stop. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
  /** Everything after the first argument belongs to the command, also what looks like a flag. */
  readonly passThrough?: boolean;
  readonly examples: readonly Example[];
  /** Other than 0 for success and 1 for an error. */
  readonly exitCodes?: readonly ExitCode[];
  readonly hidden?: boolean;
  /** How its failures are reported, where that is not just the message and status 1; `$0` is the program's name. */
  readonly failure?: { readonly prefix: string; readonly status: number };
}

/** What commands/NAME.ts exports. */
export interface Command {
  readonly definition: Definition;
  /** Does it, and returns the exit status. */
  action(call: Call): Promise<number> | number;
}
