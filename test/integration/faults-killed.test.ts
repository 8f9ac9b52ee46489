// Whenever the runtime is killed: `delete --force` removes what is left.
import { describe, expect, it } from 'vitest';

import { allOps, bundleFor, call, type Op } from './faults.js';
import { harness, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('faults-killed');

describe.skipIf(skipped('a killed runtime', whyNoContainers()))('a runtime that is killed', () => {
  /** `run` is `create` for its greater part, and `exec` waits for its program's end. */
  const stride: Readonly<Record<Op, number>> = { create: 1, start: 1, run: 3, exec: 2, delete: 1 };

  /** Kills it at each call, a few at a time, and deletes by force. */
  async function killAtEach(op: Op, ...changes: Change[]): Promise<number> {
    const bundle = bundleFor(h, op, ...changes);
    let next = 1;
    let last = Infinity;
    const problems: string[] = [];
    const worker = async (): Promise<void> => {
      while (next < last) {
        const at = next;
        next += stride[op];
        const { signal, id } = await call(h, op, 'kill', bundle, at);
        if (signal !== 'SIGKILL') last = Math.min(last, at);
        const { status, stderr } = h.tsrun(['delete', '--force', id]);
        const held = (): string[] =>
          Object.values(h.holdings()).flatMap((items: readonly string[]) => items.filter((item) => item.includes(id)));
        const gone = await until(() => held().length === 0);
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
