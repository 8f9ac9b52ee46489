// Whichever step of init fails, with a terminal too: it is named, and nothing is left.
import { describe, expect, it } from 'vitest';

import { bundleFor, call, configs, leaks, terminal } from './faults.js';
import { harness, skipped, whyNoContainers } from './harness.js';

const h = harness('faults-steps');

describe.skipIf(skipped('faults', whyNoContainers()))('a fault', () => {
  describe.each(Object.keys(configs))('of a %s container', (name) => {
    const change = configs[name] ?? (() => undefined);

    it.each(['create', 'start', 'run', 'exec'] as const)('in any step of %s is named, and leaves nothing', async (op) => {
      const { rounds } = await call(h, op, 'step', bundleFor(h, op, change));
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
  });

  it.each(['run', 'exec'] as const)('of %s with a terminal leaves nothing', async (op) => {
    for (const fault of ['throw', 'step', 'init'] as const) {
      const { rounds } = await call(h, op, fault, bundleFor(h, op, ...(op === 'run' ? [terminal] : [])));
      expect(leaks(rounds)).toEqual([]);
    }
    await h.expectNothingLeft();
  });
});
