// Whichever call into the addon fails: nothing is left.
import { describe, expect, it } from 'vitest';

import { allOps, bundleFor, call, configs, leaks } from './faults.js';
import { harness, skipped, whyNoContainers } from './harness.js';

const h = harness('faults-calls');

describe.skipIf(skipped('faults', whyNoContainers()))('a fault', () => {
  describe.each(Object.keys(configs))('of a %s container', (name) => {
    const change = configs[name] ?? (() => undefined);

    it.each(allOps)('in any call of %s into the addon leaves nothing', async (op) => {
      const { rounds } = await call(h, op, 'throw', bundleFor(h, op, change));
      expect(rounds.length).toBeGreaterThan(10);
      expect(leaks(rounds)).toEqual([]);
      for (const { error } of rounds) expect(error ?? '').not.toMatch(/internal error|undefined/);
      await h.expectNothingLeft();
    });
  });
});
