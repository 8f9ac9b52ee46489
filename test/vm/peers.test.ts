/** What a container sees, made by tsrun and by the runtimes that engines call in its place: the release's own, and Debian's newest. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { dist, harness, shell, skipped, whyNoContainers, type Change } from '../integration/harness.js';

const h = harness('peers');

const peers = ['/usr/sbin/runc', '/opt/peers/bin/runc', '/opt/peers/bin/crun'];

/** Alike for every runtime; of the mounts neither order nor those that hide something, which each makes in its own way. */
const SEEN = [
  'id; pwd; hostname; env | sort; umask; ulimit -a',
  "grep -E '^(Groups|Cap|NoNewPrivs|Seccomp:|Shd|Sig[BIC])' /proc/self/status; cat /proc/self/oom_score_adj /proc/self/sessionid",
  'ls -1 /proc/self/fd | wc -l; ls -1 /dev; cat /proc/self/cgroup',
  `awk '$3 != "tmpfs" || $2 ~ "^/dev" { print $2, $3 }' /proc/mounts | grep -v -E '^/sys/firmware |^/(proc|sys)/.* (devtmpfs|tmpfs)' | sort`,
  'for file in /proc/kcore /proc/keys /proc/timer_list; do head -c1 $file | wc -c; done; touch /proc/sysrq-trigger /proc/sys/kernel/printk 2>&1; true',
].join('\n');

const process =
  (changes: Partial<Parameters<Change>[0]['process']>): Change =>
  (config) => {
    Object.assign(config.process, changes);
  };

const none: string[] = [];

describe.skipIf(skipped('peers', whyNoContainers()))('a container is what the peers make of the same config', () => {
  it.each<[string, Change[]]>([
    ['as spec writes it', []],
    [
      'of a user with groups, limits and an environment',
      [
        process({
          user: { uid: 1000, gid: 1000, umask: 0o27, additionalGids: [5, 7] },
          env: ['PATH=/bin', 'A=1', 'A=2'],
          rlimits: [
            { type: 'RLIMIT_NOFILE', soft: 64, hard: 128 },
            { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
          ],
          oomScoreAdj: 77,
          cwd: '/tmp',
        }),
      ],
    ],
    [
      'without a capability',
      [process({ capabilities: { bounding: none, effective: none, permitted: none, inheritable: none, ambient: none } })],
    ],
  ])('%s', (_, changes) => {
    const bundle = h.bundle(...changes, shell(SEEN));
    const seen = (runtime: string): { status: number | null; stdout: string; stderr: string } => {
      const id = h.id();
      const { status, stdout, stderr } = spawnSync(runtime, ['--root', h.path(`state-${id}`), 'run', '--bundle', bundle, id], { encoding: 'utf8', input: '' }); // prettier-ignore
      return { status, stdout: stdout.replaceAll(id, 'ID'), stderr };
    };
    const ours = seen(`${dist}/tsrun`);
    expect(ours).toMatchObject({ status: 0, stderr: '' });
    for (const peer of peers.filter((path) => !skipped(path, existsSync(path) ? undefined : 'this machine has none')))
      expect(seen(peer), peer).toEqual(ours);
  });
});
