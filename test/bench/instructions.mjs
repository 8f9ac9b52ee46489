// `npm run bench:instructions`: how many instructions tsrun's own process takes for a command, beside those that are recorded in instructions.json.
//
//   npm run bench:instructions [-- --record] [--rounds N]
//
// Fails where a command takes more than 3 % above its record; --record writes the numbers of today. They are those of the process alone, in
// user mode, and so do not depend on how fast or how busy the machine is. What they do depend on is kept the same: an empty environment,
// no processor's own variants of the C library's functions, paths and ids of a fixed length, pure cgroup v2. As root, for x86-64.
//
// What valgrind (3.19) does not know is as if the kernel had none of it, and a command is counted up to that, with its error and the undoing:
// `create` up to the birth of the first process (clone3), `start` and `exec` up to the handle of the container's process (pidfd_open): their
// scripts, the state and the config are read by then, and what comes after is mostly the kernel's. Nothing of it waits, so no count depends on
// the time that something takes.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { configs } from './configs.mjs';
import { enterMountNamespace, median, option } from './inside.mjs';

const self = fileURLToPath(import.meta.url);
const dist = join(dirname(self), '../../dist');
const recordFile = join(dirname(self), 'instructions.json');

/** Above the record by more is a failure, below it a record to be renewed. */
const TOLERANCE = 0.03;
/** Instructions in which the C library's start differs from processor to processor: it asks each maker's for its caches in another way. */
const START = 10_000;
/** Between two counts of the same command. */
const SPREAD = 0.005;
/** Of the x86-64 C library's functions, by what a processor must have for them (glibc manual, Hardware Capability Tunables). */
const VARIANTS = ['AVX', 'AVX2', 'AVX512F', 'AVX512VL', 'AVX512BW', 'BMI2', 'ERMS', 'FSRM', 'SSE4_1', 'SSE4_2', 'SSSE3', 'MOVBE', 'LZCNT'];
/** How each ends that valgrind lets go no further. */
const ENDS = {
  create: "clone3 into the container's cgroup: function not implemented",
  start: 'cannot start a container that has stopped',
  exec: 'cannot exec in a stopped container',
};
const COMMANDS = ['--version', 'state', 'create', 'start', 'exec'];

/** How a shell finds a program; ends the process where it is not installed. */
function find(program) {
  const path = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
  if (path !== '') return path;
  console.error(`instructions: ${program} is not installed (apt-get install ${program})`);
  process.exit(1);
}

const firstLine = (program) => spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.split('\n', 1)[0];

/** The results as scripts/summary.mjs wants them. */
function report(status) {
  const directory = process.env.TSRUN_RESULTS;
  if (directory === undefined) return;
  const assertionResults = COMMANDS.map((command) => ({ fullName: `instructions of ${command}`, status: status(command) }));
  const testResults = [{ name: self, status: 'passed', assertionResults }];
  writeFileSync(join(directory, 'instructions.json'), JSON.stringify({ testResults }));
}

if (process.arch !== 'x64') {
  console.log(`skipped: instructions: there are none recorded for ${process.arch}`);
  report(() => 'skipped');
  process.exit(0);
}
if (process.getuid() !== 0) {
  console.error('instructions: needs root');
  process.exit(1);
}
const valgrind = find('valgrind');
enterMountNamespace();

// mkdtemp(3) and the state root have names of a fixed length
const work = mkdtempSync('/run/tsrun-count-');
const id = basename(work);
const tsrun = join(work, 'tsrun');
const root = join(work, 'state');
const bundle = join(work, 'bundle');

