// `update` as far as a host with few controllers goes: the files of the cgroup core are there everywhere. test/vm has the limits.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SLEEP, cgroupMount, harness, shell, skipped, until, whyNoContainers, type Called } from './harness.js';

const h = harness('update');

describe.skipIf(skipped('update', whyNoContainers()))('update', () => {
  const cgroupOf = (id: string): string => join(cgroupMount() ?? '', h.tag, id);

  /** A container with these unified resources, in a cgroup of the test. */
  const container = (unified: Readonly<Record<string, string>> = {}): string => {
    const id = h.id();
    const bundle = h.bundle(shell(SLEEP), (config) => {
      config.linux.cgroupsPath = `/${h.tag}/${id}`;
      config.linux.resources = { unified };
    });
    h.ok(['create', '--bundle', bundle, id]);
    return id;
  };
  const change = (id: string, resources: unknown): Called =>
    h.tsrun(['update', '--resources', '-', id], { input: typeof resources === 'string' ? resources : JSON.stringify(resources) });
  const unified = (id: string, files: Readonly<Record<string, string>>): Called => change(id, { unified: files });
  const holds = (id: string, file: string): string => readFileSync(join(cgroupOf(id), file), 'utf8').trim();
  const saved = (id: string): unknown =>
    (JSON.parse(readFileSync(join(h.root, id, 'config.json'), 'utf8')) as { linux: { resources: unknown } }).linux.resources;
  const done = { status: 0, stdout: '', stderr: '' };
  const containing = (words: string): string => expect.stringContaining(words) as string;

  it('of a created, a running and a paused container, saved beside what there was', () => {
    const id = container({ 'cgroup.max.depth': '5' });
    expect(unified(id, { 'cgroup.max.descendants': '6' })).toMatchObject(done);
    h.ok(['start', id]);
    expect(unified(id, { 'cgroup.max.depth': '7' })).toMatchObject(done);
    expect([holds(id, 'cgroup.max.depth'), holds(id, 'cgroup.max.descendants')]).toEqual(['7', '6']);
    writeFileSync(join(cgroupOf(id), 'cgroup.freeze'), '1');
    expect(h.state(id).status).toBe('paused');
    expect(unified(id, { 'cgroup.max.descendants': 'max' })).toMatchObject(done);
    expect(saved(id)).toEqual({ unified: { 'cgroup.max.depth': '7', 'cgroup.max.descendants': 'max' } });
    writeFileSync(join(cgroupOf(id), 'cgroup.freeze'), '0');
    // and an exec still reads what is saved
    expect(h.ok(['exec', id, 'echo', 'here'])).toBe('here\n');
    expect(statSync(join(h.root, id, 'config.json')).mode & 0o777).toBe(0o600);
  });

  it('from a file, and with nothing to change', () => {
    const id = container();
    const file = h.path('resources.json');
    writeFileSync(file, '{"unified":{"cgroup.max.depth":"3"},"devices":[{"allow":false}],"memory":{"limit":0},"cpu":{},"pids":{}}');
    expect(h.tsrun(['update', '-r', 'resources.json', id])).toMatchObject(done);
    expect(holds(id, 'cgroup.max.depth')).toBe('3');
    expect(h.tsrun(['update', id])).toMatchObject(done);
    expect(h.tsrun(['update', '--memory', '', '--kernel-memory', '0', id])).toMatchObject(done);
  });

  it('what is refused changes nothing', () => {
    const id = container({ 'cgroup.max.depth': '5' });
    const before = JSON.stringify(saved(id));
    const refused = (resources: unknown): string => {
      const { status, stderr } = change(id, resources);
      expect(status).toBe(1);
      expect([holds(id, 'cgroup.max.depth'), JSON.stringify(saved(id))]).toEqual(['5', before]);
      return stderr;
    };
    const ok = { 'cgroup.max.depth': '9' };
    expect(refused({ unified: ok, memory: { limit: 'x' } })).toContain('/memory/limit: must be an integer');
    expect(refused({ unified: ok, cpu: { quota: 5, burst: 6 } })).toContain('/cpu/burst: must not be above the quota 5, is 6');
    expect(refused({ unified: ok, memory: { limit: 6, swap: 5 } })).toContain('/memory/swap: counts memory too');
    expect(refused({ unified: { ...ok, 'cgroup.procs': '1' } })).toContain('/unified/cgroup.procs: is for the runtime only');
    expect(refused({ unified: { ...ok, 'nothing.max': '1' } })).toContain('has no \\"nothing\\" controller');
    // by the kernel, and after the first was written
    expect(refused({ unified: { ...ok, 'cgroup.max.descendants': 'many' } })).toContain(
      '/linux/resources/unified/cgroup.max.descendants: write \\"many\\"',
    );
    expect(refused('{"unified":')).toContain('standard input: ');
    expect(h.tsrun(['update', '--resources', 'nowhere.json', id]).stderr).toContain('nowhere.json: no such file or directory');
    expect(h.tsrun(['update', '--memory', 'big', id]).stderr).toContain("invalid size: 'big'");
    expect(h.tsrun(['update', '--l3-cache-schema', 'L3:0=f', id]).stderr).toContain('l3 cache schema is not enabled');
  });

  it('not of a stopped container, and not of none', async () => {
    const id = container();
    h.ok(['start', id]);
    h.ok(['kill', id, 'KILL']);
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
    expect(unified(id, { 'cgroup.max.depth': '9' })).toMatchObject({ status: 1, stderr: containing('container not running') });
    expect(h.tsrun(['update', 'nobody'])).toMatchObject({ status: 1, stderr: containing('does not exist') });
  });

  it('two at a time lose nothing', async () => {
    const id = container();
    const each = Array.from(
      { length: 6 },
      (_, index) => [`cgroup.max.${index % 2 === 0 ? 'depth' : 'descendants'}`, String(index)] as const,
    );
    const calls = each.map(([file, value]) =>
      h.spawn(['update', '--resources', '-', id], { input: JSON.stringify({ unified: { [file]: value } }) }),
    );
    expect((await Promise.all(calls.map(({ ended }) => ended))).map(({ status, stderr }) => ({ status, stderr }))).toEqual(
      each.map(() => ({ status: 0, stderr: '' })),
    );
    const files = { 'cgroup.max.depth': holds(id, 'cgroup.max.depth'), 'cgroup.max.descendants': holds(id, 'cgroup.max.descendants') };
    expect(saved(id)).toEqual({ unified: files });
  });

  it('without a cgroup, nothing can be limited', () => {
    const id = h.id();
    h.ok(['--cgroup-manager', 'disabled', 'create', '--bundle', h.bundle(), id]);
    expect(h.tsrun(['update', '--cpu-idle', '1', id])).toMatchObject({
      status: 1,
      stderr: containing('/linux/resources/cpu/idle: cannot set limits without cgroups'),
    });
    expect(h.tsrun(['update', id])).toMatchObject(done);
  });
});
