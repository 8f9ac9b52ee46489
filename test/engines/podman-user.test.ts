// Podman as an ordinary user with tsrun beside runc, with both cgroup managers: the same uses come to the same.
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipped } from '../integration/harness.js';
import { Containers, drivers, IMAGE, ordinaryUser, SEEN, whyNoEngine, whyNoSystemd } from './harness.js';
import { expectLife, expectLimits } from './podman.js';

const reason = whyNoEngine('podman', 'conmon');
const user = ordinaryUser();

describe.each(drivers)('podman of an ordinary user with the cgroup driver %s', (driver) => {
  const why = reason ?? whyNoSystemd() ?? (user === undefined ? 'needs a user with subordinate ids and a session' : undefined);

  describe.skipIf(skipped(`podman of an ordinary user with the cgroup driver ${driver}`, why))('and both runtimes', () => {
    let podman: Containers;

    beforeAll(async () => {
      podman = new Containers('rootless', driver, user);
      await podman.ok('podman', 'import', '--quiet', podman.path('busybox.tar'), IMAGE);
    });

    afterAll(async () => {
      await podman.end();
    });

    it('runs a program: its output, its errors, its status, and all it sees', async () => {
      const { status, stdout } = await podman.shell(`cat /proc/self/uid_map; ${SEEN}\necho err >&2; exit 3`);
      expect(status).toBe(3);
      expect(stdout).toMatch(new RegExp(`^ +0 +${user?.uid ?? ''} +1\n`));
    });

    it('says in its status why nothing ran', async () => {
      expect((await podman.run('--network', 'none', IMAGE, 'nosuch')).status).toBe(127);
    });

    describe.skipIf(
      skipped('limits of an ordinary user', driver === 'cgroupfs' ? 'only the service manager delegates controllers to a user' : undefined),
    )('with a cgroup of its own', () => {
      it('keeps the id of the user', async () => {
        const { stdout } = await podman.shell('id -u; cat /proc/self/cgroup', '--network', 'none', '--userns', 'keep-id');
        expect(stdout).toBe(`${user?.uid ?? ''}\n0::/\n`);
      });

      it('holds a program to its memory, its pids and its share of a processor', async () => {
        const controllers = readFileSync(`/sys/fs/cgroup/user.slice/user-${user?.uid ?? ''}.slice/user@${user?.uid ?? ''}.service/cgroup.controllers`, 'utf8'); // prettier-ignore
        expect(controllers).toMatch(/cpu.*memory.*pids/);
        await expectLimits(podman);
      });

      it('manages a container from its start to its removal', async () => {
        await expectLife(podman);
      });
    });
  });
});
