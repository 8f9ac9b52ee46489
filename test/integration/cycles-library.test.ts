// Many containers, one after the other, in one process and by many: nothing grows.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SLEEP, dist, harness, hosts, shell, skipped, whyNoContainers } from './harness.js';

const h = harness('cycles-library');

interface Report {
  readonly fds: readonly [number, number];
  readonly children: readonly [number, number];
  /** KiB. */
  readonly memory: readonly [number, number];
}

describe.skipIf(skipped('cycles', whyNoContainers()))('cycles', () => {
  it('500 through the library leave nothing, in the process and outside', async () => {
    const request = { dist, root: h.root, id: h.id(), bundle: h.bundle(shell(SLEEP)), count: 500 };
    const child = spawn(process.execPath, [join(import.meta.dirname, '../fixtures/cycles.mjs'), JSON.stringify(request)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect(status).toBe(0);
    const { fds, children, memory } = JSON.parse(out) as Report;
    expect(fds[1]).toBe(fds[0]);
    expect(children).toEqual([0, 0]);
    // what the garbage collector has not looked at yet, but no copy of anything for each of them
    expect(memory[1] - memory[0]).toBeLessThan(100 * 1024);
    await h.expectNothingLeft();
  }, 300_000);

  it.each(hosts)(
    '50 through $name leave nothing',
    async (host) => {
      const bundle = h.bundle(shell(SLEEP));
      for (let round = 0; round < 50; round++) {
        const id = h.id();
        h.ok(['create', '--bundle', bundle, id], { host });
        h.ok(['start', id], { host });
        h.ok(['kill', id, 'KILL'], { host });
        h.ok(['delete', '--force', id], { host });
      }
      await h.expectNothingLeft();
    },
    300_000,
  );
});
