// Whenever the first process is killed: nothing is left.
import { describe, expect, it } from 'vitest';

import { allOps, bundleFor, call, configs, leaks } from './faults.js';
import { harness, skipped, whyNoContainers } from './harness.js';

const h = harness('faults-init');

describe.skipIf(skipped('faults', whyNoContainers()))('a fault', () => {
  describe.each(Object.keys(configs))('of a %s container', (name) => {
    const change = configs[name] ?? (() => undefined);

    it.each(allOps)('that kills the first process at any call of %s leaves nothing', async (op) => {
      const { rounds } = await call(h, op, 'init', bundleFor(h, op, change));
      expect(rounds.length).toBeGreaterThan(10);
      expect(leaks(rounds)).toEqual([]);
      await h.expectNothingLeft();
    });
  });
});
