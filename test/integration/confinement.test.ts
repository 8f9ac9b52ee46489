// What a container's filter lets us do: next to nothing, between its loading and the program.
import { readFileSync, rmSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Seccomp, SeccompAction } from '../../src/spec/types.js';
import { SLEEP, harness, hosts, shell, skipped, until, whyNoContainers, type Change, type Harness } from './harness.js';

const h: Harness = harness('confinement');

/** All calls but these. */
function deny(names: string[], action: SeccompAction = 'SCMP_ACT_ERRNO'): Seccomp {
  return { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action }] };
}

function filter(seccomp: Seccomp, noNewPrivileges = true): Change {
  return (config) => {
    config.linux.seccomp = seccomp as typeof config.linux.seccomp;
    config.process.noNewPrivileges = noNewPrivileges;
  };
}

/** Ends at once, with as few system calls as a program can make. */
const nothing: Change = (config) => {
  config.process.args = ['true'];
};

describe.skipIf(skipped('confinement', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  describe.each([true, false])('with no_new_privs %s', (noNewPrivileges) => {
    it.each([
      'rt_sigaction',
      'rt_sigprocmask',
      'close_range',
      'prlimit64',
      'poll',
      'ppoll',
      'fcntl',
      'prctl',
      'close',
      'sendto',
      'getppid',
    ])('a profile that denies %s starts a program, and one in it', (name) => {
      expect(h.run([filter(deny([name]), noNewPrivileges), nothing], on)).toMatchObject({ status: 0, stderr: '' });
      const id = h.running([filter(deny([name]), noNewPrivileges), (config) => (config.process.args = ['sleep', '1000'])], on);
      expect(h.tsrun(['exec', id, 'true'], on)).toMatchObject({ status: 0, stderr: '' });
    });

    // What a static program needs to end. A shell or a loader needs more.
    it('a profile of a few calls starts a program', () => {
      const few = [
        'execve',
        'exit_group',
        'arch_prctl',
        'set_tid_address',
        'brk',
        'mmap',
        'mprotect',
        'getuid',
        'setuid',
        'getgid',
        'setgid',
      ];
      const seccomp: Seccomp = {
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [{ names: [...few, ...(noNewPrivileges ? [] : ['capset'])], action: 'SCMP_ACT_ALLOW' }],
      };
      expect(h.run([filter(seccomp, noNewPrivileges), nothing], on)).toMatchObject({ status: 0 });
    });

    it.each<[string, Seccomp, RegExp]>([
      ['execve', deny(['execve']), /unable to start container process: exec \/bin\/true: operation not permitted/],
      ['everything', { defaultAction: 'SCMP_ACT_ERRNO' }, /(exec \/bin\/true|set capabilities \(.*\)): operation not permitted/],
      [
        'everything, and ends the thread',
        { defaultAction: 'SCMP_ACT_KILL_THREAD' },
        /the seccomp profile ends a process that executes a program/,
      ],
    ])('a profile that denies %s fails in words', async (_, seccomp, words) => {
      const { status, stderr } = h.run([filter(seccomp, noNewPrivileges), nothing], on);
      expect(stderr).toMatch(words);
      expect(status).toBe(1);
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(filter(seccomp, noNewPrivileges), nothing), id], on);
      const start = h.tsrun(['start', id], on);
      expect(start.stderr).toMatch(words);
      expect(start.status).toBe(1);
      expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
    });
  });

  describe('a startContainer hook', () => {
    let out = '';
    const shared: Change = (config) => {
      config.mounts.push({ destination: out, type: 'bind', source: out, options: ['bind', 'rw'] });
    };
    const told = (name: string): string => readFileSync(join(out, name), 'utf8');
    const hook = (script: string, more: object = {}): Change => {
      return (config) => {
        config.hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/bin'], ...more }] };
      };
    };
    const confinement = (name: string) => `grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status > ${out}/${name}`;

    beforeEach(() => {
      out = h.path('shared');
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out);
    });

    it.each([true, false])('has the filter and the capabilities of the program, with no_new_privs %s', (noNewPrivileges) => {
      const changes = [shared, hook(confinement('hook')), filter(deny(['keyctl']), noNewPrivileges), shell(confinement('program'))];
      expect(h.run(changes, on)).toMatchObject({ status: 0, stderr: '' });
      expect(told('hook')).toMatch(/Seccomp:\t2\n/);
      expect(told('hook')).toBe(told('program'));
    });

    it.each([true, false])('is all that the filter must let be: we run it from outside, with no_new_privs %s', (noNewPrivileges) => {
      const calls = [
        'memfd_create',
        'pipe2',
        'clone',
        'clone3',
        'vfork',
        'poll',
        'waitid',
        'close_range',
        'rt_sigaction',
        'prctl',
        'munmap',
      ];
      const run: Change = (config) => {
        config.hooks = { startContainer: [{ path: '/bin/true' }, { path: '/bin/true' }] };
      };
      expect(h.run([run, filter(deny(calls), noNewPrivileges), nothing], on)).toMatchObject({ status: 0, stderr: '' });
    });

    it.each<[string, string, boolean]>([
      ['has the filter that init is under by then', 'keyctl', false],
      ['loads it itself where init could not run it from inside', 'memfd_create', true],
    ])('in the pid namespace of another container %s', (_, denied, forced) => {
      const { pid } = h.state(h.running(undefined, on));
      const sharing: Change = (config) => {
        for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'pid') namespace.path = `/proc/${pid}/ns/pid`;
      };
      const changes = [shared, sharing, hook(confinement('hook')), filter(deny([denied]), false), shell(confinement('program'))];
      const { status, stderr } = h.run(changes, on);
      expect(status).toBe(0);
      expect(stderr).toMatch(forced ? /it gets no_new_privs/ : /^$/);
      expect(told('hook')).toMatch(forced ? /NoNewPrivs:\t1\n/ : /NoNewPrivs:\t0\n/);
      expect(told('hook')).toMatch(/Seccomp:\t2\n/);
      expect(told('hook')).toBe(told('program'));
    });

    it('that the filter does not let be executed fails in words', async () => {
      for (const seccomp of [deny(['execve']), { defaultAction: 'SCMP_ACT_ERRNO' } as const]) {
        const { status, stderr } = h.run([hook('true'), filter(seccomp), nothing], on);
        expect(stderr).toMatch(/error running startContainer hook #0: exec \/bin\/sh: operation not permitted/i);
        expect(status).toBe(1);
      }
      await h.expectNothingLeft();
    });

    it('runs with the capabilities of the program without a filter, too', () => {
      expect(h.run([shared, hook(confinement('hook')), shell(confinement('program'))], on)).toMatchObject({ status: 0 });
      expect(told('hook')).toBe(told('program'));
    });
  });

  it('leaves no thread of init behind in a program whose profile may block its report', () => {
    const id = h.running([filter(deny(['exit_group'])), shell(SLEEP)], on);
    expect(h.ok(['exec', id, 'sh', '-c', 'ls /proc/1/task; grep -c . /proc/1/task/1/status >/dev/null'], on).trim()).toBe('1');
  });
});
