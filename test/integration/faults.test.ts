// Whatever fails, and whoever is killed, at whatever point: nothing is left, or `delete --force` removes it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { dist, harness, SLEEP, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('faults');
const script = join(import.meta.dirname, '../fixtures/faults.mjs');

type Op = 'create' | 'start' | 'run' | 'exec' | 'delete';
type Fault = 'throw' | 'step' | 'init' | 'kill';

interface Round {
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
const terminal: Change = (config) => {
  config.process.terminal = true;
};

const configs: Readonly<Record<string, Change>> = { plain: () => undefined, full, mapped };

function call(
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

function bundleFor(op: Op, ...changes: Change[]): string {
  return h.bundle(shell(op === 'run' ? 'true' : SLEEP), ...changes);
}

/** What was left, by the place of the fault. */
function leaks(rounds: readonly Round[]): unknown[] {
  return rounds
    .filter(({ left, after }) => left.length + after.length > 0)
    .map(({ k, hit, error, left, after }) => ({ k, hit, error, left, after }));
}

const allOps: readonly Op[] = ['create', 'start', 'run', 'exec', 'delete'];

describe.skipIf(skipped('faults', whyNoContainers()))('a fault', () => {
  describe.each(Object.keys(configs))('of a %s container', (name) => {
    const change = configs[name] ?? (() => undefined);

    it.each(allOps)('in any call of %s into the addon leaves nothing', async (op) => {
      const { rounds } = await call(op, 'throw', bundleFor(op, change));
      expect(rounds.length).toBeGreaterThan(10);
      expect(leaks(rounds)).toEqual([]);
      for (const { error } of rounds) expect(error ?? '').not.toMatch(/internal error|undefined/);
      await h.expectNothingLeft();
    });

    it.each(['create', 'start', 'run', 'exec'] as const)('in any step of %s is named, and leaves nothing', async (op) => {
      const { rounds } = await call(op, 'step', bundleFor(op, change));
      expect(rounds.length).toBeGreaterThan(10);
      expect(leaks(rounds)).toEqual([]);
      for (const { k, hit, error } of rounds) {
        // what comes behind `ready` is not create's any more
        if (error === null)
          expect({ op, hit }).toEqual({ op: 'create', hit: expect.stringMatching(/^(hook|begin|seal|seccomp|capset|exec)$/) as unknown });
        else expect(error).toMatch(new RegExp(`^fail \\((step ${k} of \\d+, )?fail\\): input/output error$`));
      }
      await h.expectNothingLeft();
    });

    it.each(allOps)('that kills the first process at any call of %s leaves nothing', async (op) => {
      const { rounds } = await call(op, 'init', bundleFor(op, change));
      expect(rounds.length).toBeGreaterThan(10);
      expect(leaks(rounds)).toEqual([]);
      await h.expectNothingLeft();
    });
  });

  it.each(['run', 'exec'] as const)('of %s with a terminal leaves nothing', async (op) => {
    for (const fault of ['throw', 'step', 'init'] as const) {
      const { rounds } = await call(op, fault, bundleFor(op, ...(op === 'run' ? [terminal] : [])));
      expect(leaks(rounds)).toEqual([]);
    }
    await h.expectNothingLeft();
  });
});

describe.skipIf(skipped('a killed runtime', whyNoContainers()))('a runtime that is killed', () => {
  /** `run` is `create` for its greater part, and `exec` waits for its program's end. */
  const stride: Readonly<Record<Op, number>> = { create: 1, start: 1, run: 3, exec: 2, delete: 1 };

  /** Kills it at each call, a few at a time, and deletes by force. */
  async function killAtEach(op: Op, ...changes: Change[]): Promise<number> {
    const bundle = bundleFor(op, ...changes);
    let next = 1;
    let last = Infinity;
    const problems: string[] = [];
    const worker = async (): Promise<void> => {
      while (next < last) {
        const at = next;
        next += stride[op];
        const { signal, id } = await call(op, 'kill', bundle, at);
        if (signal !== 'SIGKILL') last = Math.min(last, at);
        const { status, stderr } = h.tsrun(['delete', '--force', id]);
        const held = (): string[] =>
          Object.values(h.holdings()).flatMap((items: readonly string[]) => items.filter((item) => item.includes(id)));
        const gone = await until(() => held().length === 0, 10_000);
        if (status !== 0 || !gone) problems.push(`call ${at}: ${status} ${stderr} ${held().join(', ')}`);
      }
    };
    await Promise.all([worker(), worker()]);
    expect(problems).toEqual([]);
    return last;
  }

  it.each(allOps)(
    'at any call of %s leaves nothing that delete --force does not remove',
    async (op) => {
      expect(await killAtEach(op)).toBeGreaterThan(10);
      await h.expectNothingLeft();
    },
    180_000,
  );
});
