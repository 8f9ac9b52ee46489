// `kill` and `ps` of whole trees: processes that fork all the time, cgroups below the container's, threaded and frozen ones.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { cgroupMount, commandOf, harness, shell, skipped, sleep, until, whyNoContainers, without, type Change } from './harness.js';

const h = harness('trees');
const none = whyNoContainers() ?? (cgroupMount() === undefined ? 'no cgroup v2' : undefined);

/** Starts its successor and ends: who signals one pid at a time always comes too late. */
const RUNNER = 'sh /chain/run & exit';

/** A first process that TERM does not end, beside `count` runners. */
function runners(count: number): Change[] {
  const directory = h.path(h.id('chain'));
  mkdirSync(directory);
  writeFileSync(join(directory, 'run'), RUNNER);
  return [
    (config) => {
      config.mounts.push({ destination: '/chain', type: 'bind', source: directory, options: ['bind', 'ro'] });
    },
    shell(`trap : TERM; ${'sh /chain/run & '.repeat(count)} while :; do sleep 1000 & wait $!; done`),
  ];
}

const cgroupOf = (id: string): string => h.cgroups().find((path) => path.endsWith(id)) ?? '';
const pids = (id: string): number[] => JSON.parse(h.ok(['ps', '--format', 'json', id])) as number[];
const stopped = (id: string): Promise<boolean> => until(() => h.state(id).status === 'stopped');

/** The command lines of the processes there are now. */
function commands(id: string): string[] {
  const inside = readFileSync(join(cgroupOf(id), 'cgroup.procs'), 'utf8')
    .split('\n')
    .filter(Boolean);
  return inside.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  });
}

/** How many of the processes there are now run the chain. */
const chained = (id: string): number => commands(id).filter((command) => command === 'sh\0/chain/run\0').length;

/**
 * Whether the runners run and the first process has come to where it waits: it would start runners after a TERM, too, and a child of its
 * that has not executed yet does not end by one either.
 */
function underWay(id: string): boolean {
  const all = commands(id);
  const first = all.filter((command) => command.includes('trap : TERM'));
  return first.length === 1 && all.includes('sleep\x001000\0') && all.includes('sh\0/chain/run\0');
}

/** Whether nothing of the chain is seen in many looks: there is always one runner somewhere while it goes on. */
async function isOver(id: string): Promise<boolean> {
  // those that have the signal may still be on their way out
  await until(() => chained(id) === 0);
  let seen = 0;
  for (let look = 0; look < 30; look++) {
    seen += chained(id);
    await sleep(10);
  }
  return seen === 0;
}

