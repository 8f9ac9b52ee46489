// `events`: the stream and the single line, with what cgroup v2 counts everywhere (the limits themselves: test/vm/events.test.ts).
import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { decodeEvent } from '../fixtures/go-runc.js';
import { SLEEP, cgroupMount, dist, harness, hosts, shell, skipped, until, whyNoContainers } from './harness.js';

const h = harness('events');
const none = whyNoContainers() ?? (cgroupMount() === undefined ? 'no cgroup v2' : undefined);

interface Stats {
  readonly type: string;
  readonly id: string;
  readonly data: { readonly cpu: { readonly usage: { readonly total: bigint } }; readonly pids: { readonly current: bigint } };
}

const decoded = (text: string): Stats[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => decodeEvent(line) as unknown as Stats);

/** How many events there are by now, of which the last may be half written. */
const count = (out: string): number => out.split('\n').length - 1;

/** Whether a process has a cgroup's event file open. */
function isWatching(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith('/cgroup.events'));
  } catch {
    return false;
  }
}

function refusal(args: readonly string[]): string {
  const called = h.tsrun(args);
  expect(called.status).toBe(1);
  return called.stderr;
}

describe.skipIf(skipped('events', none))('events', () => {
  it.each(hosts)('--stats is one line that go-runc decodes ($name)', (host) => {
    const id = h.running([shell('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000')], { host });
    const [event, ...more] = decoded(h.ok(['events', '--stats', id], { host }));
    expect(more).toEqual([]);
    expect(event).toMatchObject({ type: 'stats', id });
    expect(event?.data.cpu.usage.total).toBeGreaterThan(0n);
  });

  it.each(hosts)('every interval, until the container ends ($name)', async (host) => {
    const id = h.running(undefined, { host });
    const stream = h.spawn(['events', '--interval', '100ms', id], { host });
    expect(await until(() => count(stream.out()) >= 3)).toBe(true);
    h.ok(['kill', id, 'KILL']);
    const { status, stdout, stderr } = await stream.ended;
    expect(status).toBe(0);
    expect(stderr.replace(/^.*no out-of-memory events of container.*\n/, '')).toBe('');
    const totals = decoded(stdout).map((event) => event.data.cpu.usage.total);
    expect(totals).toEqual(totals.toSorted((one, other) => Number(one - other)));
    h.ok(['delete', id]);
    await h.expectNothingLeft();
  });

  it('ends too when the container is removed at once, and waits for one that is not started', async () => {
    const id = h.id();
    h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id]);
    // longer than what comes takes: nothing is told of it meanwhile
    const stream = h.spawn(['events', '--interval', '1h', id]);
    expect(await until(() => isWatching(stream.pid))).toBe(true);
    h.ok(['start', id]);
    h.ok(['delete', '--force', id]);
    expect(await stream.ended).toMatchObject({ status: 0, stdout: '' });
    await h.expectNothingLeft();
  });

  it('of a paused container go on', async () => {
    const id = h.running();
    h.ok(['pause', id]);
    const stream = h.spawn(['events', '--interval', '50ms', id]);
    expect(await until(() => count(stream.out()) >= 2)).toBe(true);
    h.ok(['kill', id, 'KILL']);
    expect(await stream.ended).toMatchObject({ status: 0 });
  });

  it('ends when nobody reads it any more', async () => {
    const id = h.running();
    const child = spawn(join(dist, 'tsrun'), ['--root', h.root, 'events', '--interval', '20ms', id], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect({ status, said: said.replace(/^.*no out-of-memory events of container.*\n/, '') }).toEqual({ status: 0, said: '' });
  });

  it('is ended by a signal', async () => {
    const id = h.running();
    const stream = h.spawn(['events', '--interval', '50ms', id]);
    expect(await until(() => count(stream.out()) >= 1)).toBe(true);
    process.kill(stream.pid, 'SIGTERM');
    expect((await stream.ended).status).toBe(143);
  });

  it('refuses what runc refuses, in its words', async () => {
    const id = h.running();
    for (const interval of ['0', '0s', '-5s', '-1ns']) {
      expect(refusal(['events', `--interval=${interval}`, id])).toContain('duration interval must be greater than 0');
      expect(refusal(['events', '--stats', `--interval=${interval}`, id])).toContain('duration interval must be greater than 0');
    }
    expect(refusal(['events', '--interval', '5', id])).toContain('for flag -interval: time: missing unit in duration');
    h.ok(['kill', id, 'KILL']);
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
    for (const args of [
      ['events', id],
      ['events', '--stats', id],
    ])
      expect(refusal(args)).toContain(`container with id ${id} is not running`);
    expect(refusal(['events', h.id('none')])).toContain('does not exist');
    const outside = h.id();
    h.ok(['--cgroup-manager', 'disabled', 'run', '--detach', '--bundle', h.bundle(shell(SLEEP)), outside]);
    expect(refusal(['events', '--stats', outside])).toContain(`no statistics of container ${outside}: it has no cgroup`);
  });
});
