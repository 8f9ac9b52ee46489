/** What `top` shows of containers with every controller: the values of a container that does exactly this. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { harness, shell, skipped, until, whyNoContainers, type Change } from '../integration/harness.js';

const MIB = 1 << 20;

interface Shown {
  readonly id: string;
  readonly cpu: { percent: number; limitPercent: number | null; throttledPercent: number | null };
  readonly memory: { usage: number; limit: number | null; percent: number | null; oomKills: number };
  readonly pids: { current: number; limit: number | null };
  readonly io: { read: number; write: number };
  readonly pressure: { cpu: number; memory: number; io: number };
}

describe.skipIf(skipped('top with every controller', whyNoContainers()))('top', () => {
  const h = harness('topvm');
  // a temporary directory may be in memory; io is counted for block devices
  const disk = mkdtempSync('/var/tmp/tsrun-topvm-');
  afterAll(() => {
    rmSync(disk, { recursive: true, force: true });
  });

  const sample = (...args: string[]): Shown[] =>
    (JSON.parse(h.ok(['top', '--format', 'json', '--interval', '3s', ...args])) as { containers: Shown[] }).containers;

  it('shows limits, what is used of them, throttling, pressure and kills', () => {
    const limited: Change = (config) => {
      config.linux.resources = {
        ...config.linux.resources,
        cpu: { quota: 20_000, period: 100_000 },
        memory: { limit: 48 * MIB, swap: 48 * MIB },
        pids: { limit: 20 },
      };
    };
    const script = 'dd if=/dev/zero of=/dev/shm/held bs=1M count=16; sleep 1000 & sleep 1000 & tail /dev/zero; while :; do :; done';
    const id = h.running([limited, shell(script)]);
    const shown = (): Shown | undefined => sample(id)[0];
    let last = shown();
    // `tail` keeps a line without an end, until it is killed
    for (let round = 0; round < 10 && (last?.memory.oomKills ?? 0) === 0; round++) last = shown();
    last = shown();

    expect(last?.memory).toMatchObject({ limit: 48 * MIB, oomKills: 1 });
    expect(last?.memory.usage).toBeGreaterThan(16 * MIB);
    expect(last?.memory.usage).toBeLessThan(48 * MIB);
    expect(last?.memory.percent).toBeCloseTo(((last?.memory.usage ?? 0) / (48 * MIB)) * 100, 1);
    expect(last?.cpu.limitPercent).toBe(20);
    expect(last?.cpu.percent).toBeGreaterThan(12);
    expect(last?.cpu.percent).toBeLessThan(24);
    expect(last?.cpu.throttledPercent).toBeGreaterThan(50);
    expect(last?.cpu.throttledPercent).toBeLessThanOrEqual(100);
    expect(last?.pids).toEqual({ current: 3, limit: 20 });
    // what waits for its quota waits for the processor
    expect(last?.pressure.cpu).toBeGreaterThan(10);

    const [, row = ''] = h.ok(['top', '--once', '--interval', '1s', id]).split('\n');
    const [name, status, , maximum, , , limit, , kills, , , pids] = row.split(/ +/);
    expect([name, status, maximum, limit, kills, pids]).toEqual([id, 'R', '20', '48M', '1', '3/20']);
  });

  it('shows what is written to a disk; a paused container does nothing', async () => {
    mkdirSync(join(disk, 'data'), { mode: 0o777 });
    const mounted: Change = (config) => {
      config.mounts.push({ destination: '/tmp', type: 'bind', source: join(disk, 'data'), options: ['bind', 'rw'] });
    };
    const id = h.running([mounted, shell('while :; do dd if=/dev/zero of=/tmp/file bs=64k count=16 conv=fsync; sleep 0.1; done')]);
    let written = 0;
    await until(() => (written = sample(id)[0]?.io.write ?? 0) > 0, 30_000);
    expect(written).toBeGreaterThan(64 << 10);

    h.ok(['pause', id]);
    h.ok(['top', '--once', '--interval', '1s', id]);
    const [paused] = sample();
    expect(paused).toMatchObject({ id, status: 'paused', io: { read: 0, write: 0 }, memory: { limit: null, percent: null } });
    expect(paused?.cpu.percent).toBeLessThan(1);
  });
});
