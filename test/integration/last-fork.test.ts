// The last fork into a pid namespace with others in it: what the runtime believes of the process that they can see, and when.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { SLEEP, commandOf, harness, hosts, shell, skipped, whyNoContainers, type Change } from './harness.js';

const h = harness('last-fork');
const noCompiler = spawnSync('gcc', ['--version']).status === 0 ? undefined : 'needs gcc and a static C library';

/** The container is in the pid namespace of that process. */
const sharing =
  (pid: number): Change =>
  (config) => {
    for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'pid') namespace.path = `/proc/${pid}/ns/pid`;
  };

const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

describe.skipIf(skipped('last fork', whyNoContainers() ?? noCompiler)).each(hosts)('under $name', (host) => {
  let lateBorn = '';
  beforeAll(() => {
    lateBorn = h.path('late-born');
    if (!existsSync(lateBorn)) {
      execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-static', '-o', lateBorn, join(import.meta.dirname, '../fixtures/late-born.c')]);
    }
  });

  describe('when the parent of the last fork says only after its child that there is one', () => {
    it('a created container is that child, and starts', () => {
      const late = { host: { ...host, command: [lateBorn, ...host.command] } };
      const { pid } = h.state(h.running([shell(SLEEP)], { host }));
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(sharing(pid), shell(SLEEP)), id], late);
      const made = h.state(id);
      expect(made).toMatchObject({ status: 'created' });
      expect(nameOf(made.pid)).toBe('tsrun-init');
      h.ok(['start', id], { host });
      expect(h.state(id)).toMatchObject({ status: 'running', pid: made.pid });
      h.ok(['delete', '--force', id], { host });
    });

    it('exec gives its program, and its status', async () => {
      const late = { host: { ...host, command: [lateBorn, ...host.command] } };
      const id = h.running([shell(SLEEP)], { host });
      expect(h.tsrun(['exec', id, 'sh', '-c', 'echo one; exit 7'], late)).toMatchObject({ status: 7, stdout: 'one\n', stderr: '' });
      const file = h.path('pid');
      h.ok(['exec', '--detach', '--pid-file', file, id, 'sleep', '1000'], late);
      expect(await commandOf(Number(readFileSync(file, 'utf8')))).toBe('sleep\x001000\0');
    });
  });
});
