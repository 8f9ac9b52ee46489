// `pause` and `resume`, and what the other commands do with a paused container.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SLEEP, cgroupMount, harness, hosts, isAlive, shell, skipped, sleep, until, whyNoContainers, without } from './harness.js';

const h = harness('freezer');
const none = whyNoContainers() ?? (cgroupMount() === undefined ? 'no cgroup v2' : undefined);

/** Counts as fast as it can, in a file that we see. */
function counter(file: string): Parameters<typeof h.running>[0] {
  writeFileSync(file, '');
  return [
    (config) => {
      config.mounts.push({ destination: '/count', type: 'bind', source: file, options: ['bind'] });
    },
    shell('trap "echo got >>/count; exit 3" TERM; while :; do echo >>/count; sleep 0.01; done'),
  ];
}

function refusal(args: readonly string[], status = 1): string {
  const called = h.tsrun(args);
  expect(called.status).toBe(status);
  return called.stderr;
}

const status = (id: string): string => h.state(id).status;
/** Whether it counts within this time, which is as long as it may take, or enough to believe that it does not. */
const grows = async (file: string, milliseconds?: number): Promise<boolean> => {
  const size = readFileSync(file).length;
  return until(() => readFileSync(file).length > size, milliseconds);
};
const cgroupOf = (id: string): string => h.cgroups().find((path) => path.endsWith(id)) ?? '';

