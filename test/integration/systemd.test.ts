/** The systemd cgroup manager on a host that systemd does not run; the rest is test/vm/systemd.test.ts. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { harness, skipped, whyNoContainers } from './harness.js';

const reason = whyNoContainers() ?? (existsSync('/run/systemd/system') ? 'systemd runs here' : undefined);

describe.skipIf(skipped('the systemd cgroup manager without systemd', reason))('--systemd-cgroup without systemd', () => {
  const tests = harness('no-systemd');

  it('is refused in words that say what to do, and leaves nothing', async () => {
    const refused = tests.tsrun(['--systemd-cgroup', 'run', '--bundle', tests.bundle(), tests.id()]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(
      'the systemd cgroup manager needs a host that systemd runs (there is no /run/systemd/system): use --cgroup-manager cgroupfs',
    );
    await tests.expectNothingLeft();
  });
});
