// `npm run fuzz [-- SECONDS]`: fuzzes what is read of others' messages, each for so long: by libFuzzer the plan reader, starting from real
// plans, and tsrun-systemd's side of its conversation; the runtime's side of that in JavaScript. Exit status 1: a finding, whose input is kept and named.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeCall } from '../../dist/lib/cgroups/helper.js';
import { encodeSteps } from '../../dist/lib/plan/encode.js';
import { fuzzReplies } from './replies.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const top = join(here, '../..');
const seconds = process.argv[2] ?? '30';

/** Plans as they are, and headers that lie. */
function plans() {
  const steps = [
    { op: 'hostname', name: 'web' },
    { op: 'user', uid: 1000, gid: 1000, groups: [1, 2, 3], setgroups: true, umask: 18 },
    { op: 'program', args: ['sh', '-c', 'true'], env: ['PATH=/bin'], preserved: 0, home: true },
    { op: 'exec' },
  ];
  const whole = encodeSteps(steps, ['start']);
  const all = [whole, encodeSteps([], []), whole.replace('\0program\0', '\0program\u00009\0'), whole.slice(0, -1), `${whole}more\0`];
  return all.map((plan) => Buffer.from(`\u0001${plan}`));
}

/** Messages with their lengths in front. */
function messages(...texts) {
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [Buffer.from([bytes.length & 255, bytes.length >> 8]), bytes];
  });
  return Buffer.concat(parts);
}

function requests() {
  const manager = { destination: 'org.freedesktop.systemd1', path: '/org/freedesktop/systemd1', interface: 'a.b', timeout: 30_000 };
  const calls = [
    { member: 'Get', signature: 'ss', args: ['a.b', 'Version'], job: false },
    {
      member: 'StartTransientUnit',
      signature: 'ssa(sv)a(sa(sv))',
      args: [
        'c.scope',
        'fail',
        [
          ['PIDs', { type: 'au', value: [42] }],
          ['AllowedCPUs', { type: 'ay', value: new Uint8Array([1, 2]) }],
          ['DeviceAllow', { type: 'a(ss)', value: [['char-*', 'm']] }],
        ],
        [],
      ],
      job: true,
    },
    {
      member: 'All',
      signature: 'ybnqiuxtdsogva{sv}',
      args: [1, true, -2, 3, -4, 5, -6, 7, 1.5, 't', '/o', 'a(s)', { type: 'i', value: 1 }, []],
    },
  ].map((call) => encodeCall({ ...manager, job: false, ...call }));
  const [first] = calls;
  return [
    ...calls.map((call) => messages(`.${call}`)),
    messages(`+${first.slice(0, 40)}`, `.${first.slice(40)}`, '.connect\0unix:path=/\u00001\0', 'words of the loader'),
  ];
}

const TARGETS = [
  {
    name: 'plan_reader',
    sources: ['base/plan_reader.cc'],
    seeds: plans,
    words: ['tsrun-plan\\x00', '1\\x00', '\\x00', '18446744073709551615\\x00', '-1\\x00'],
  },
  {
    name: 'systemd',
    sources: ['base/pieces.cc', 'base/plan_reader.cc', 'systemd/bus.cc', 'systemd/requests.cc', 'systemd/values.cc'],
    libraries: ['-lsystemd'],
    seeds: requests,
    words: [
      '.call\\x00',
      '+call\\x00',
      '1\\x00',
      '0\\x00',
      '-1\\x00',
      'a(sv)\\x00',
      'a{sv}\\x00',
      'aay\\x00',
      'v\\x00',
      's\\x00',
      '(',
      ')',
      '{',
      '}',
      'a',
    ],
  },
];

function build(clang, program, { name, sources, libraries = [] }) {
  const flags = ['-std=c++20', '-g', '-O1', '-D_GNU_SOURCE', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
  const files = [join(here, `${name}_fuzz.cc`), ...sources.map((file) => join(top, 'native', file))];
  const { status } = spawnSync(clang, [...flags, `-I${join(top, 'native')}`, '-o', program, ...files, ...libraries], { stdio: 'inherit' });
  return status === 0;
}

/** Whether nothing was found. */
function fuzz(clang, target) {
  const work = mkdtempSync(join(tmpdir(), 'tsrun-fuzz-'));
  const corpus = join(work, 'corpus');
  mkdirSync(corpus);
  target.seeds().forEach((seed, index) => writeFileSync(join(corpus, String(index)), seed));
  const dictionary = join(work, 'words');
  writeFileSync(dictionary, `${target.words.map((word) => `"${word}"`).join('\n')}\n`);
  const program = join(work, `${target.name}_fuzz`);
  if (!build(clang, program, target)) return false;
  const limits = [`-max_total_time=${seconds}`, '-timeout=5', '-max_len=65536'];
  const run = spawnSync(program, [corpus, ...limits, `-dict=${dictionary}`, '-print_final_stats=1', `-artifact_prefix=${work}/finding-`], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const executed = /stat::number_of_executed_units:\s*(\d+)/.exec(run.stderr)?.[1];
  if (run.status !== 0 || executed === undefined) {
    process.stderr.write(run.stderr.slice(-8000));
    for (const name of readdirSync(work).filter((name) => name.startsWith('finding-')))
      console.error(`fuzz: ${join(work, name)}: ${JSON.stringify(readFileSync(join(work, name), 'latin1').slice(0, 400))}`);
    return false;
  }
  console.log(`fuzz: ${target.name}: ${executed} inputs in ${seconds} s, nothing found`);
  rmSync(work, { recursive: true, force: true });
  return true;
}

const clang = ['clang++', 'clang++-14'].find((name) => spawnSync(name, ['--version']).status === 0);
if (clang === undefined) {
  console.error('fuzz: clang++ is missing (scripts/packages.txt names its package; npm run setup installs it)');
  process.exit(1);
}
for (const target of TARGETS) if (!fuzz(clang, target)) process.exitCode = 1;
try {
  const count = fuzzReplies(Number(seconds), Date.now() % 2 ** 32);
  console.log(`fuzz: replies of tsrun-systemd: ${count} inputs in ${seconds} s, nothing found`);
} catch (error) {
  console.error(`fuzz: ${error.message}`);
  process.exitCode = 1;
}
