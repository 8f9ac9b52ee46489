// `process.execCPUAffinity`: on which CPUs a process of `exec` runs, before and after it is in the container's cgroup.
import { readFileSync, writeFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { type Change, harness, hosts, shell, skipped, SLEEP, whyNoContainers } from './harness.js';

const h = harness('cpu-affinity');

/** As the kernel writes it: `0-1`. */
const allowed = (status: string): string => /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '';
const ours = allowed(readFileSync('/proc/self/status', 'utf8'));
const oneCpu = /^0-\d+$|^0,1\b/.test(ours) ? undefined : `needs the CPUs 0 and 1, here are "${ours}"`;

const LIST = ['grep', '-F', 'Cpus_allowed_list:', '/proc/self/status'];

function affinity(execCPUAffinity: Record<string, string>): Change {
  return (config) => {
    config.process.execCPUAffinity = execCPUAffinity;
  };
}

describe.skipIf(skipped('CPU affinity', whyNoContainers() ?? oneCpu)).each(hosts)('CPU affinity under $name', (host) => {
  const bySleeper = (...changes: Change[]): string => h.running([shell(SLEEP), ...changes], { host });
  const exec = (id: string): string => allowed(h.ok(['exec', id, ...LIST], { host }));
  /** The same by a process file with that property. */
  function byFile(execCPUAffinity?: Record<string, string>): string {
    const process = { cwd: '/', args: LIST, env: ['PATH=/bin'], ...(execCPUAffinity === undefined ? {} : { execCPUAffinity }) };
    const path = h.path(h.id('process'));
    writeFileSync(path, JSON.stringify(process));
    return path;
  }
  const execFile = (id: string, execCPUAffinity?: Record<string, string>): string =>
    allowed(h.ok(['exec', '--process', byFile(execCPUAffinity), id], { host }));

  it('is that of the config, for exec alone', () => {
    const id = bySleeper(affinity({ initial: '0', final: '1' }));
    expect(allowed(readFileSync(`/proc/${h.state(id).pid}/status`, 'utf8'))).toBe(ours);
    expect(exec(id)).toBe('1');
  });

  it('is that of the process file, or without one there the config’s', () => {
    const id = bySleeper(affinity({ initial: '0', final: '1' }));
    expect(execFile(id, { initial: '1', final: '0' })).toBe('0');
    expect(execFile(id, { final: '0,1' })).toBe('0-1');
    expect(execFile(id)).toBe('1');
    expect(execFile(id, {})).toBe('1');
  });

  it.each(['0', '1', '0-1', '0,1'])('of %s initially is kept where no cpuset says otherwise', (cpus) => {
    expect(execFile(bySleeper(), { initial: cpus })).toBe(cpus.replace(',', '-'));
  });

  it('is bound before the process is moved into the cgroup, and again behind that', () => {
    const id = bySleeper();
    const { status, stderr, stdout } = h.tsrun(['--debug', 'exec', '--process', byFile({ initial: '1', final: '0' }), id], { host });
    expect({ status, list: allowed(stdout) }).toEqual({ status: 0, list: '0' });
    const steps = [...stderr.matchAll(/step \d+ of \d+, (affinity \w+ [^\s:]+|ask cgroup|joinProcess process)/g)].map(([, step]) => step);
    expect(steps).toEqual(['affinity initial 1', 'ask cgroup', 'affinity final 0', 'joinProcess process']);
  });

  it('puts the process into the container’s cgroup, as without one', () => {
    const id = bySleeper(affinity({ initial: '0' }));
    const cgroup = (pid: string): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    h.ok(['exec', '--detach', '--pid-file', h.path('pid'), id, 'sh', '-c', SLEEP], { host });
    const pid = readFileSync(h.path('pid'), 'utf8');
    expect(cgroup(pid)).toBe(cgroup(String(h.state(id).pid)));
    expect(cgroup(pid)).toContain(id);
  });

  it('is forgotten without one: the caller’s is not the container’s', () => {
    const id = bySleeper();
    const bound = { name: host.name, command: ['taskset', '-c', '0', ...host.command] };
    expect(allowed(h.ok(['exec', id, ...LIST], { host: bound }))).toBe(ours);
  });

  it('that the kernel does not have is a failure in words, and leaves nothing', async () => {
    const id = bySleeper();
    for (const kind of ['initial', 'final']) {
      expect(h.refusal(['exec', '--process', byFile({ [kind]: '60000' }), id], 255, { host })).toMatch(
        new RegExp(`set ${kind} CPU affinity 60000 \\(step \\d+ of \\d+, affinity\\): invalid argument$`),
      );
    }
    h.ok(['delete', '--force', id], { host });
    await h.expectNothingLeft();
  });

  it('that is no list is refused', () => {
    const id = bySleeper();
    expect(h.refusal(['exec', '--process', byFile({ initial: '0-' }), id], 255, { host })).toContain(
      '/execCPUAffinity/initial: invalid list of CPUs "0-"',
    );
    expect(h.refusal(['run', '--bundle', h.bundle(affinity({ final: 'x' })), h.id()], 1, { host })).toContain(
      '/process/execCPUAffinity/final: invalid list of CPUs "x"',
    );
  });
});
