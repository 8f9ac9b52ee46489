// What `podman run` can ask for as root, whatever the cgroup manager: with tsrun as with runc.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipped } from '../integration/harness.js';
import { Containers, IMAGE, SEEN, whyNoEngine } from './harness.js';

describe.skipIf(skipped('options of podman', whyNoEngine('podman', 'conmon')))('podman with both runtimes', () => {
  let podman: Containers;

  beforeAll(async () => {
    podman = new Containers('podman', 'cgroupfs');
    await podman.ok('podman', 'import', '--quiet', podman.path('busybox.tar'), IMAGE);
  });

  afterAll(async () => {
    await podman.end();
  });

  it('says in its status why nothing ran', async () => {
    expect((await podman.run('--network', 'none', IMAGE, 'nosuch')).status).toBe(127);
    expect((await podman.run('--network', 'none', IMAGE, '/etc/passwd')).status).toBe(126);
  });

  it('maps the ids of a user namespace, and takes away what a hardened container must not have', async () => {
    const flags = ['--uidmap', '0:200000:65536', '--gidmap', '0:200000:65536', '--read-only', '--user', '1000:1000'];
    flags.push('--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--tmpfs', '/scratch', '--ulimit', 'nofile=100:200');
    const script = `cat /proc/self/uid_map; ${SEEN}\ntouch /x 2>&1; touch /scratch/x && echo scratch`;
    const { stdout } = await podman.shell(script, '--network', 'none', ...flags);
    expect(stdout).toMatch(/^ +0 +200000 +65536\n/);
    expect(stdout).toContain('scratch\n');
  });

  it('gives a privileged container everything', async () => {
    const script =
      'grep -E "^(Cap|Sec)" /proc/self/status; mount -t tmpfs none /tmp && echo mounted; mkdir /sys/fs/cgroup/x && echo cgroup';
    const { stdout } = await podman.shell(script, '--privileged', '--network', 'host', '--pid', 'host');
    expect(stdout).toContain('CapEff:\t000001ffffffffff');
    expect(stdout).toContain('mounted\ncgroup\n');
  });
});
