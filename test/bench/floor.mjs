// What a container costs in process, beside the floor: `run` of the library under Node (create, start, wait, delete) and the bare kernel
// work for the same config (floor.cc), interleaved.
//
//   node test/bench/floor.mjs [--rounds N] [--json FILE]
//
// Like the benchmark it runs in a mount namespace of its own with cgroup v2 alone at /sys/fs/cgroup.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { configs } from './configs.mjs';
import { enterMountNamespace, median, option } from './inside.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const top = join(here, '../..');

enterMountNamespace();

const rounds = Number(option('rounds', 100));
const work = mkdtempSync(join(tmpdir(), 'tsrun-floor-'));
try {
  const [program, bundle] = [join(work, 'floor'), join(work, 'bundle')];
  execFileSync('g++', ['-std=c++20', '-O2', '-o', program, join(here, 'floor.cc')], { stdio: 'inherit' });
  for (const path of ['proc', 'sys', 'dev']) mkdirSync(join(bundle, 'rootfs', path), { recursive: true });
  execFileSync('g++', ['-O2', '-static', '-x', 'c++', '-o', join(bundle, 'rootfs/true'), '-'], { input: 'int main() { return 0; }\n' });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configs[0].make(['/true'])));

  const { run } = await import(join(process.env.TSRUN_DIST ?? join(top, 'dist'), 'lib/index.js'));
  const root = join(work, 'state');
  const times = { floor: [], library: [] };
  for (let round = -3; round < rounds; round++) {
    const name = `floor-${process.pid}-${round}`;
    const floor = Number(execFileSync(program, [join(bundle, 'rootfs'), `/sys/fs/cgroup/${name}`, '1'], { encoding: 'utf8' }));
    const begin = process.hrtime.bigint();
    const status = run({ root, id: name, bundle, cgroupManager: 'cgroupfs', rootless: 'auto', warn: () => undefined });
    const library = Number(process.hrtime.bigint() - begin) / 1e6;
    if (status !== 0) throw new Error(`run: status ${status}`);
    // the first ones load code and make the state root
    if (round < 0) continue;
    times.floor.push(floor);
    times.library.push(library);
  }
  const [floor, library] = [median(times.floor), median(times.library)];
  console.log(`kernel ${release()}, ${cpus().length} processors, ${rounds} rounds, medians`);
  console.log(`floor ${floor.toFixed(2)} ms, library ${library.toFixed(2)} ms, ratio ${(library / floor).toFixed(2)}`);
  const file = option('json', undefined);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify({ floor, library }, null, 2)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
