// What the executable holds of memory while it goes on: a foreground container, and streams that never end.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';

import { harness, hosts, shell, skipped, SLEEP, until, whyNoContainers, type Change } from './harness.js';

const h = harness('memory');

/** Kilobytes in the lines of a file below /proc/PID that begin with these names, added up. */
function kilobytes(pid: number, file: string, names: readonly string[]): number {
  const lines = readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\n');
  return names.reduce((sum, name) => {
    const line = lines.find((each) => each.startsWith(`${name}:`));
    if (line === undefined) throw new Error(`no ${name} in ${file}`);
    return sum + Number(/\d+/.exec(line)?.[0]);
  }, 0);
}

/** All that is in its page tables, also what it shares with another call that runs just now (man 5 proc_pid_smaps). */
const held = (pid: number): number => kilobytes(pid, 'smaps_rollup', ['Rss']);
/** Waits until what has begun its program holds no more than that. */
async function expectHeld(process: { readonly pid: number; readonly out: () => string }, most: number): Promise<void> {
  // before, it is still at work
  expect(await until(() => process.out() === 'ready\n')).toBe(true);
  await until(() => held(process.pid) <= most);
  expect(held(process.pid)).toBeLessThanOrEqual(most);
}

/** What it has written to, and what it has asked for. */
const written = (pid: number): number => kilobytes(pid, 'status', ['RssAnon']);
const asked = (pid: number): number => kilobytes(pid, 'status', ['VmData']);

/** Kilobytes: more than the C library asks for at a time, and much less than a few bytes a round. */
const FLAT = 160;

/** Runs a command that writes a line a round, and fails if it has more memory after `rounds` of them than after the first hundred. */
async function expectFlat(rounds: number, args: readonly string[], between: (round: number) => void = () => undefined): Promise<void> {
  const [program = '', ...rest] = [...(hosts[0]?.command ?? []), '--root', h.root, ...args];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const pid = child.pid ?? 0;
  const before = { written: 0, asked: 0 };
  const after = { written: 0, asked: 0 };
  let round = 0;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('{')) throw new Error(line);
      round++;
      if (round === 100) Object.assign(before, { written: written(pid), asked: asked(pid) });
      if (round === rounds) {
        Object.assign(after, { written: written(pid), asked: asked(pid) });
        break;
      }
      between(round);
    }
  } finally {
    child.kill('SIGKILL');
    await exit;
  }
  expect(round).toBe(rounds);
  expect(before.written).toBeGreaterThan(0);
  expect(after.written - before.written).toBeLessThan(FLAT);
  expect(after.asked - before.asked).toBeLessThan(FLAT);
}

describe.skipIf(skipped('memory', hosts[0]?.name === 'tsrun' ? whyNoContainers() : 'is for the executable'))('the executable', () => {
  // annotations of 4 MB, and a longer plan
  const large: Change = (config) => {
    config.annotations = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`org.example.${at}`, 'x'.repeat(4000)]));
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: Array.from({ length: 500 }, (_, value) => ({
        names: ['getcwd'],
        action: 'SCMP_ACT_ERRNO' as const,
        args: [{ index: 0, value, op: 'SCMP_CMP_EQ' as const }],
      })),
    };
    config.mounts.push(...Array.from({ length: 20 }, () => ({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' })));
  };

  it.each([
    ['a plain container', []],
    ['a large config', [large]],
  ])('holds 2 MB at most while it stays with %s, and does all that it has to in the end', async (_, changes) => {
    const id = h.id();
    const mark = h.path(h.id('poststop'));
    const poststop: Change = (c) => (c.hooks = { poststop: [{ path: '/bin/sh', args: ['sh', '-c', `cat >${mark}`] }] });
    const script = shell('trap "exit 7" USR1; echo ready; while :; do sleep 1000 & wait; done');
    const run = h.spawn(['run', '--bundle', h.bundle(script, poststop, ...changes), id]);
    await expectHeld(run, 2000);
    run.kill('SIGUSR1');
    expect(await run.ended).toEqual({ status: 7, stdout: 'ready\n', stderr: '' });
    expect(existsSync(mark) && readFileSync(mark, 'utf8')).toContain(id);
    await h.expectNothingLeft();
  });

  it('holds no more while it stays with a process of exec', async () => {
    const id = h.running();
    const exec = h.spawn(['exec', id, 'sh', '-c', 'trap "exit 8" USR1; echo ready; while :; do sleep 1000 & wait; done']);
    await expectHeld(exec, 2000);
    exec.kill('SIGUSR1');
    expect(await exec.ended).toEqual({ status: 8, stdout: 'ready\n', stderr: '' });
  });

  it('needs no more for many events than for a few', async () => {
    const id = h.running();
    await expectFlat(3000, ['events', '--interval', '1ms', id]);
  });

  it('needs no more for many rounds of top than for a few, whatever comes and goes', async () => {
    h.running();
    const bundle = h.bundle(shell(SLEEP));
    await expectFlat(500, ['top', '--interval', '10ms', '--count', '0', '--format', 'json'], (round) => {
      if (round % 50 !== 0) return;
      const id = h.id('coming');
      h.ok(['run', '--detach', '--bundle', bundle, id]);
      h.ok(['delete', '--force', id]);
    });
  });
});
