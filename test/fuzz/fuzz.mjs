// `npm run fuzz [-- SECONDS]`: fuzzes the plan reader with libFuzzer, starting from real plans. Exit status 1: a finding,
// whose input is kept and named.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeSteps } from '../../dist/lib/plan/encode.js';

const here = dirname(fileURLToPath(import.meta.url));
const top = join(here, '../..');
const seconds = process.argv[2] ?? '30';
const work = mkdtempSync(join(tmpdir(), 'tsrun-fuzz-'));
const corpus = join(work, 'corpus');
mkdirSync(corpus);

/** Plans as they are, and headers that lie. */
function seeds() {
  const steps = [
    { op: 'hostname', name: 'web' },
    { op: 'user', uid: 1000, gid: 1000, groups: [1, 2, 3], setgroups: true, umask: 18 },
    { op: 'program', args: ['sh', '-c', 'true'], env: ['PATH=/bin'], preserved: 0, home: true },
    { op: 'exec' },
  ];
  const whole = encodeSteps(steps, ['start']);
  return [whole, encodeSteps([], []), whole.replace('\0program\0', '\0program\u00009\0'), whole.slice(0, -1), `${whole}more\0`];
}

seeds().forEach((seed, index) => writeFileSync(join(corpus, String(index)), `\u0001${seed}`));
const dictionary = join(work, 'words');
writeFileSync(dictionary, ['"tsrun-plan\\x00"', '"1\\x00"', '"\\x00"', '"18446744073709551615\\x00"', '"-1\\x00"'].join('\n') + '\n');
const program = join(work, 'plan_reader_fuzz');
const clang = ['clang++', 'clang++-14'].find((name) => spawnSync(name, ['--version']).status === 0);
if (clang === undefined) {
  console.error('fuzz: clang++ is missing (scripts/packages.txt names its package; npm run setup installs it)');
  process.exit(1);
}
const build = spawnSync(
  clang,
  [
    '-std=c++20',
    '-g',
    '-O1',
    '-fsanitize=fuzzer,address,undefined',
    '-fno-sanitize-recover=all',
    `-I${join(top, 'native')}`,
    '-o',
    program,
    join(here, 'plan_reader_fuzz.cc'),
    join(top, 'native/base/plan_reader.cc'),
  ],
  { stdio: 'inherit' },
);
if (build.status !== 0) process.exit(1);
const run = spawnSync(
  program,
  [
    corpus,
    `-max_total_time=${seconds}`,
    '-timeout=5',
    '-max_len=65536',
    `-dict=${dictionary}`,
    '-print_final_stats=1',
    `-artifact_prefix=${work}/finding-`,
  ],
  { encoding: 'utf8', maxBuffer: 1 << 28 },
);
const executed = /stat::number_of_executed_units:\s*(\d+)/.exec(run.stderr)?.[1];
if (run.status !== 0 || executed === undefined) {
  process.stderr.write(run.stderr.slice(-8000));
  const findings = readdirSync(work).filter((name) => name.startsWith('finding-'));
  for (const name of findings)
    console.error(`fuzz: ${join(work, name)}: ${JSON.stringify(readFileSync(join(work, name), 'latin1').slice(0, 400))}`);
  process.exit(1);
}
console.log(`fuzz: ${executed} inputs in ${seconds} s, nothing found`);
rmSync(work, { recursive: true, force: true });