describe.skipIf(skipped('freezer', none))('a paused container', () => {
  it.each(hosts)('stands still until it is resumed ($name)', async (host) => {
    const file = h.path(h.id('count'));
    const id = h.running(counter(file), { host });
    expect(await grows(file)).toBe(true);
    expect(h.ok(['pause', id], { host })).toBe('');
    expect(status(id)).toBe('paused');
    const size = readFileSync(file).length;
    await sleep(300);
    expect(readFileSync(file).length).toBe(size);
    expect(refusal(['pause', id])).toContain('container not running');
    expect(refusal(['start', id])).toContain('cannot start a container in the paused state');
    expect(refusal(['delete', id])).toContain(`cannot delete container ${id} that is not stopped: paused`);
    expect(refusal(['exec', id, 'true'], 255)).toContain('cannot exec in a paused container');
    expect(JSON.parse(h.ok(['ps', '--format', 'json', id]))).toContain(h.state(id).pid);
    expect(h.ok(['resume', id], { host })).toBe('');
    expect(status(id)).toBe('running');
    expect(await grows(file)).toBe(true);
    expect(refusal(['resume', id])).toContain('container not paused');
  });

  it('gets its signals when it goes on, but for KILL', async () => {
    const file = h.path(h.id('count'));
    const [first, second] = [h.running(counter(file)), h.running()];
    // its handler is there: as the first of its namespace it does not hear what it has none for
    expect(await grows(file)).toBe(true);
    h.ok(['pause', first]);
    h.ok(['pause', second]);
    h.ok(['kill', first, 'TERM']);
    await sleep(200);
    expect(status(first)).toBe('paused');
    expect(readFileSync(file, 'utf8')).not.toContain('got');
    h.ok(['kill', second, 'KILL']);
    expect(await until(() => status(second) === 'stopped')).toBe(true);
    h.ok(['resume', first]);
    expect(await until(() => status(first) === 'stopped')).toBe(true);
    expect(readFileSync(file, 'utf8')).toMatch(/\ngot\n$/);
    for (const id of [first, second]) {
      expect(refusal(['pause', id])).toContain('container not running');
      expect(refusal(['resume', id])).toContain('container not paused');
      h.ok(['delete', id]);
    }
    await h.expectNothingLeft();
  });

  it('is removed by delete --force', async () => {
    const id = h.running();
    h.ok(['pause', id]);
    h.ok(['delete', '--force', id]);
    await h.expectNothingLeft();
  });

  it('takes a program with --ignore-paused, which waits', async () => {
    const id = h.running();
    h.ok(['pause', id]);
    const call = h.spawn(['exec', '--ignore-paused', id, 'echo', 'late']);
    await sleep(500);
    expect(isAlive(call.pid)).toBe(true);
    expect(call.out()).toBe('');
    h.ok(['resume', id]);
    expect(await call.ended).toEqual({ status: 0, stdout: 'late\n', stderr: '' });
  });

  it('in the foreground: who ran it waits with it', async () => {
    const id = h.id();
    const call = h.spawn(['run', '--bundle', h.bundle(shell('trap "exit 5" TERM; echo up; while :; do sleep 0.01; done')), id]);
    expect(await until(() => call.out() === 'up\n')).toBe(true);
    h.ok(['pause', id]);
    process.kill(call.pid, 'SIGTERM');
    await sleep(300);
    expect(isAlive(call.pid)).toBe(true);
    h.ok(['resume', id]);
    expect(await call.ended).toMatchObject({ status: 5 });
    await h.expectNothingLeft();
  });

  it('that was not started yet', () => {
    const id = h.id();
    h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id]);
    h.ok(['pause', id]);
    expect(status(id)).toBe('paused');
    expect(refusal(['start', id])).toContain('paused');
    h.ok(['resume', id]);
    expect(status(id)).toBe('created');
    h.ok(['start', id]);
    expect(status(id)).toBe('running');
  });

  it('by two callers at once, and by two that let it go on', async () => {
    const id = h.running();
    for (const [command, words, after] of [
      ['pause', 'container not running', 'paused'],
      ['resume', 'container not paused', 'running'],
    ] as const) {
      const results = await Promise.all([h.spawn([command, id]).ended, h.spawn([command, id]).ended]);
      expect(results.map((result) => result.status)).toContain(0);
      for (const result of results.filter((each) => each.status !== 0)) expect(result.stderr).toContain(words);
      expect(status(id)).toBe(after);
    }
  });

  it('while others pause and resume it ends as one of them left it', async () => {
    const file = h.path(h.id('count'));
    const id = h.running(counter(file));
    const calls = Array.from({ length: 16 }, (_, at) => h.spawn([at % 2 === 0 ? 'pause' : 'resume', id]).ended);
    for (const { stderr } of await Promise.all(calls)) {
      if (stderr !== '') expect(stderr).toMatch(/container not (running|paused)|someone else thawed it meanwhile/);
    }
    if (status(id) === 'paused') h.ok(['resume', id]);
    expect(await grows(file)).toBe(true);
  });

  it('frozen by someone else is paused, and can be resumed', async () => {
    const file = h.path(h.id('count'));
    const id = h.running(counter(file));
    writeFileSync(join(cgroupOf(id), 'cgroup.freeze'), '1');
    expect(await until(() => status(id) === 'paused')).toBe(true);
    h.ok(['resume', id]);
    expect(await grows(file)).toBe(true);
  });

  it('below a frozen cgroup is resumed in itself, and says why it stands still', async () => {
    const file = h.path(h.id('count'));
    const parent = join(cgroupMount() ?? '', `${h.tag}-parent`);
    mkdirSync(parent);
    const id = h.running([
      ...(counter(file) ?? []),
      (config) => {
        config.linux.cgroupsPath = `/${h.tag}-parent/${h.tag}-inner`;
      },
    ]);
    writeFileSync(join(parent, 'cgroup.freeze'), '1');
    // its own freezer is open
    expect(status(id)).toBe('running');
    h.ok(['pause', id]);
    expect(status(id)).toBe('paused');
    const resumed = h.tsrun(['resume', id]);
    expect(resumed.status).toBe(0);
    expect(resumed.stderr).toContain(`goes on only when the cgroup above it is thawed: ${parent}`);
    expect(await grows(file, 1000)).toBe(false);
    writeFileSync(join(parent, 'cgroup.freeze'), '0');
    expect(await grows(file)).toBe(true);
    h.ok(['delete', '--force', id]);
    expect(await until(() => !existsSync(join(parent, `${h.tag}-inner`)))).toBe(true);
    rmdirSync(parent);
  });

  it('with cgroups of its own below, and without a pid namespace', async () => {
    const file = h.path(h.id('count'));
    const id = h.running([...(counter(file) ?? []), without('pid')]);
    const sub = join(cgroupOf(id), 'sub');
    mkdirSync(sub);
    const inner = h.spawn(['exec', '--cgroup', 'sub', id, 'sh', '-c', 'echo up; while :; do echo >>/count; sleep 0.01; done']);
    // the program itself by then, not what becomes it: that would be an exec that failed
    expect(await until(() => inner.out() === 'up\n')).toBe(true);
    expect(readFileSync(join(sub, 'cgroup.procs'), 'utf8')).not.toBe('');
    h.ok(['pause', id]);
    expect(await grows(file, 1000)).toBe(false);
    h.ok(['kill', id, 'KILL']);
    expect(await until(() => status(id) === 'stopped')).toBe(true);
    expect(await inner.ended).toMatchObject({ status: 137 });
    h.ok(['delete', id]);
    await h.expectNothingLeft();
  });

  it('without a cgroup there is none', () => {
    const id = h.id();
    h.ok(['--cgroup-manager', 'disabled', 'run', '--detach', '--bundle', h.bundle(shell(SLEEP)), id]);
    expect(refusal(['pause', id])).toContain(`cannot pause container ${id}: it has no cgroup, and so no freezer`);
    expect(refusal(['resume', id])).toContain('container not paused');
    expect(refusal(['pause', h.id('none')])).toContain('does not exist');
  });
});
