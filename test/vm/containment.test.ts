/** What a container does to the machine when it misbehaves: nothing that its limits do not allow, and it ends when it is told to. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { harness, shell, sleep, until, without, type Change, type Config } from '../integration/harness.js';

const h = harness('containment');
const MOUNT = '/sys/fs/cgroup';
const read = (path: string): string => readFileSync(path, 'utf8').trim();

const limits =
  (resources: NonNullable<Config['linux']['resources']>): Change =>
  ({ linux }) => {
    linux.resources = resources;
  };

/** How long an ordinary process of the machine takes to be made now, as a sign of life. */
const alive = (): void => {
  expect(h.tsrun(['--version']).status).toBe(0);
};

/** Ends what it can of processor time for all others, but not for itself. */
const cpu = { quota: 50_000, period: 100_000 };

/**
 * Makes processes that make processes. A shell that cannot make one ends; awk, in whose place the first one is, goes on. In the
 * machine's own pid namespace, whose init reaps them: they would stay as zombies else, and end nothing by ending.
 */
const BOMB = [
  shell(
    `exec awk 'BEGIN { for (;;) { system("(while :; do (sleep 0.2; sleep 0.2) & sleep 0.1; done) &"); system("sleep 0.1") } }' 2>/dev/null`,
  ),
  without('pid'),
];

const cgroupOf = (id: string): string => `${MOUNT}/tsrun/${id}`;
const event = (id: string, file: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(read(`${cgroupOf(id)}/${file}`))?.[1] ?? -1);

describe('a fork bomb', () => {
  it('stays below its limit, and goes with delete --force', async () => {
    const id = h.running([...BOMB, limits({ pids: { limit: 20 }, cpu, memory: { limit: 128 << 20 } })]);
    expect(await until(() => event(id, 'pids.events', 'max') > 5, 50_000)).toBe(true);
    expect(Number(read(`${cgroupOf(id)}/pids.current`))).toBeLessThanOrEqual(20);
    alive();
    // which waits for the end of all, and fails if that takes longer than 10 s
    h.ok(['delete', '--force', id]);
    await h.expectNothingLeft();
  });

  it('is paused and resumed as a whole while it forks, and killed while it is paused', async () => {
    const id = h.running([...BOMB, limits({ pids: { limit: 30 }, cpu, memory: { limit: 128 << 20 } })]);
    for (let round = 0; round < 5; round++) {
      h.ok(['pause', id]);
      expect(event(id, 'cgroup.events', 'frozen')).toBe(1);
      const stopped = read(`${cgroupOf(id)}/cpu.stat`).split('\n')[0];
      await sleep(100);
      // not one of them takes a step
      expect(read(`${cgroupOf(id)}/cpu.stat`).split('\n')[0]).toBe(stopped);
      if (round < 4) h.ok(['resume', id]);
    }
    expect(h.state(id).status).toBe('paused');
    h.ok(['delete', '--force', id]);
    expect(existsSync(cgroupOf(id))).toBe(false);
    await h.expectNothingLeft();
  });

  it('that is frozen and thawed by others at the same time is killed all the same', async () => {
    const id = h.running([...BOMB, limits({ pids: { limit: 30 }, cpu, memory: { limit: 128 << 20 } })]);
    const racers = Array.from({ length: 3 }, () => [h.spawn(['pause', id]).ended, h.spawn(['resume', id]).ended]).flat();
    const kill = h.spawn(['kill', '--all', id, 'KILL']).ended;
    const results = await Promise.all(racers);
    for (const { status, stderr } of results) if (status !== 0) expect(stderr).toMatch(/not running|paused|stopped|frozen|thawed/);
    expect((await kill).status).toBe(0);
    h.ok(['delete', '--force', id]);
    await h.expectNothingLeft();
  });
});

describe('a memory hog', () => {
  it('ends alone: the machine loses no process, and the container says 137', () => {
    const before = Number(/^oom_kill (\d+)$/m.exec(read('/proc/vmstat'))?.[1]);
    const hog = 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo status $?';
    const { status, stdout } = h.run([shell(hog), limits({ memory: { limit: 32 << 20, swap: 32 << 20 } })]);
    expect([status, stdout]).toEqual([0, 'status 137\n']);
    expect(Number(/^oom_kill (\d+)$/m.exec(read('/proc/vmstat'))?.[1])).toBe(before + 1);
    alive();
  });

  it('in files of its /dev/shm is held by the same limit', () => {
    const { stdout } = h.run([
      shell('dd if=/dev/zero of=/dev/shm/x bs=1M count=60; echo status $?'),
      limits({ memory: { limit: 32 << 20, swap: 32 << 20 } }),
    ]);
    expect(stdout).toBe('status 137\n');
  });
});

describe('update', () => {
  it('of a container that forks and fills its memory all the time is done each time, and nothing ends by it', () => {
    const load = [
      'i=0; while [ $i -lt 3 ]; do (while :; do dd if=/dev/zero of=/dev/null bs=1M count=8 2>/dev/null; done) & i=$((i+1)); done',
      'wait',
    ].join('; ');
    const id = h.running([shell(load), limits({ pids: { limit: 60 }, cpu, memory: { limit: 128 << 20 } })]);
    for (let round = 0; round < 6; round++) {
      const [memory, pids, quota] = [64 + 16 * (round % 2), 30 + round, 20_000 + 5000 * round];
      h.ok(['update', '--memory', `${memory}m`, '--pids-limit', String(pids), '--cpu-quota', String(quota), id]);
      const files = ['memory.max', 'pids.max', 'cpu.max'].map((file) => read(`${cgroupOf(id)}/${file}`));
      expect(files).toEqual([String(memory << 20), String(pids), `${quota} 100000`]);
    }
    // what the machine has not is refused, and nothing of the same call is written
    const refused = h.tsrun(['update', '--pids-limit', '50', '--cpuset-cpus', '4095', id]);
    expect(refused.status).toBe(1);
    expect(read(`${cgroupOf(id)}/pids.max`)).toBe('35');
    expect(event(id, 'memory.events', 'oom_kill')).toBe(0);
    expect(h.state(id).status).toBe('running');
    h.ok(['delete', '--force', id]);
  });
});
