// Buildah with tsrun beside runc: the same uses, with both, come to the same.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { dist, skipped } from '../integration/harness.js';

import { alike, Containers, ordinaryUser, plain, type Runtime, SEEN, whyNoEngine, whyNoSystemd } from './harness.js';

const reason = whyNoEngine('buildah');
const user = ordinaryUser();
const whyNoUser = reason ?? whyNoSystemd() ?? (user === undefined ? 'needs a user with subordinate ids and a session' : undefined);

/** Buildah has no table of runtimes: it takes a path. */
const path = (runtime: Runtime): string => (runtime === 'runc' ? '/usr/sbin/runc' : join(dist, 'tsrun'));

describe.skipIf(skipped('buildah', reason))('buildah with both runtimes', () => {
  let buildah: Containers;

  beforeAll(() => {
    buildah = new Containers('buildah', 'cgroupfs');
  });

  afterAll(async () => {
    await buildah.end();
  });

  it('runs programs in a container made from nothing, and commits it', async () => {
    const seen = await alike(async (runtime) => {
      const from = (await buildah.ok('buildah', 'from', '--name', `made-${runtime}`, 'scratch')).trim();
      await buildah.ok('buildah', 'add', from, buildah.path('busybox.tar'), '/');
      const run = async (...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> => {
        const flags = ['--runtime', path(runtime), '--isolation', 'oci', '--network', 'none'];
        const { status, stdout, stderr } = await buildah.call('buildah', 'run', ...flags, ...args);
        return { status, stdout: plain(stdout, runtime), stderr: plain(stderr, runtime) };
      };
      return {
        plain: await run(from, '--', 'sh', '-c', `${SEEN}\necho err >&2; exit 3`),
        missing: await run(from, '--', 'nosuch'),
        user: await run('--user', '1000:1000', '--cap-add', 'CAP_SYS_ADMIN', '--hostname', 'box', '--workingdir', '/tmp', from, '--', 'sh', '-c', 'id; pwd; hostname; grep ^Cap /proc/self/status'), // prettier-ignore
        terminal: await run('--terminal', from, '--', 'sh', '-c', 'tty; exit 4'),
        written: await run(from, '--', 'sh', '-c', 'echo content > /file'),
        commit: (await buildah.call('buildah', 'commit', '--quiet', from, `made-${runtime}`)).status,
      };
    });
    expect(seen).toMatchObject({ plain: { status: 3 }, user: { status: 0 }, terminal: { status: 4 }, written: { status: 0 }, commit: 0 });
    expect(seen.missing.status).not.toBe(0);
    expect(seen.user.stdout).toContain('uid=1000(user) gid=1000(user) groups=1000(user)\n/tmp\nbox\n');
  });

  it('builds an image from a file', async () => {
    const lines = ['FROM scratch', 'ADD busybox.tar /', 'RUN id && cat /proc/self/cgroup && echo built > /built', 'USER 1000:1000'];
    writeFileSync(buildah.path('Containerfile'), [...lines, 'RUN id && cat /built', 'RUN exit 9', ''].join('\n'));
    const built = await alike(async (runtime) => {
      const flags = ['--runtime', path(runtime), '--isolation', 'oci', '--network', 'none', '--no-cache'];
      const { status, stdout, stderr } = await buildah.call('buildah', 'build', ...flags, '--file', buildah.path('Containerfile'), buildah.scratch); // prettier-ignore
      return { status, stdout: plain(stdout, runtime), stderr: plain(stderr, runtime) };
    });
    expect(built.status).toBe(9);
    expect(built.stdout).toContain('uid=1000(user)');
    expect(built.stdout).toContain('built\n');
  });
});

describe.skipIf(skipped('buildah of an ordinary user', whyNoUser))('buildah of an ordinary user with both runtimes', () => {
  let buildah: Containers;

  beforeAll(() => {
    buildah = new Containers('buildah-rootless', 'cgroupfs', user);
  });

  afterAll(async () => {
    await buildah.end();
  });

  it('runs programs', async () => {
    const seen = await alike(async (runtime) => {
      const from = (await buildah.ok('buildah', 'from', '--name', `made-${runtime}`, 'scratch')).trim();
      await buildah.ok('buildah', 'add', from, buildah.path('busybox.tar'), '/');
      const flags = ['--runtime', path(runtime), '--isolation', 'rootless', '--network', 'none'];
      const { status, stdout, stderr } = await buildah.call('buildah', 'run', ...flags, from, '--', 'sh', '-c', 'id; cat /proc/self/uid_map; echo err >&2; exit 3'); // prettier-ignore
      return { status, stdout, stderr: plain(stderr, runtime) };
    });
    expect(seen.status).toBe(3);
    expect(seen.stdout).toContain('uid=0(root)');
  });
});
