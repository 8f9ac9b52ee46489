import type { CommonOptions } from '../lifecycle/options.js';
import { checkId } from '../state/id.js';
import type { Value } from './parse.js';
import type { Log } from './log.js';
import { absolute, standing } from './paths.js';
import type { Cwd } from './paths.js';
import { stateRoot } from './root.js';

/** What a command is told of its surroundings. */
export interface Surroundings {
  /** The program's name as it was called. */
  readonly program: string;
  /** Where the user stood. */
  readonly cwd: Cwd;
  /** An environment variable as the caller gave it. */
  readonly variable: (name: string) => string | undefined;
}

export interface GlobalOptions {
  readonly root: string | undefined;
  readonly cgroupManager: 'cgroupfs' | 'systemd' | 'disabled';
  readonly rootless: 'auto' | boolean;
}

/** One call of one command: its flags and arguments, and all it may know of the rest. */
export class Call {
  readonly program: string;
  readonly global: GlobalOptions;
  readonly log: Log;
  readonly args: readonly string[];
  readonly #values: ReadonlyMap<string, Value>;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings, global: GlobalOptions, log: Log, values: ReadonlyMap<string, Value>, args: readonly string[]) {
    this.program = surroundings.program;
    this.global = global;
    this.log = log;
    this.args = args;
    this.#values = values;
    this.#surroundings = surroundings;
  }

  /** Whether a switch was given. */
  on(name: string): boolean {
    return this.#values.get(name) === true;
  }

  /** A flag's value as it was given. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  /** A repeated flag's values. */
  list(name: string): string[] | undefined {
    return (this.#values.get(name) as readonly string[] | undefined)?.slice();
  }

  /** A repeated number flag's values. */
  numbers(name: string): number[] | undefined {
    return (this.#values.get(name) as readonly number[] | undefined)?.slice();
  }

  /** A flag's value as an absolute path. */
  path(name: string): string | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : absolute(value, this.#surroundings.cwd);
  }

  /** The bundle: --bundle, or where the user stood. */
  bundle(): string {
    return this.path('bundle') ?? standing(this.#surroundings.cwd);
  }

  root(): string {
    return stateRoot(this.global.root, this.#surroundings.cwd, this.#surroundings.variable);
  }

  /** The container that the first argument names, and where its state is. */
  container(): CommonOptions {
    const id = this.args[0] ?? '';
    checkId(id);
    return { id, root: this.root() };
  }

  variable(name: string): string | undefined {
    return this.#surroundings.variable(name);
  }

  readonly warn = (message: string): void => {
    this.log.warn(message);
  };
}

type Optional<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out what is undefined: an option that was not given is not there. */
export function present<T extends object>(options: T): Optional<T> {
  const result: Partial<T> = {};
  for (const key in options) {
    if (options[key] !== undefined) result[key] = options[key];
  }
  return result as object as Optional<T>;
}
