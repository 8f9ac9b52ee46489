/**
 * How this process was started, and where its parts are: told by the executable that the TypeScript is part of
 * (native/executable), or found out from Node.
 */

export interface Launch {
  /** The name we were called by: the last part of argv[0]. */
  readonly name: string;
  /** The words after it. */
  readonly args: readonly string[];
  /** The working directory's name; null when it has none (it was removed). The executable itself is in `/`. */
  readonly cwd: string | null;
  /** Descriptors from 3 on that were open, ascending. Under Node nobody knows which are its own: none. */
  readonly inherited: readonly number[];
  /** The environment we were called with. */
  readonly environment: Readonly<Record<string, string>>;
  /** One variable of it: going through the whole environment would be a good part of a start. */
  readonly variable: (name: string) => string | undefined;
}

export interface Installation {
  /** Absolute path of the program that becomes the container's first process. */
  readonly init: string;
  /** Absolute path of the addon; empty where it is part of the executable. */
  readonly addon: string;
  /** Absolute path of the program that talks to systemd. */
  readonly systemd: string;
  /** The file that is tsrun itself, the executable or the addon: whoever may replace that may replace its parts. */
  readonly self: string;
}

/** What native/executable/caller.cc tells. */
export interface Executable {
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string | null;
  inherited(): number[];
  environment(): Record<string, string>;
  variable(name: string): string | undefined;
  /** Absolute path of the executable. */
  program(): string;
  exists(path: string): boolean;
  /** Where the lines of a script come from (cli/stack.ts); empty for what is no script. */
  lines(script: string): string;
  /** The addon. */
  readonly addon: unknown;
}

/** A parameter of every script in the executable, which the build names here. Elsewhere there is no such thing. */
declare const TSRUN_EXECUTABLE: Executable | undefined;

/** The executable that this is part of; undefined under Node. */
export const executable: Executable | undefined = typeof TSRUN_EXECUTABLE === 'undefined' ? undefined : TSRUN_EXECUTABLE;

/** As the executable tells it, each part when it is asked for. */
export function toldBy(program: Executable): Launch {
  let inherited: readonly number[] | undefined;
  let environment: Record<string, string> | undefined;
  return {
    name: program.name,
    args: program.args,
    cwd: program.cwd,
    get inherited() {
      return (inherited ??= program.inherited());
    },
    get environment() {
      return (environment ??= program.environment());
    },
    variable: (name) => program.variable(name),
  };
}

function workingDirectory(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

function underNode(): Launch {
  const { env } = process;
  return {
    name: 'tsrun',
    args: process.argv.slice(2),
    cwd: workingDirectory(),
    inherited: [],
    get environment() {
      return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
    },
    variable: (name) => env[name],
  };
}

/** libexec/ beside the executable, or where that is installed in a bin/. An error about what is in neither names the first. */
export function partsOf(program: Executable): string {
  const path = program.program();
  const home = path.slice(0, path.lastIndexOf('/'));
  const beside = `${home}/libexec`;
  const installed = `${home.slice(0, home.lastIndexOf('/'))}/libexec/tsrun`;
  return !program.exists(`${beside}/tsrun-init`) && program.exists(`${installed}/tsrun-init`) ? installed : beside;
}

/** libexec/ as seen from this file. */
function besideUs(): string {
  const url = import.meta.url;
  // dist/lib/launch.js, or the source itself under a test
  const relative = url.endsWith('.ts') ? '../dist/libexec' : '../libexec';
  return decodeURIComponent(new URL(relative, url).pathname);
}

let known: Launch | undefined;

/** How we were started. */
export function launch(): Launch {
  return (known ??= executable === undefined ? underNode() : toldBy(executable));
}

/** Where our parts are: beside the executable or beside the library, never found by a search nor by what the environment says. */
export function installation(): Installation {
  const directory = executable === undefined ? besideUs() : partsOf(executable);
  const addon = executable === undefined ? `${directory}/tsrun.node` : '';
  const self = executable === undefined ? addon : '/proc/self/exe';
  return { init: `${directory}/tsrun-init`, addon, systemd: `${directory}/tsrun-systemd`, self };
}