describe.skipIf(skipped('trees', none))('a whole tree', () => {
  it.each([
    ['with a pid namespace', []],
    ['without', [without('pid')]],
  ] as const)('of processes that fork all the time gets any signal at once, %s', async (_, changes) => {
    const id = h.running([...runners(3), ...changes]);
    expect(await until(() => underWay(id))).toBe(true);
    h.ok(['kill', '--all', id, 'TERM']);
    expect(await isOver(id)).toBe(true);
    // and it goes on, as far as it did not end
    expect(h.state(id).status).toBe('running');
    expect(readFileSync(join(cgroupOf(id), 'cgroup.freeze'), 'utf8')).toBe('0\n');
    h.ok(['delete', '--force', id]);
    await h.expectNothingLeft();
  });

  it.each([
    ['kill --all KILL', ['kill', '--all'], []],
    ['kill KILL without a pid namespace', ['kill'], [without('pid')]],
    ['delete --force', ['delete', '--force'], [without('pid')]],
  ] as const)('ends by %s, however it forks', async (_, [command, ...flags], changes) => {
    for (let round = 0; round < 5; round++) {
      const id = h.running([...runners(3), ...changes]);
      expect(await until(() => chained(id) > 0)).toBe(true);
      h.ok([command, ...flags, id, ...(command === 'kill' ? ['KILL'] : [])]);
      if (command === 'kill') {
        expect(await stopped(id)).toBe(true);
        h.ok(['delete', id]);
      }
      expect(h.cgroups()).toEqual([]);
    }
    await h.expectNothingLeft();
  });

  it('in cgroups below, threaded and frozen ones too', async () => {
    const id = h.running([shell('trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'), without('pid')]);
    // a child of its that has not executed yet does not end by a signal
    expect(await until(() => commands(id).includes('sleep\x001000\0'))).toBe(true);
    const top = cgroupOf(id);
    for (const path of ['a', 'a/b', 'frozen', 'domain', 'domain/threaded']) mkdirSync(join(top, path));
    const inner = (cgroup: string, ...args: string[]): number => {
      h.ok(['exec', '--detach', '--cgroup', cgroup, '--pid-file', h.path('pid'), id, ...args]);
      return Number(readFileSync(h.path('pid'), 'utf8'));
    };
    const found = ['a/b', 'domain'].map((cgroup) => inner(cgroup, 'sleep', '1000'));
    for (const pid of found) expect(await commandOf(pid)).toBe('sleep\x001000\0');
    // what it has no handler for would end it at once, frozen or not
    const frozen = inner('frozen', 'sh', '-c', 'trap "exit 0" TERM; echo up >/dev/shm/up; while :; do sleep 0.1; done');
    expect(await until(() => existsSync(`/proc/${frozen}/root/dev/shm/up`))).toBe(true);
    writeFileSync(join(top, 'domain/threaded/cgroup.type'), 'threaded');
    // its only thread, so that its process is the domain's
    writeFileSync(join(top, 'domain/threaded/cgroup.threads'), String(found[1]));
    writeFileSync(join(top, 'frozen/cgroup.freeze'), '1');
    expect(pids(id)).toEqual(expect.arrayContaining([h.state(id).pid, frozen, ...found]));
    const table = h.ok(['ps', id, '-o', 'pid,args']);
    for (const pid of found) expect(table).toMatch(new RegExp(`^ *${pid} sleep 1000$`, 'm'));
    h.ok(['kill', '--all', id, 'TERM']);
    // all but the frozen one end
    expect(await stopped(id)).toBe(true);
    expect(await until(() => pids(id).length === 1)).toBe(true);
    expect(pids(id)).toEqual([frozen]);
    expect(readFileSync(join(top, 'frozen/cgroup.freeze'), 'utf8')).toBe('1\n');
    h.ok(['kill', '--all', id, 'KILL']);
    expect(await until(() => pids(id).length === 0)).toBe(true);
    h.ok(['delete', id]);
    expect(existsSync(top)).toBe(false);
    await h.expectNothingLeft();
  });

  it('that is paused gets it when it goes on, and stays paused', async () => {
    const id = h.running([...runners(2), without('pid')]);
    expect(await until(() => underWay(id))).toBe(true);
    h.ok(['pause', id]);
    h.ok(['kill', '--all', id, 'TERM']);
    expect(h.state(id).status).toBe('paused');
    h.ok(['resume', id]);
    expect(await isOver(id)).toBe(true);
  });

  it('in a threaded cgroup: its processes are listed, and end', async () => {
    const parent = join(cgroupMount() ?? '', `${h.tag}-domain`);
    mkdirSync(join(parent, `${h.tag}-threaded`), { recursive: true });
    writeFileSync(join(parent, `${h.tag}-threaded/cgroup.type`), 'threaded');
    const id = h.running([
      shell('sleep 1000 & wait'),
      without('pid'),
      (config) => {
        config.linux.cgroupsPath = `/${h.tag}-domain/${h.tag}-threaded`;
        delete config.linux.resources;
      },
    ]);
    expect(await until(() => pids(id).length === 2)).toBe(true);
    expect(pids(id)).toContain(h.state(id).pid);
    h.ok(['pause', id]);
    expect(h.state(id).status).toBe('paused');
    h.ok(['delete', '--force', id]);
    // it was there before
    expect(readFileSync(join(parent, `${h.tag}-threaded/cgroup.events`), 'utf8')).toContain('populated 0');
    rmdirSync(join(parent, `${h.tag}-threaded`));
  });
});
