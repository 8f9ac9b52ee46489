// Podman as root with tsrun beside runc, with both cgroup managers: the same uses come to the same.
import { writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipped } from '../integration/harness.js';
import { alike, Containers, drivers, IMAGE, plain, SEEN, whyNoEngine, whyNoSystemd } from './harness.js';
import { expectLife, expectLimits } from './podman.js';

const reason = whyNoEngine('podman', 'conmon');

describe.each(drivers)('podman with the cgroup driver %s', (driver) => {
  const why = reason ?? (driver === 'systemd' ? whyNoSystemd() : undefined);

  describe.skipIf(skipped(`podman with the cgroup driver ${driver}`, why))('and both runtimes', () => {
    let podman: Containers;

    beforeAll(async () => {
      podman = new Containers('podman', driver);
      await podman.ok('podman', 'import', '--quiet', podman.path('busybox.tar'), IMAGE);
    });

    afterAll(async () => {
      await podman.end();
    });

    it('runs a program: its output, its errors, its status, and all it sees', async () => {
      const { status, stdout } = await podman.shell(`${SEEN}\necho err >&2; exit 3`);
      expect(status).toBe(3);
      expect(stdout).toContain('CapEff:\t00000000800405fb');
      expect(stdout).toMatch(/containers-default-\S+ \(enforce\)/);
    });

    it('holds a program to its memory, its pids and its share of a processor', async () => {
      await expectLimits(podman);
    });

    it('manages a container from its start to its removal', async () => {
      await expectLife(podman);
    });

    it('builds an image', async () => {
      writeFileSync(
        podman.path('Containerfile'),
        `FROM ${IMAGE}\nRUN id && cat /proc/self/cgroup && echo built > /built\nRUN cat /built\n`,
      );
      const built = await alike(async (runtime) => {
        const flags = ['--no-cache', '--network', 'none', '--file', podman.path('Containerfile'), '--tag', `built-${runtime}`];
        const { status, stdout, stderr } = await podman.call('podman', '--runtime', runtime, 'build', ...flags);
        return { status, stdout: plain(stdout, runtime).replace(/\b[0-9a-f]{11,12}\b/g, 'ID'), stderr: plain(stderr, runtime) };
      });
      expect(built).toMatchObject({ status: 0 });
      expect(built.stdout).toContain('uid=0(root)');
    });
  });
});
