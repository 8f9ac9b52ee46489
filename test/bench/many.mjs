// Many containers in one slice: what each of them costs, from the first to the last.
//
//   node test/bench/many.mjs [--count N] [--runtime PATH] [--json FILE]
//
// Creates N containers (1000) in one cgroup, and times every create; a hundred times on the way `list`, and `events --stats` and
// `state` of the newest; then deletes them, newest first. Medians by tenths of the way. Like the benchmark it runs in a mount
// namespace of its own with cgroup v2 alone at /sys/fs/cgroup.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configs } from './configs.mjs';
import { enterMountNamespace, median, option } from './inside.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');

enterMountNamespace();

const count = Number(option('count', 1000));
const runtime = option('runtime', join(process.env.TSRUN_DIST ?? join(top, 'dist'), 'tsrun'));
const name = runtime.slice(runtime.lastIndexOf('/') + 1);
const work = mkdtempSync(join(tmpdir(), 'tsrun-many-'));
const tag = work.slice(work.lastIndexOf('/') + 1);
const slice = `/${tag}.slice`;
const root = `/run/${tag}`;

function makeBundle() {
  const rootfs = join(work, 'rootfs');
  for (const path of ['bin', 'dev', 'proc', 'sys', 'etc', 'tmp']) mkdirSync(join(rootfs, path), { recursive: true });
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined) throw new Error('needs a static busybox');
  cpSync(busybox, join(rootfs, 'bin/busybox'));
  symlinkSync('busybox', join(rootfs, 'bin/sh'));
  return rootfs;
}

const rootfs = makeBundle();
const { make } = configs[0];

/** A bundle for each, since the cgroup's path is in it. */
function bundle(id) {
  const path = join(work, id);
  mkdirSync(path);
  const config = make(['sh', '-c', 'sleep 1000']);
  config.root = { path: rootfs, readonly: true };
  config.linux.cgroupsPath = `${slice}/${id}`;
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

/** Milliseconds; `out` takes the output. */
function time(args, out = 'ignore') {
  const start = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(runtime, ['--root', root, ...args], {
    stdio: ['ignore', out, out === 'ignore' ? 'ignore' : 'pipe'],
    maxBuffer: 1 << 26,
  });
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: status ${status}: ${stderr ?? ''}`);
  return { milliseconds, stdout };
}

const tenths = Array.from({ length: 10 }, () => ({ create: [], state: [], events: [], list: [], perListed: [], delete: [] }));
const tenth = (at) => tenths[Math.min(9, Math.floor((at * 10) / count))];
const hasEvents = spawnSync(runtime, ['events', '--help']).status === 0;
const ids = [];

function end() {
  for (const id of ids) spawnSync(runtime, ['--root', root, 'delete', '--force', id], { stdio: 'ignore' });
  const left = existsSync(`/sys/fs/cgroup${slice}`)
    ? readdirSync(`/sys/fs/cgroup${slice}`, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    : [];
  if (existsSync(`/sys/fs/cgroup${slice}`) && left.length === 0) rmdirSync(`/sys/fs/cgroup${slice}`);
  const states = existsSync(root) ? readdirSync(root).filter((each) => !each.startsWith('=')) : [];
  rmSync(work, { recursive: true });
  rmSync(root, { recursive: true, force: true });
  return left.length + states.length;
}

try {
  for (let at = 0; at < count; at++) {
    const id = `${tag}-${at}`;
    const path = bundle(id);
    ids.push(id);
    tenth(at).create.push(time(['create', '--bundle', path, id]).milliseconds);
    if ((at + 1) % Math.max(1, Math.floor(count / 100)) !== 0) continue;
    tenth(at).state.push(time(['state', id]).milliseconds);
    if (hasEvents) tenth(at).events.push(time(['events', '--stats', id]).milliseconds);
    const listed = time(['list', '--format', 'json'], 'pipe');
    if (JSON.parse(listed.stdout).length !== at + 1) throw new Error('list does not list them all');
    tenth(at).list.push(listed.milliseconds);
  }
  for (let at = count - 1; at >= 0; at--) tenth(at).delete.push(time(['delete', '--force', ids.pop()]).milliseconds);
  // what `list` takes more than `state`, which starts as it does and reads one
  tenths.forEach((each, index) => {
    each.perListed = [((median(each.list) - median(each.state)) * 1000) / ((index + 0.5) * (count / 10))];
  });
} finally {
  const left = end();
  if (left > 0) {
    console.error(`${left} cgroups and states were left behind`);
    process.exitCode = 1;
  }
}

const columns = ['create', 'state', 'events', 'delete', 'list', 'perListed'];
const rows = tenths.map((each) =>
  Object.fromEntries(columns.map((column) => [column, each[column].length === 0 ? null : median(each[column])])),
);
console.log(`${name}, ${count} containers in one slice; ${cpus().length} processors, kernel ${release()}; medians`);
console.log('| containers | create, ms | state, ms | events --stats, ms | delete, ms | list, ms | list, µs a container more than state |');
console.log('|---|---|---|---|---|---|---|');
rows.forEach((row, index) => {
  const cells = columns.map((column) => (row[column] === null ? '-' : row[column].toFixed(column === 'perListed' ? 0 : 1)));
  console.log(`| to ${((index + 1) * count) / 10} | ${cells.join(' | ')} |`);
});
const file = option('json', '');
if (file !== '') writeFileSync(file, JSON.stringify({ name, count, rows }, null, 2));
