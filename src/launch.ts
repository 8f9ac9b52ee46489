/**
 * How this process was started, and where its parts are. The launcher (native/launcher) records what the JS engine changes
 * or acts upon as it starts, in variables that are taken out of the environment here.
 */

export interface Launch {
  /** The name we were called by: the last part of argv[0]. */
  readonly name: string;
  /** The working directory's name; null when it has none (it was removed). The process itself is in `/`. */
  readonly cwd: string | null;
  /** Descriptors from 3 on that were open, ascending. */
  readonly inherited: readonly number[];
  /** RLIMIT_NOFILE, soft and hard, decimal; null when it is as we were given it. */
  readonly nofile: readonly [string, string] | null;
  /** Signals that were ignored, ascending; null when they are as we were given them. */
  readonly ignored: readonly number[] | null;
  /** The environment we were called with. */
  readonly environment: Readonly<Record<string, string>>;
  /** One variable of it. */
  readonly variable: (name: string) => string | undefined;
}

export interface Installation {
  /** Absolute path of the program that becomes the container's first process. */
  readonly init: string;
  /** Absolute path of the addon. */
  readonly addon: string;
  /** Absolute path of the program that talks to systemd. */
  readonly systemd: string;
}

/** What of the process decoding needs. */
export interface Host {
  readonly pid: number;
  /** Whether the launcher can have started us: it starts nothing but the executable made by Bun. */
  readonly compiled: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  cwd(): string;
}

const OWN = 'TSRUN_LAUNCH_';
const KEPT = 'TSRUN_ENV_';

/** `3,7-9` as numbers. */
function numbers(list: string): number[] {
  const result: number[] = [];
  for (const item of list === '' ? [] : list.split(',')) {
    const [first, last = first] = item.split('-').map(Number);
    if (first === undefined || last === undefined) continue;
    for (let number = first; number <= last; number++) result.push(number);
  }
  return result;
}

/** Whether these are the launcher's own words for this very process, and not what somebody put into its environment. */
function isLaunched(host: Host): boolean {
  return host.compiled && host.environment[`${OWN}PID`] === String(host.pid);
}

function workingDirectory(host: Host): string | null {
  try {
    return host.cwd();
  } catch {
    return null;
  }
}

/** The environment we were called with: ours, without the launcher's record and with what it kept from the engine. */
function callersEnvironment(host: Host, launched: boolean): Record<string, string> {
  const environment: Record<string, string> = {};
  const kept: Record<string, string> = {};
  for (const name of Object.keys(host.environment)) {
    const value = host.environment[name];
    if (value === undefined || name.startsWith(OWN)) continue;
    if (!name.startsWith(KEPT)) environment[name] = value;
    else if (launched) kept[name.slice(KEPT.length)] = value;
  }
  // the launcher's own setting for the engine; the caller's, if any, is among the kept
  if (launched) delete environment['BUN_JSC_useJIT'];
  return Object.assign(environment, kept);
}

function softAndHard(text: string): readonly [string, string] | null {
  const [soft, hard] = text.split(':');
  return soft !== undefined && hard !== undefined ? [soft, hard] : null;
}

/**
 * The launcher's record out of an environment, pure; without a launcher what can be known without it. Each part is read
 * when it is asked for: going through the whole environment would be a good part of a start.
 */
export function decodeLaunch(host: Host): Launch {
  const launched = isLaunched(host);
  const of = (name: string): string | undefined => (launched ? host.environment[OWN + name] : undefined);
  let environment: Record<string, string> | undefined;
  return {
    get name() {
      return of('NAME') ?? 'tsrun';
    },
    get cwd() {
      return launched ? (of('CWD') ?? null) : workingDirectory(host);
    },
    get inherited() {
      return numbers(of('FDS') ?? '');
    },
    get nofile() {
      return softAndHard(of('NOFILE') ?? '');
    },
    get ignored() {
      return launched ? numbers(of('IGNORED') ?? '') : null;
    },
    get environment() {
      return (environment ??= callersEnvironment(host, launched));
    },
    variable: (name) => (launched ? host.environment[KEPT + name] : undefined) ?? host.environment[name],
  };
}

function host(): Host {
  return {
    pid: process.pid,
    compiled: process.versions['bun'] !== undefined,
    environment: process.env,
    cwd: () => process.cwd(),
  };
}

function locate(here: Host): Installation {
  // Never from the environment, not even from the launcher's record: who starts the engine himself can write that too.
  const directory = besideUs(here.compiled);
  return { init: `${directory}/tsrun-init`, addon: `${directory}/tsrun.node`, systemd: `${directory}/tsrun-systemd` };
}

/** libexec/ as seen from this file or this executable. */
function besideUs(compiled: boolean): string {
  if (compiled) return process.execPath.slice(0, process.execPath.lastIndexOf('/'));
  const url = import.meta.url;
  // dist/lib/launch.js, or the source itself under a test
  const relative = url.endsWith('.ts') ? '../dist/libexec' : '../libexec';
  return decodeURIComponent(new URL(relative, url).pathname);
}

let known: Launch | undefined;

/** How we were started. */
export function launch(): Launch {
  return (known ??= decodeLaunch(host()));
}

/** Where our parts are: beside the executable or beside the library, never found by a search. */
export function installation(): Installation {
  return locate(host());
}
