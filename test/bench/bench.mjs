// `npm run bench`: tsrun beside crun and runc, interleaved, on this machine.
//
//   npm run bench [-- --rounds N] [--json FILE] [--config default|docker|all] [--quick]
//
// Every round times every operation of every runtime, in an order that rotates, so that what the machine does besides
// falls on all alike. Medians and ratios of medians. The peers are this machine's own and the newest of Debian's. It runs in a mount namespace of its own with cgroup v2 alone at
// /sys/fs/cgroup, so that all three drive the same hierarchy.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { suitePackages } from '../../scripts/lib/debian.mjs';
import { cacheDirectory, fresh, ours } from '../../scripts/vm/cache.mjs';
import { peers } from '../../scripts/vm/recipe/peers.mjs';
import { configs } from './configs.mjs';
import { enterMountNamespace, median, option } from './inside.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const top = join(here, '../..');

const newest = await newestPeers();
enterMountNamespace();

const quick = process.argv.includes('--quick');
const rounds = Number(option('rounds', quick ? 5 : 40));
const work = mkdtempSync(join(tmpdir(), 'tsrun-bench-'));
const children = new Set();

/** Where Debian's newest crun and runc are, fetched if they are not there yet. */
async function newestPeers() {
  const hash = createHash('sha256')
    .update(JSON.stringify(suitePackages('peers')))
    .digest('hex');
  const path = join(cacheDirectory(), `tsrun-vm-peers-${hash.slice(0, 12)}`);
  if (!existsSync(path)) await fresh(path, (directory, log) => peers(directory, path, log));
  return join(ours(path), 'bin');
}

/** The runtimes that are here, each with a state root of its own; the newest peers have a plus behind their names. */
function runtimes() {
  const found = [{ name: 'tsrun', path: join(top, 'dist/tsrun') }];
  for (const name of ['crun', 'runc']) {
    const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (path === '') console.error(`bench: ${name} is not installed (apt-get install ${name}): left out`);
    else found.push({ name, path });
    found.push({ name: `${name}+`, path: join(newest, name) });
  }
  return found.map((runtime) => ({
    ...runtime,
    version: spawnSync(runtime.path, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0],
    // where engines have it: on a tmpfs
    root: `/run/tsrun-bench-${process.pid}/${runtime.name}`,
    environment: runtime.name.startsWith('crun') ? memlockShim() : [],
  }));
}

/**
 * crun raises RLIMIT_MEMLOCK before it loads a device filter, which kernels since 5.11 do not need, and gives up where it
 * may not (no CAP_SYS_RESOURCE). For it alone that one call is made to succeed, so that it can be compared at all.
 */
let shim;
function memlockShim() {
  return (shim ??= makeMemlockShim());
}

