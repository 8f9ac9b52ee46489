// `linux.memoryPolicy`: what a program's /proc/PID/numa_maps say of it (man 7 numa), and what the kernel refuses.
import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { type Change, harness, hosts, shell, skipped, SLEEP, whyNoContainers } from './harness.js';

const h = harness('memory-policy');

/** The policy of a program's first mapping. */
const POLICY = 'head -n 1 /proc/self/numa_maps | cut -d " " -f 2';

function policy(memoryPolicy: unknown): Change {
  return (config) => {
    config.linux.memoryPolicy = memoryPolicy as NonNullable<typeof config.linux.memoryPolicy>;
  };
}

const noNuma = existsSync('/proc/self/numa_maps') ? undefined : 'this kernel has no NUMA';
const online = existsSync('/sys/devices/system/node/online') ? readFileSync('/sys/devices/system/node/online', 'utf8').trim() : '';
const oneNode = online === '0-1' ? undefined : `needs two memory nodes, here are "${online}"`;

describe.skipIf(skipped('memory policies', whyNoContainers())).each(hosts)('a memory policy under $name', (host) => {
  const refusal = (memoryPolicy: unknown): string => h.refusal(['run', '--bundle', h.bundle(policy(memoryPolicy)), h.id()], 1, { host });

  describe.skipIf(skipped('memory policies', noNuma))('on a kernel with NUMA', () => {
    it.each([
      [{ mode: 'MPOL_DEFAULT' }, 'default'],
      [{ mode: 'MPOL_LOCAL', nodes: '' }, 'local'],
      [{ mode: 'MPOL_PREFERRED' }, 'local'],
      [{ mode: 'MPOL_PREFERRED', nodes: '0', flags: ['MPOL_F_RELATIVE_NODES'] }, 'prefer=relative:0'],
      [{ mode: 'MPOL_PREFERRED_MANY', nodes: '0' }, 'prefer (many):0'],
      [{ mode: 'MPOL_INTERLEAVE', nodes: '0' }, 'interleave:0'],
      [{ mode: 'MPOL_BIND', nodes: '0', flags: [] }, 'bind:0'],
      [{ mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] }, 'bind=static:0'],
      [{ mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_NUMA_BALANCING'] }, 'bind=balancing:0'],
      // The kernel takes those that are there.
      [{ mode: 'MPOL_BIND', nodes: '0,9' }, 'bind:0'],
    ])('%j', (memoryPolicy, expected) => {
      // Two words: the name of a mode has a blank.
      const script = 'head -n 1 /proc/self/numa_maps | sed "s/^[^ ]* //; s/ file=.*//; s/ anon=.*//"';
      expect(h.run([policy(memoryPolicy), shell(script)], { host })).toMatchObject({ status: 0, stdout: `${expected}\n`, stderr: '' });
    });

    it('is that of processes of exec, and of all their children', () => {
      const id = h.running([shell(SLEEP), policy({ mode: 'MPOL_INTERLEAVE', nodes: '0' })], { host });
      expect(h.ok(['exec', id, 'sh', '-c', `(${POLICY})`], { host })).toBe('interleave:0\n');
    });

    it('that the kernel refuses is a failure, with nothing left', async () => {
      expect(refusal({ mode: 'MPOL_BIND', nodes: '5000', flags: ['MPOL_F_STATIC_NODES'] })).toMatch(
        /set memory policy MPOL_BIND\|MPOL_F_STATIC_NODES 5000 \(step \d+ of \d+, memoryPolicy\): invalid argument$/,
      );
      await h.expectNothingLeft();
    });

    describe.skipIf(skipped('policies of two nodes', oneNode))('with two nodes', () => {
      it.each([
        [{ mode: 'MPOL_INTERLEAVE', nodes: '0-1' }, 'interleave:0-1'],
        [{ mode: 'MPOL_BIND', nodes: '1' }, 'bind:1'],
        [{ mode: 'MPOL_PREFERRED', nodes: '1' }, 'prefer:1'],
      ])('%j: pages come from there', (memoryPolicy, expected) => {
        const { status, stdout } = h.run([policy(memoryPolicy), shell('cat /proc/self/numa_maps')], { host });
        expect(status).toBe(0);
        expect(stdout.split('\n')[0]).toContain(` ${expected} `);
        const stack =
          stdout.split('\n').find((line) => line.includes(' heap')) ?? stdout.split('\n').find((line) => line.includes(' stack'));
        expect(stack).toMatch(/ N1=\d+/);
      });
    });
  });

  it.skipIf(skipped('a kernel without NUMA', noNuma === undefined ? 'this kernel has NUMA' : undefined))(
    'is refused by a kernel without NUMA, in words',
    async () => {
      expect(refusal({ mode: 'MPOL_LOCAL' })).toMatch(
        /set memory policy MPOL_LOCAL \(step \d+ of \d+, memoryPolicy\): function not implemented$/,
      );
      await h.expectNothingLeft();
    },
  );

  it.each([
    [{}, 'invalid memory policy mode: is required'],
    [{ nodes: '0-7' }, 'invalid memory policy mode: is required'],
    [{ mode: 'INTERLEAVE', nodes: '0' }, 'invalid memory policy mode "INTERLEAVE"'],
    [{ mode: 'MPOL_PREFERRED', nodes: '0', flags: ['MPOL_F_RELATIVE_NODES', 'badflag'] }, 'invalid memory policy flag "badflag"'],
    [{ mode: 'MPOL_DEFAULT', nodes: '0-7' }, 'memory policy mode requires 0 nodes but got 8'],
    [{ mode: 'MPOL_BIND', nodes: '0-9876543210', flags: [] }, 'invalid memory policy nodes "0-9876543210"'],
  ])('%j is refused in the words of runc', (memoryPolicy, words) => {
    expect(refusal(memoryPolicy)).toContain(words);
  });
});
