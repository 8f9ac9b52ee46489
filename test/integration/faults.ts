// Whatever fails, and whoever is killed, at whatever point: nothing is left, or `delete --force` removes it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { dist, SLEEP, shell, type Change, type Harness } from './harness.js';

const script = join(import.meta.dirname, '../fixtures/faults.mjs');

export type Op = 'create' | 'start' | 'run' | 'exec' | 'delete';
export type Fault = 'throw' | 'step' | 'init' | 'kill';

export interface Round {
  readonly k: number;
  /** The call or step that the fault was at. */
  readonly hit: string;
  readonly error: string | null;
  readonly left: readonly string[];
  readonly after: readonly string[];
}

/** Hooks of all kinds, a filter, and namespaces that need a second stage. */
const full: Change = (config) => {
  const hook = { path: '/bin/true' };
  config.hooks = {
    prestart: [hook],
    createRuntime: [hook],
    createContainer: [hook],
    startContainer: [hook],
    poststart: [hook],
    poststop: [hook],
  };
  config.linux.namespaces?.push({ type: 'time' });
  config.linux.timeOffsets = { monotonic: { secs: 1000 } };
  config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['acct'], action: 'SCMP_ACT_ERRNO' }] };
  config.process.oomScoreAdj = 100;
};

/** A user namespace, and limits that the runtime sets from outside. */
const mapped: Change = (config) => {
  config.linux.namespaces?.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 65536 }];
};

/** In the foreground only. */
export const terminal: Change = (config) => {
  config.process.terminal = true;
};

export const configs: Readonly<Record<string, Change>> = { plain: () => undefined, full, mapped };

/** Carries out `op` on `bundle` with the fault, at its every call or step, or at that one. */
export function call(
  h: Harness,
  op: Op,
  fault: Fault,
  bundle: string,
  at?: number,
  id = h.id(),
): Promise<{ status: number | null; signal: string | null; rounds: Round[]; id: string }> {
  const request = { dist, root: h.root, id, bundle, op, fault, exec: ['true'], ...(at === undefined ? {} : { at }) };
  const child = spawn(process.execPath, [script, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGABRT',
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      // what it left alive may keep its end of the pipes
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, 200);
    });
    child.once('close', (status, signal) => {
      if (status !== 0 && signal !== 'SIGKILL') reject(new Error(`${op} ${fault}: ${status ?? signal ?? ''}: ${err}`));
      const rounds = out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Round);
      resolve({ status, signal, rounds, id });
    });
  });
}

export function bundleFor(h: Harness, op: Op, ...changes: Change[]): string {
  return h.bundle(shell(op === 'run' ? 'true' : SLEEP), ...changes);
}

/** What was left, by the place of the fault. */
export function leaks(rounds: readonly Round[]): unknown[] {
  return rounds
    .filter(({ left, after }) => left.length + after.length > 0)
    .map(({ k, hit, error, left, after }) => ({ k, hit, error, left, after }));
}

export const allOps: readonly Op[] = ['create', 'start', 'run', 'exec', 'delete'];