/** Calls it without valgrind. Its output is nobody's pipe: a container keeps it open. */
function call(...args) {
  const { status } = spawnSync(tsrun, ['--root', root, ...args], { env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`tsrun ${args.join(' ')}: status ${status}`);
}

/** Instructions of the process itself; `ends` is what its end must be like: a part of what it says to standard error, empty for success. */
function count(args, ends = '') {
  const [said, counted] = [join(work, 'said'), join(work, 'counted')];
  const options = [
    '--tool=cachegrind',
    '--cache-sim=no',
    '--cachegrind-out-file=/dev/null',
    '--trace-children=no',
    `--log-file=${counted}`,
  ];
  const words = [...options, tsrun, '--log', said, '--root', root, ...args];
  // which variants of memcpy(3) and the like the C library has for this processor
  const env = { GLIBC_TUNABLES: `glibc.cpu.hwcaps=${VARIANTS.map((name) => `-${name}`).join(',')}` };
  const { status } = spawnSync(valgrind, words, { env, cwd: '/', stdio: 'ignore' });
  const text = existsSync(said) ? readFileSync(said, 'utf8') : '';
  if (ends === '' ? status !== 0 : !text.includes(ends)) {
    throw new Error(`tsrun ${args.join(' ')} under ${firstLine(valgrind)} ends otherwise: status ${status}: ${text}`);
  }
  rmSync(said, { force: true });
  const found = /I\s+refs:\s+([\d,]+)/.exec(readFileSync(counted, 'utf8'));
  if (found === null) throw new Error(`valgrind counts nothing: ${readFileSync(counted, 'utf8')}`);
  return Number(found[1].replaceAll(',', ''));
}

/** Each command once. */
function round() {
  const counts = { '--version': count(['--version']) };
  try {
    counts.create = count(['create', '--bundle', bundle, id], ENDS.create);
    call('delete', '--force', id);
    call('create', '--bundle', bundle, id);
    counts.state = count(['state', id]);
    counts.start = count(['start', id], ENDS.start);
    counts.exec = count(['exec', id, 'true'], ENDS.exec);
  } finally {
    call('delete', '--force', id);
  }
  return counts;
}

/** Counts by command, of every round. */
function measure() {
  try {
    cpSync(join(dist, 'tsrun'), tsrun);
    cpSync(join(dist, 'libexec'), join(work, 'libexec'), { recursive: true });
    for (const folder of ['bin', 'proc', 'sys', 'dev']) mkdirSync(join(bundle, 'rootfs', folder), { recursive: true });
    cpSync(find('busybox'), join(bundle, 'rootfs/bin/busybox'));
    symlinkSync('busybox', join(bundle, 'rootfs/bin/sleep'));
    const plain = configs[0].make(['sleep', '1000']);
    // the kernel drops these, with a warning
    delete plain.process.capabilities.ambient;
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(plain));
    // the cgroup of all containers is there before the first
    call('create', '--bundle', bundle, `${id}-0`);
    const counts = Array.from({ length: Number(option('rounds', 3)) }, round);
    return Object.fromEntries(COMMANDS.map((command) => [command, counts.map((each) => each[command])]));
  } finally {
    spawnSync(tsrun, ['--root', root, 'delete', '--force', `${id}-0`], { stdio: 'ignore' });
    rmSync(work, { recursive: true, force: true });
  }
}

const measured = measure();
const made = { valgrind: firstLine(valgrind), compiler: firstLine('g++') };
const now = Object.fromEntries(COMMANDS.map((command) => [command, median(measured[command])]));
const unsteady = COMMANDS.filter((command) => Math.max(...measured[command]) > Math.min(...measured[command]) * (1 + SPREAD));
for (const command of unsteady) console.error(`instructions: ${command} does not repeat: ${measured[command].join(', ')}`);

if (process.argv.includes('--record')) {
  if (unsteady.length > 0) process.exit(1);
  writeFileSync(recordFile, `${JSON.stringify({ ...made, instructions: now }, null, 2)}\n`);
}
const recorded = JSON.parse(readFileSync(recordFile, 'utf8'));
for (const [what, version] of Object.entries(made)) {
  if (recorded[what] !== version) console.log(`recorded with another ${what}: ${recorded[what]}, here ${version}`);
}
const line = (command, cells, word) => console.log(`${command.padEnd(10)}${cells.map((cell) => cell.padStart(14)).join('')}${word}`);
line('command', ['recorded', 'now', 'ratio'], '');
const failed = new Set(unsteady);
for (const command of COMMANDS) {
  const ratio = now[command] / recorded.instructions[command];
  if (!(now[command] <= recorded.instructions[command] * (1 + TOLERANCE) + START)) failed.add(command);
  const word = failed.has(command) ? '  failed' : ratio < 1 - TOLERANCE ? '  less: renew the record (--record)' : '';
  const before = recorded.instructions[command]?.toLocaleString('en') ?? 'none';
  line(command, [before, now[command].toLocaleString('en'), ratio.toFixed(4)], word);
}
report((command) => (failed.has(command) ? 'failed' : 'passed'));
process.exitCode = failed.size === 0 ? 0 : 1;
