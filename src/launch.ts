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
}

export interface Installation {
  /** Absolute path of the program that becomes the container's first process. */
  readonly init: string;
  /** Absolute path of the addon. */
  readonly addon: string;
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

/** The launcher's record out of an environment, pure; without a launcher what can be known without it. */
export function decodeLaunch(host: Host): Launch {
  const launched = isLaunched(host);
  const environment: Record<string, string> = {};
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(host.environment)) {
    if (value === undefined || name.startsWith(OWN)) continue;
    if (name.startsWith(KEPT)) kept[name.slice(KEPT.length)] = value;
    else environment[name] = value;
  }
  if (!launched) {
    return { name: 'tsrun', cwd: workingDirectory(host), inherited: [], nofile: null, ignored: null, environment };
  }
  const of = (name: string): string | undefined => host.environment[OWN + name];
  // the launcher's own setting for the engine; the caller's, if any, is among the kept
  delete environment['BUN_JSC_useJIT'];
  const [soft, hard] = (of('NOFILE') ?? '').split(':');
  return {
    name: of('NAME') ?? 'tsrun',
    cwd: of('CWD') ?? null,
    inherited: numbers(of('FDS') ?? ''),
    nofile: soft !== undefined && hard !== undefined ? [soft, hard] : null,
    ignored: numbers(of('IGNORED') ?? ''),
    environment: { ...environment, ...kept },
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

let known: { readonly launch: Launch; readonly installation: Installation } | undefined;

function locate(here: Host): Installation {
  const directory = isLaunched(here) ? (here.environment[`${OWN}LIBEXEC`] ?? '') : besideUs(here.compiled);
  return { init: `${directory}/tsrun-init`, addon: `${directory}/tsrun.node` };
}

/** libexec/ as seen from this file or this executable. */
function besideUs(compiled: boolean): string {
  if (compiled) return process.execPath.slice(0, process.execPath.lastIndexOf('/'));
  const url = import.meta.url;
  // dist/lib/launch.js, or the source itself under a test
  const relative = url.endsWith('.ts') ? '../dist/libexec' : '../libexec';
  return decodeURIComponent(new URL(relative, url).pathname);
}

function read(): { readonly launch: Launch; readonly installation: Installation } {
  if (known === undefined) {
    const here = host();
    known = { launch: decodeLaunch(here), installation: locate(here) };
    for (const name of Object.keys(process.env)) {
      if (name.startsWith(OWN) || name.startsWith(KEPT)) Reflect.deleteProperty(process.env, name);
    }
  }
  return known;
}

/** How we were started. The first call takes the launcher's variables out of the process's environment. */
export function launch(): Launch {
  return read().launch;
}

/** Where our parts are: beside the executable or beside the library, never found by a search. */
export function installation(): Installation {
  return read().installation;
}
