// CPU affinity of `exec` beside a cpuset, and where the container has made cgroups of its own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SLEEP, cgroupMount, harness, shell, skipped, whyNoContainers, type Change } from '../integration/harness.js';
import { Box, controllers, flagsOf, managers } from './box.js';

const h = harness('vm-cpu-affinity');

const online = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim();
const lacks =
  whyNoContainers() ??
  (controllers.includes('cpuset') ? undefined : 'this kernel has no cpuset') ??
  (online === '0' ? 'needs two processors, here is one' : undefined);

const SHOW = ['sh', '-c', 'grep -F Cpus_allowed_list: /proc/self/status; cat /proc/self/cgroup'];

/** What a container does that is to have cgroups with controllers of its own: its processes move below the one that it was given. */
function nest(cgroup: string): void {
  const inner = join(cgroup, 'inner');
  mkdirSync(inner);
  for (const pid of readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').trim().split('\n')) writeFileSync(join(inner, 'cgroup.procs'), pid);
  writeFileSync(join(cgroup, 'cgroup.subtree_control'), '+pids');
}

describe.skipIf(skipped('CPU affinity beside a cpuset', lacks)).each(managers)('by %s:', (manager) => {
  /** What a process of `exec` with that affinity finds: its CPUs and its cgroup. */
  function exec(box: Box, execCPUAffinity: Record<string, string>): { readonly cpus: string; readonly cgroup: string } {
    const path = h.path(h.id('process'));
    writeFileSync(path, JSON.stringify({ cwd: '/', args: SHOW, env: ['PATH=/bin'], execCPUAffinity }));
    const [cpus = '', cgroup = ''] = h
      .ok([...flagsOf(manager), 'exec', '--process', path, box.id])
      .trim()
      .split('\n');
    return { cpus: cpus.split(/\s+/)[1] ?? '', cgroup };
  }

  it('the cpuset has the last word: initial outside of it, final within, and outside refused', () => {
    const box = new Box(h, manager, { cpu: { cpus: '1' } });
    expect(exec(box, { initial: '0' }).cpus).toBe('1');
    expect(exec(box, { initial: '0', final: '0-1' }).cpus).toBe('1');
    expect(exec(box, { final: '1' }).cpus).toBe('1');
    const path = h.path(h.id('process'));
    writeFileSync(path, JSON.stringify({ cwd: '/', args: ['true'], env: ['PATH=/bin'], execCPUAffinity: { final: '0' } }));
    expect(h.refusal([...flagsOf(manager), 'exec', '--process', path, box.id], 255)).toMatch(
      /set final CPU affinity 0 .*: invalid argument$/,
    );
  });

  it.runIf(manager === 'cgroupfs')('follows it also without affinity, in a cgroup that was there before the container', () => {
    const id = h.id();
    const cgroup = join(cgroupMount() ?? '', h.tag, id);
    mkdirSync(cgroup, { recursive: true });
    const change: Change = (config) => {
      config.linux.cgroupsPath = `/${h.tag}/${id}`;
    };
    h.ok(['run', '--detach', '--bundle', h.bundle(shell(SLEEP), change), id]);
    nest(cgroup);
    expect(h.ok(['exec', id, ...SHOW])).toMatch(/\/inner\n$/);
  });

  it('follows the container into the cgroup that it has made for itself', () => {
    const box = new Box(h, manager, { cpu: { cpus: '0-1' } });
    nest(box.cgroup);
    const found = exec(box, { initial: '0', final: '1' });
    expect(found).toEqual({ cpus: '1', cgroup: expect.stringMatching(/\/inner$/) as string });
    box.end();
  });
});
