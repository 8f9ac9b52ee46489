// Many containers at once, and one after the other with the runtime killed: nothing is left.
import { spawnSync } from 'node:child_process';
import { rmdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { SLEEP, harness, shell, skipped, sleep, until, whyNoContainers } from './harness.js';

const h = harness('cycles');

/** How many lives with a random kill; for a figure of their own: TSRUN_KILL_CYCLES=500, and the driver, the seed. */
const KILLS = Number(process.env['TSRUN_KILL_CYCLES'] ?? 15);
const SYSTEMD = process.env['TSRUN_KILL_MANAGER'] === 'systemd';
const SEED = Number(process.env['TSRUN_KILL_SEED'] ?? Date.now() % 1_000_000);

describe.skipIf(skipped('cycles', whyNoContainers()))('cycles', () => {
  it('50 at once live side by side', async () => {
    const bundle = h.bundle(shell(`hostname; ${SLEEP}`));
    const ids = Array.from({ length: 50 }, () => h.id());
    const results = await Promise.all(ids.map((id) => h.spawn(['run', '--detach', '--bundle', bundle, id], { timeout: 200_000 }).ended));
    expect(results.filter(({ status }) => status !== 0).map(({ stderr }) => stderr)).toEqual([]);
    const listed = JSON.parse(h.ok(['list', '--format', 'json'])) as { id: string; status: string; pid: number }[];
    expect(listed.map(({ id, status }) => `${id} ${status}`).sort()).toEqual(ids.map((id) => `${id} running`).sort());
    expect(new Set(listed.map(({ pid }) => pid)).size).toBe(50);
    const ended = await Promise.all(ids.map((id) => h.spawn(['delete', '--force', id], { timeout: 200_000 }).ended));
    expect(ended.filter(({ status }) => status !== 0).map(({ stderr }) => stderr)).toEqual([]);
    await h.expectNothingLeft();
  }, 300_000);

  it(
    `${KILLS} with the runtime killed at a random moment of a random command leave nothing`,
    async () => {
      process.stdout.write(`random kills: ${KILLS} cycles, ${SYSTEMD ? 'systemd' : 'cgroupfs'}, seed ${SEED}\n`);
      let state = SEED | 1;
      const random = (): number => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) / 2 ** 32;
      };
      const manager = SYSTEMD ? ['--systemd-cgroup'] : [];
      const bundle = (id: string): string =>
        h.bundle(shell(SLEEP), ({ linux }) => {
          linux.cgroupsPath = SYSTEMD ? `system.slice:tsrun:${id}` : `/${h.tag}/${id}`;
        });
      const life = (id: string, path: string): string[][] => [
        ['create', '--bundle', path, id],
        ['start', id],
        ['exec', '--detach', id, 'sleep', '1000'],
        ['pause', id],
        ['resume', id],
        ['kill', id, 'KILL'],
        ['delete', '--force', id],
      ];
      const call = (args: readonly string[]): Promise<number> => {
        const start = Date.now();
        return h.spawn([...manager, ...args]).ended.then(({ status, stderr }) => {
          if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
          return Date.now() - start;
        });
      };
      // how long each command takes when nobody disturbs it
      const took: number[] = [];
      const first = h.id();
      for (const args of life(first, bundle(first))) took.push(await call(args));

      let killed = 0;
      for (let cycle = 0; cycle < KILLS; cycle++) {
        const id = h.id();
        const steps = life(id, bundle(id));
        const victim = Math.floor(random() * steps.length);
        for (const args of steps.slice(0, victim)) await call(args);
        const { pid, ended } = h.spawn([...manager, ...(steps[victim] ?? [])]);
        await sleep(random() * (took[victim] ?? 0));
        try {
          process.kill(pid, 'SIGKILL');
          killed++;
        } catch {
          // it was faster this time
        }
        await ended;
        const { status, stderr } = h.tsrun([...manager, 'delete', '--force', id]);
        if (status !== 0) throw new Error(`cycle ${cycle}, after ${(steps[victim] ?? []).join(' ')}: ${stderr}`);
        expect(h.states()).toEqual([]);
      }
      expect(killed).toBeGreaterThan(0);
      // those of a runtime that was killed end by themselves
      await until(() => h.processes().length === 0);
      expect(h.processes()).toEqual([]);
      // the parent that the config names is nobody's to remove
      for (const path of h.cgroups()) if (path.endsWith(`/${h.tag}`)) rmdirSync(path);
      if (SYSTEMD) {
        const { stdout } = spawnSync('systemctl', ['list-units', '--all', '--plain', '--no-legend', `*${h.tag}*`], { encoding: 'utf8' });
        expect(stdout).toBe('');
      }
      await h.expectNothingLeft();
    },
    60_000 + KILLS * 20_000,
  );
});
