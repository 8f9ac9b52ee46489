// The kernel files of a container's cgroup after `create`, by tsrun, runc and crun, for configs that engines really wrote.
//
//   node test/vm/kernel-files.mjs > docs/kernel-files.md     (in the virtual machine: runc, crun and bpftool are needed)
//
// From every recorded config the resources, the namespaces and the cgroup mount are taken; the rest is what `runc spec` writes, so
// that it runs anywhere. Every runtime creates it below one parent; then every file of its cgroup is read that does not count or
// measure. What a runtime wrote is what differs from a cgroup that nobody wrote to.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const captures = join(here, '../fixtures/captures');
const MOUNT = '/sys/fs/cgroup';
const work = mkdtempSync(join(tmpdir(), 'tsrun-kernel-files-'));
const tag = work.slice(work.lastIndexOf('/') + 1);
const runtimes = [
  { name: 'tsrun', path: join(process.env.TSRUN_DIST ?? join(here, '../../dist'), 'tsrun') },
  { name: 'runc', path: 'runc' },
  { name: 'crun', path: 'crun' },
];

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Every recorded config, every recorded change of resources, and what `runc spec` writes. */
function configs() {
  const found = [];
  for (const use of readdirSync(captures).sort()) {
    if (!statSync(join(captures, use)).isDirectory()) continue;
    const calls = readdirSync(join(captures, use)).sort((a, b) => Number.parseInt(a) - Number.parseInt(b));
    for (const call of calls) {
      const [config, resources] = ['config.json', 'resources.json'].map((file) => join(captures, use, call, file));
      if (existsSync(config)) found.push({ name: `${use}/${call}`, linux: json(config).linux, mounts: json(config).mounts });
      if (existsSync(resources)) found.push({ name: `${use}/${call}`, linux: { resources: json(resources) }, mounts: [] });
    }
  }
  const spec = json(join(here, '../fixtures/runc-spec.json'));
  found.push({ name: 'runc spec', linux: spec.linux, mounts: spec.mounts });
  return found;
}

function makeRoot() {
  const root = join(work, 'rootfs');
  for (const path of ['bin', 'dev', 'proc', 'sys', 'etc', 'tmp']) mkdirSync(join(root, path), { recursive: true });
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  return root;
}

const root = makeRoot();
// the root of a user namespace must get to it
chmodSync(work, 0o755);

function bundle(config, path) {
  const directory = mkdtempSync(join(work, 'bundle-'));
  const plain = json(join(here, '../fixtures/runc-spec.json'));
  const mount = config.mounts.find(({ destination }) => destination === '/sys/fs/cgroup');
  const own = (config.linux.namespaces ?? plain.linux.namespaces).filter(({ type, path: joined }) => !joined && type !== 'network');
  const adapted = {
    ...plain,
    process: { ...plain.process, terminal: false, args: ['sh'] },
    hostname: own.some(({ type }) => type === 'uts') ? plain.hostname : undefined,
    root: { path: root },
    mounts: [...plain.mounts.filter(({ destination }) => destination !== '/sys/fs/cgroup'), ...(mount ? [mount] : [])],
    linux: {
      ...plain.linux,
      namespaces: [...own, { type: 'network' }],
      uidMappings: config.linux.uidMappings,
      gidMappings: config.linux.gidMappings,
      resources: config.linux.resources ?? {},
      cgroupsPath: path,
    },
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(adapted));
  return directory;
}

/** Files that count, measure, list or order: not what a runtime sets. */
const COUNTS =
  /\.(stat|stat\.local|current|peak|pressure|numa_stat|events|events\.local|effective|usage|failcnt)$|^cgroup\.(procs|threads|controllers|type|kill|events|stat|stat\.local)$|^memory\.(reclaim|numa_stat)$|\.(partition)$/;

