import { describe, expect, it } from 'vitest';

import { processOf } from '../../../src/lifecycle/exec-process.js';
import type { ExecOptions } from '../../../src/lifecycle/options.js';
import type { Capabilities, Process, Spec } from '../../../src/spec/types.js';

const own: Process = {
  args: ['init'],
  cwd: '/srv',
  env: ['A=1', 'B=2'],
  terminal: true,
  user: { uid: 5, gid: 6, umask: 0o27, additionalGids: [7] },
  noNewPrivileges: false,
  apparmorProfile: 'own',
  selinuxLabel: 'own',
  oomScoreAdj: 9,
};

function merged(options: Partial<ExecOptions>, process: Process = own): Process {
  const spec: Spec = { ociVersion: '1.2.0', process };
  return processOf(spec, { root: '/r', id: 'c', warn: () => undefined, args: ['ls'], ...options }, null);
}

describe('a process file', () => {
  it('is taken as it is, whatever the command line says', () => {
    const file: Process = { args: ['x'], cwd: '/' };
    const options: ExecOptions = { root: '/r', id: 'c', warn: () => undefined, args: ['ls'], cwd: '/y', tty: true, caps: ['CAP_BPF'] };
    expect(processOf({ ociVersion: '1.2.0', process: own }, options, file)).toBe(file);
    expect(processOf({ ociVersion: '1.2.0' }, options, file)).toBe(file);
  });
});

describe('the CPUs of a process file', () => {
  const config = (execCPUAffinity: Process['execCPUAffinity']): Spec => ({ ociVersion: '1.2.0', process: { ...own, execCPUAffinity } });
  const options: ExecOptions = { root: '/r', id: 'c', warn: () => undefined };
  const file: Process = { args: ['x'], cwd: '/' };

  it('are its own', () => {
    const own = { ...file, execCPUAffinity: { final: '3' } };
    expect(processOf(config({ initial: '1', final: '2' }), options, own)).toBe(own);
  });

  it.each([undefined, {}, { initial: '', final: '' }])('of which there are none (%j) are the config’s', (execCPUAffinity) => {
    expect(processOf(config({ initial: '1' }), options, { ...file, execCPUAffinity }).execCPUAffinity).toEqual({ initial: '1' });
  });
});

describe("the command line, over the container's process", () => {
  it('changes the program and nothing else but the terminal', () => {
    expect(merged({})).toEqual({ ...own, args: ['ls'], terminal: false });
  });

  it('has a terminal only if it asks for one', () => {
    expect(merged({ tty: true }).terminal).toBe(true);
    expect(merged({ tty: false }).terminal).toBe(false);
  });

  it('adds to the environment', () => {
    expect(merged({ env: ['B=3', 'C=4'] }).env).toEqual(['A=1', 'B=2', 'B=3', 'C=4']);
    expect(merged({ env: ['C=4'] }, { args: ['x'], cwd: '/' }).env).toEqual(['C=4']);
  });

  it('says where and as whom', () => {
    expect(merged({ cwd: '/tmp' }).cwd).toBe('/tmp');
    expect(merged({ user: { uid: 8 } }).user).toEqual({ uid: 8, gid: 6, umask: 0o27, additionalGids: [7] });
    expect(merged({ user: { uid: 8, gid: 9 } }).user).toEqual({ uid: 8, gid: 9, umask: 0o27, additionalGids: [7] });
  });

  it('adds groups', () => {
    expect(merged({ additionalGids: [1, 2] }).user?.additionalGids).toEqual([7, 1, 2]);
    expect(merged({ additionalGids: [] }).user?.additionalGids).toEqual([7]);
  });

  it('sets labels', () => {
    expect(merged({ processLabel: 'l', apparmor: 'p' })).toMatchObject({ selinuxLabel: 'l', apparmorProfile: 'p' });
  });

  it('can forbid new privileges, and never allows them', () => {
    expect(merged({ noNewPrivs: true }).noNewPrivileges).toBe(true);
    expect(merged({ noNewPrivs: false }, { ...own, noNewPrivileges: true }).noNewPrivileges).toBe(true);
  });

  it('needs a program', () => {
    expect(() => merged({ args: [] })).toThrow('exec: a command or --process is required');
  });

  it('needs a process in the config', () => {
    const options: ExecOptions = { root: '/r', id: 'c', warn: () => undefined, args: ['ls'] };
    expect(() => processOf({ ociVersion: '1.2.0' }, options, null)).toThrow('the container has no process to take defaults from');
  });
});

describe('--cap', () => {
  const caps = (names: readonly string[], capabilities?: Capabilities) =>
    merged({ caps: names }, { ...own, ...(capabilities === undefined ? {} : { capabilities }) }).capabilities;

  it('is added to bounding, effective and permitted', () => {
    expect(caps(['CAP_BPF'], { bounding: ['CAP_KILL'], effective: [], permitted: ['CAP_KILL'] })).toEqual({
      bounding: ['CAP_KILL', 'CAP_BPF'],
      effective: ['CAP_BPF'],
      permitted: ['CAP_KILL', 'CAP_BPF'],
      ambient: [],
    });
  });

  it('is never added to inheritable: then every program run by that user would get it (CVE-2022-29162)', () => {
    expect(caps(['CAP_BPF'])?.inheritable).toBeUndefined();
    expect(caps(['CAP_BPF'], { inheritable: [] })?.inheritable).toEqual([]);
    expect(caps(['CAP_BPF'], { inheritable: ['CAP_KILL'] })?.inheritable).toEqual(['CAP_KILL']);
  });

  it('is added to ambient only where it is inheritable, without which the kernel refuses it', () => {
    expect(caps(['CAP_BPF'], { inheritable: ['CAP_KILL'] })?.ambient).toEqual([]);
    expect(caps(['CAP_BPF', 'CAP_KILL'], { inheritable: ['CAP_KILL'], ambient: [] })?.ambient).toEqual(['CAP_KILL']);
  });

  it('takes names in any case, with and without CAP_, once', () => {
    expect(caps(['bpf', 'CAP_BPF', 'cap_kill'], {})?.bounding).toEqual(['CAP_BPF', 'CAP_KILL']);
  });

  it('without a name changes nothing', () => {
    expect(caps([])).toBeUndefined();
    expect(caps([], { bounding: ['CAP_KILL'] })).toEqual({ bounding: ['CAP_KILL'] });
  });
});
