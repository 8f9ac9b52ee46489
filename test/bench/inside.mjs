// What the benchmarks share: their options, and a mount namespace of their own with cgroup v2 alone at /sys/fs/cgroup.
import { spawnSync } from 'node:child_process';

/** The word behind `--name` on the command line. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

/** Runs this program again in that namespace, and ends with its status; returns in there. */
export function enterMountNamespace() {
  if (process.env.TSRUN_BENCH_INSIDE === '1') return;
  const script = 'mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
  const words = ['-m', 'sh', '-c', script, 'sh', process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', words, { stdio: 'inherit', env: { ...process.env, TSRUN_BENCH_INSIDE: '1' } });
  process.exit(status ?? 1);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