function values(cgroup) {
  const found = new Map();
  for (const file of readdirSync(cgroup)) {
    if (COUNTS.test(file)) continue;
    try {
      if (statSync(join(cgroup, file)).isFile()) found.set(file, readFileSync(join(cgroup, file), 'utf8').trim().replaceAll('\n', '; '));
    } catch {
      // only to be written
    }
  }
  found.set('owner', String(statSync(cgroup).uid));
  const text = execFileSync('bpftool', ['--json', 'cgroup', 'show', cgroup], { encoding: 'utf8' }).trim();
  const sizes = (text === '' ? [] : JSON.parse(text)).map(
    ({ id }) => JSON.parse(execFileSync('bpftool', ['--json', 'prog', 'show', 'id', String(id)], { encoding: 'utf8' })).bytes_xlated / 8,
  );
  found.set('device filter', sizes.length === 0 ? 'none' : sizes.map((size) => `${size} instructions`).join(' and '));
  return found;
}

/** What differs after `create` from an untouched cgroup; or the words of a refusal. */
function attempt({ name, path }, config, untouched, number) {
  const cgroup = `/${tag}/${name}-${number}`;
  const id = `${tag}-${name}-${number}`;
  const state = join(work, name);
  // a file, since the container goes on and would keep a pipe open
  const log = openSync(join(work, 'log'), 'w');
  const made = spawnSync(path, ['--root', state, 'create', '--bundle', bundle(config, cgroup), id], {
    stdio: ['ignore', log, log],
    timeout: 60_000,
  });
  closeSync(log);
  try {
    if (made.status !== 0)
      return new Map([['refused', readFileSync(join(work, 'log'), 'utf8').trim().split('\n').at(-1).replaceAll(tag, 'X')]]);
    const differing = [...values(MOUNT + cgroup)].filter(([file, value]) => untouched.get(file) !== value);
    return new Map(differing);
  } finally {
    spawnSync(path, ['--root', state, 'delete', '--force', id], { stdio: 'ignore' });
  }
}

function untouchedValues() {
  mkdirSync(`${MOUNT}/${tag}`);
  const controllers = readFileSync(`${MOUNT}/cgroup.controllers`, 'utf8').trim().split(' ');
  const all = controllers.map((each) => `+${each}`).join(' ');
  for (const level of [MOUNT, `${MOUNT}/${tag}`]) writeFileSync(`${level}/cgroup.subtree_control`, all);
  mkdirSync(`${MOUNT}/${tag}/untouched`);
  const found = values(`${MOUNT}/${tag}/untouched`);
  rmdirSync(`${MOUNT}/${tag}/untouched`);
  return found;
}

function version({ path }) {
  return spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0];
}

const untouched = untouchedValues();
const groups = new Map();
const differing = new Set();
let number = 0;
try {
  for (const config of configs()) {
    number++;
    const results = runtimes.map((runtime) => attempt(runtime, config, untouched, number));
    const files = [...new Set(results.flatMap((result) => [...result.keys()]))].sort();
    const rows = files.map((file) => {
      const cells = results.map((result) => result.get(file) ?? (result.has('refused') ? '' : '-'));
      const same = cells.every((cell) => cell === cells[0]);
      if (!same) differing.add(file);
      return `| ${same ? '' : '**'}${file}${same ? '' : '**'} | ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    });
    const table = rows.length === 0 ? '(nothing)' : rows.join('\n');
    groups.set(table, [...(groups.get(table) ?? []), config.name]);
    process.stderr.write(`${config.name}\n`);
  }
} finally {
  for (const entry of readdirSync(`${MOUNT}/${tag}`, { withFileTypes: true }))
    if (entry.isDirectory()) rmdirSync(`${MOUNT}/${tag}/${entry.name}`);
  rmdirSync(`${MOUNT}/${tag}`);
  rmSync(work, { recursive: true, force: true });
}

console.log(`Kernel ${release()}; ${runtimes.map(version).join('; ')}; ${number} configs.\n`);
for (const [table, names] of groups) {
  console.log(`### ${names.join(', ')}\n\n| file | tsrun | runc | crun |\n|---|---|---|---|\n${table}\n`);
}
console.log(`Files that differ somewhere: ${[...differing].join(', ') || 'none'}.`);