function makeMemlockShim() {
  const { status } = spawnSync('prlimit', ['--memlock=unlimited:unlimited', 'true'], { stdio: 'ignore' });
  if (status === 0) return [];
  const library = join(work, 'memlock.so');
  const source = 'int setrlimit(int resource, const void* limit) { (void)resource; (void)limit; return 0; }\n';
  const built = spawnSync('gcc', ['-O2', '-shared', '-fPIC', '-x', 'c', '-o', library, '-'], {
    input: source,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (built.status !== 0) process.exit(1);
  console.log('crun may not raise RLIMIT_MEMLOCK here: setrlimit(2) does nothing for it');
  return [`LD_PRELOAD=${library}`];
}

function startStopwatch() {
  const program = join(work, 'stopwatch');
  const built = spawnSync('g++', ['-O2', '-std=c++20', '-o', program, join(here, 'stopwatch.cc')], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** Milliseconds the command took; throws when it fails. */
  return async (words) => {
    child.stdin.write(`${words.join('\t')}\n`);
    const [time, status, text] = (await answers.next()).value.split('\t');
    if (status !== '0') throw new Error(`${words.join(' ')}: exit status ${status}: ${text}`);
    return Number(time) / 1e6;
  };
}

function makeBundle(name, config) {
  const bundle = join(work, name);
  mkdirSync(join(bundle, 'rootfs/bin'), { recursive: true });
  for (const folder of ['proc', 'sys', 'dev', 'etc', 'tmp']) mkdirSync(join(bundle, 'rootfs', folder), { recursive: true });
  cpSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  for (const tool of ['sh', 'true', 'sleep']) symlinkSync('busybox', join(bundle, 'rootfs/bin', tool));
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}

/** KiB, of the process that waits for `start`. */
function pss(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
}

const OPERATIONS = ['run', 'create', 'state', 'start', 'exec', 'kill', 'delete'];

async function measure(time, all, config) {
  const sleeper = makeBundle(`${config.name}-sleep`, config.make(['sleep', '1000']));
  const brief = makeBundle(`${config.name}-true`, config.make(['true']));
  const times = Object.fromEntries(all.map(({ name }) => [name, Object.fromEntries(OPERATIONS.map((operation) => [operation, []]))]));
  const memory = Object.fromEntries(all.map(({ name }) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (let turn = 0; turn < all.length; turn++) {
      const { name, path, root, environment } = all[(round + 2 + turn) % all.length];
      const id = `bench-${name}-${process.pid}-${round + 2}`;
      const take = async (operation, ...words) => {
        const taken = await time([...environment, path, '--root', root, ...words]);
        if (round >= 0) times[name][operation].push(taken);
      };
      const pidFile = join(work, `${id}.pid`);
      await take('run', 'run', '--bundle', brief, `${id}-r`);
      await take('create', 'create', '--bundle', sleeper, '--pid-file', pidFile, id);
      const pid = Number(readFileSync(pidFile, 'utf8'));
      if (round >= 0) memory[name].push(pss(pid));
      await take('state', 'state', id);
      await take('start', 'start', id);
      await take('exec', 'exec', id, 'true');
      await take('kill', 'kill', id, 'KILL');
      await time(['wait', String(pid)]);
      await take('delete', 'delete', id);
    }
  }
  const result = {};
  for (const { name } of all) {
    result[name] = Object.fromEntries(OPERATIONS.map((operation) => [operation, median(times[name][operation])]));
    result[name].pssKiB = median(memory[name]);
  }
  return result;
}

async function sequential(time, all, config, count) {
  const brief = makeBundle(`${config.name}-sequential`, config.make(['true']));
  const total = Object.fromEntries(all.map(({ name }) => [name, 0]));
  for (let round = 0; round < count; round++) {
    for (const { name, path, root, environment } of all) {
      total[name] += await time([
        ...environment,
        path,
        '--root',
        root,
        'run',
        '--bundle',
        brief,
        `sequential-${name}-${process.pid}-${round}`,
      ]);
    }
  }
  return total;
}

/** Milliseconds for `count` containers at once, each `run` to its end. */
async function parallel(all, config, count) {
  const brief = makeBundle(`${config.name}-parallel`, config.make(['true']));
  const result = {};
  for (const { name, path, root, environment } of all) {
    const env = { ...process.env, ...Object.fromEntries(environment.map((entry) => entry.split('='))) };
    const took = [];
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      const begin = process.hrtime.bigint();
      const ends = Array.from({ length: count }, (_, index) => {
        const child = spawn(path, ['--root', root, 'run', '--bundle', brief, `parallel-${name}-${process.pid}-${round}-${index}`], {
          stdio: 'ignore',
          env,
        });
        return new Promise((done, fail) =>
          child.on('exit', (code) => (code === 0 ? done() : fail(new Error(`${name}: exit status ${code}`)))),
        );
      });
      await Promise.all(ends);
      took.push(Number(process.hrtime.bigint() - begin) / 1e6);
    }
    result[name] = median(took);
  }
  return result;
}

function table(title, all, rows) {
  const others = all.slice(1);
  console.log(`\n${title}`);
  console.log(
    ['', ...all.map(({ name }) => name), ...others.map(({ name }) => `/ ${name}`)]
      .map((cell, i) => (i === 0 ? cell.padEnd(26) : cell.padStart(9)))
      .join(''),
  );
  for (const [label, values, digits] of rows) {
    const cells = all.map(({ name }) => values[name].toFixed(digits).padStart(9));
    const ratios = others.map(({ name }) => (values.tsrun / values[name]).toFixed(2).padStart(9));
    console.log(label.padEnd(26) + cells.join('') + ratios.join(''));
  }
}

async function main(all) {
  const time = startStopwatch();
  const report = {
    machine: { kernel: release(), cpus: cpus().length, memoryMiB: Math.round(totalmem() / 1048576) },
    runtimes: Object.fromEntries(all.map(({ name, version }) => [name, version])),
    rounds,
    configs: {},
  };
  console.log(
    `kernel ${release()}, ${cpus().length} processors; ${all.map(({ version }) => version).join(', ')}; ${rounds} rounds, medians`,
  );
  const wanted = option('config', 'all');
  for (const config of configs.filter(({ name }) => wanted === 'all' || wanted === name)) {
    const medians = await measure(time, all, config);
    const column = (key) => Object.fromEntries(all.map(({ name }) => [name, medians[name][key]]));
    const sequentialCount = quick ? 20 : 200;
    const totals = await sequential(time, all, config, sequentialCount);
    const parallelCount = quick ? 10 : 50;
    const together = await parallel(all, config, parallelCount);
    table(`${config.name}: ${config.what}`, all, [
      ...OPERATIONS.map((operation) => [`${operation}, ms`, column(operation), 2]),
      ['waiting init, PSS KiB', column('pssKiB'), 0],
      [`${sequentialCount} one by one, ms`, totals, 0],
      [`${parallelCount} at once, ms`, together, 0],
    ]);
    report.configs[config.name] = {
      medians,
      sequential: { count: sequentialCount, ms: totals },
      parallel: { count: parallelCount, ms: together },
    };
  }
  const file = option('json', undefined);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** Whatever an interrupted round left: containers of our own state roots only. */
function cleanUp(all) {
  for (const child of children) child.kill();
  for (const { path, root } of all) {
    for (const id of existsSync(root) ? readdirSync(root) : [])
      spawnSync(path, ['--root', root, 'delete', '--force', id], { stdio: 'ignore' });
  }
  for (const path of [work, `/run/tsrun-bench-${process.pid}`]) rmSync(path, { recursive: true, force: true });
}

const all = runtimes();
try {
  await main(all);
} finally {
  cleanUp(all);
}
