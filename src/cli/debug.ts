/** The story of a call for --debug: this module is loaded for nobody else. */
import { native, overNative, type Native } from '../native.js';
import { unknownKeys } from '../spec/unknown.js';
import { traceTo } from '../trace.js';
import type { Log } from './log.js';

type Words = (args: readonly unknown[], result: unknown) => string;

const path = (args: readonly unknown[]): string => String(args[0]);
const pathAndNumber = (args: readonly unknown[]): string => `${String(args[0])} 0${Number(args[1]).toString(8)}`;

/**
 * The addon's calls that change something or decide what comes next, and the words for each. Environments, arguments, plans and states are
 * left out: they may hold secrets.
 */
const CALLS: Readonly<Partial<Record<keyof Native, Words>>> = {
  writeFileAtomic: path,
  writeFile: ([file, text]) => `${String(file)} = ${String(text).trim().replaceAll('\n', ' ')}`,
  mkdir: pathAndNumber,
  rmdir: path,
  chown: ([file, uid, gid]) => `${String(file)} ${String(uid)}:${String(gid)}`,
  removeTree: path,
  realpath: ([file], result) => `${String(file)} is ${String(result)}`,
  spawnInit: (_, result) => `process ${(result as { pid: number }).pid}`,
  openNamespace: path,
  makeUserNamespace: ([uids, gids]) => `uids ${String(uids).trim()}, gids ${String(gids).trim()}`,
  openTree: path,
  writeIdMaps: ([pid, uids, gids]) => `process ${String(pid)}, uids ${String(uids).trim()}, gids ${String(gids).trim()}`,
  listen: path,
  connect: path,
  sendFd: ([socket, fd]) => `${String(fd)} over ${String(socket)}`,
  startInit: path,
  signal: ([, signal]) => `signal ${String(signal)}`,
  reap: (_, result) => `status ${String(result)}`,
  waitPidfd: (_, result) => (result === true ? 'it has ended' : 'it has not ended'),
  runHook: ([request], result) => `${(request as { path: string }).path}: exit status ${(result as { status: number }).status}`,
  bindNotify: path,
  waitReady: (_, result) => (result === true ? 'it is ready' : 'it has ended'),
  leaveNotifyProxy: ([request]) => `process ${(request as { pid: number }).pid}`,
  setLimit: ([pid, resource, soft, hard]) => `process ${String(pid)}, limit ${String(resource)}: ${String(soft)} ${String(hard)}`,
  setSubreaper: path,
  output: path,
  attachDeviceFilter: ([, instructions]) => `${(instructions as Uint8Array).length / 8} instructions`,
  openCgroup: path,
  moveNetDevice: ([request]) => {
    const { name, newName } = request as Parameters<Native['moveNetDevice']>[0];
    return `${name} as ${newName}`;
  },
  waitCgroupEvent: ([file, event, on], result) => `${String(file)} ${String(event)} ${String(on)}: ${String(result)}`,
  startSystemdHelper: path,
  askSystemdHelper: ([, request]) => {
    const [kind = '', first = '', , , member = ''] = String(request).split('\0', 5);
    return kind === 'call' ? member : `${kind} ${first}`;
  },
  compileSeccomp: (_, result) => `${(result as Uint8Array).length / 8} instructions`,
  openSeccompCache: ([file], result) => `${String(file)}: ${Number(result) < 0 ? 'compiled never before' : 'compiled before'}`,
};

/** Milliseconds between two times of `now`, of less than a minute: the seconds with their fraction are enough. */
function milliseconds(from: string, to: string): string {
  const seconds = Number(to.slice(17, 29)) - Number(from.slice(17, 29));
  return `${((seconds < 0 ? seconds + 60 : seconds) * 1000).toFixed(3)} ms`;
}

/** The same addon, but each call in CALLS makes a line: its words and its duration. */
function telling(quiet: Native, line: (text: string) => void): Native {
  const loud = { ...quiet };
  for (const [name, words] of Object.entries(CALLS)) {
    if (typeof quiet[name as keyof Native] !== 'function') continue;
    const call = (...args: unknown[]): unknown => (quiet[name as keyof Native] as (...all: unknown[]) => unknown)(...args);
    Object.assign(loud, {
      [name]: (...args: unknown[]): unknown => {
        const began = quiet.now();
        try {
          const result = call(...args);
          line(`${name} ${words(args, result)}: ${milliseconds(began, quiet.now())}`);
          return result;
        } catch (error) {
          line(`${name} failed: ${error instanceof Error ? error.message : String(error)}: ${milliseconds(began, quiet.now())}`);
          throw error;
        }
      },
    });
  }
  return loud;
}

/** From now on everything that is done goes to the log, until the function that comes back is called. */
export function tellStory(log: Log): () => void {
  const line = (text: string): void => {
    log.debug(text);
  };
  traceTo({
    line,
    config: (value) => {
      for (const pointer of unknownKeys(value)) line(`${pointer}: unknown property, ignored`);
    },
  });
  const quiet = native();
  overNative(telling(quiet, line));
  return () => {
    traceTo(undefined);
    overNative(quiet);
  };
}
