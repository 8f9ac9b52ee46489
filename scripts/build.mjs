// Makes dist/ complete: `node scripts/build.mjs [--target aarch64|plain] [STAGE...]`. A stage whose inputs did not change does nothing. One that
// fails does not keep the others from being tried. Nothing is downloaded but the engine's sources, where set-up has not done so, and a
// target's libraries. For a target, build/TARGET/dist gets the three programs: what Node loads and what is read is made here only.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { engineVersion } from './engine.mjs';
import { bundle, bundleWhole } from './lib/bundle.mjs';
import { nodeDirectory, nodeHeaders } from './lib/node.mjs';
import { filesBelow, once, onceAsync, output, root, run } from './lib/run.mjs';
import { engineFor, targetOf } from './lib/target.mjs';
import { sources } from './sources.mjs';

const tool = (name) => join(root, 'node_modules/.bin', name);
const isSource = (path) => /\.(ts|json|js|mjs)$/.test(path);

/** What src/version.ts asks for, as JavaScript by name: the release, and where git knows it the commit and its day. */
function versionNames() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { stdout, status } = spawnSync('git', ['log', '-1', '--format=%H %cs'], { cwd: root, encoding: 'utf8' });
  const [commit, date] = status === 0 ? stdout.trim().split(' ') : [];
  const names = { TSRUN_VERSION: version, TSRUN_COMMIT: commit, TSRUN_DATE: date };
  return Object.fromEntries(Object.entries(names).flatMap(([name, value]) => (value ? [[name, JSON.stringify(value)]] : [])));
}

/** Puts `from` at `to` in one step: a program that is using the old one keeps it. */
function place(from, to, mode) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.new`);
  chmodSync(`${to}.new`, mode);
  renameSync(`${to}.new`, to);
}

/** Makes native programs for a target by scripts/KIND.mk. make knows itself what has changed. */
function make(kind, names, { build, dist, cross, sysroot }) {
  const lists = names.map((name) => `${name.toUpperCase()}_SOURCES := ${sources(name).join(' ')}\n`).join('');
  const file = join(root, build, kind, 'sources.mk');
  if (!existsSync(file) || readFileSync(file, 'utf8') !== lists) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, lists);
  }
  const settings = [`BUILD=${build}/${kind}`, `DIST=${dist}`, `CROSS=${cross}`, `SYSROOT=${sysroot}`];
  run('make', ['-s', '-k', '-j2', '-f', `scripts/${kind}.mk`, ...settings]);
}

/** tsrun-init and the demo's program. */
function programs(target) {
  make('static', ['init', 'demo'], target);
}

/** tsrun-systemd. */
function helper(target) {
  make('dynamic', ['systemd'], target);
}

/** The addon, for node. */
function addon() {
  const nodedir = nodeDirectory();
  const list = sources('addon');
  const node = `${nodedir} ${process.version}`;
  const args = ['--release', `--nodedir=${nodedir}`, '--loglevel=warn', '-j', '2'];
  const setup = ['binding.gyp', 'scripts/sources.mjs'];
  once('addon-configure', { files: setup, text: `${node} ${list}`, outputs: ['build/Makefile'] }, () => {
    run(tool('node-gyp'), ['configure', ...args]);
  });
  const inputs = [...setup, ...list, ...filesBelow('native', (path) => path.endsWith('.h'))];
  once('addon', { files: inputs, text: node, outputs: ['dist/libexec/tsrun.node'] }, () => {
    run(tool('node-gyp'), ['build', ...args], { env: { ...process.env, V: '' } });
    place(join(root, 'build/Release/tsrun.node'), join(root, 'dist/libexec/tsrun.node'), 0o755);
  });
}

/** The ahead-of-time compiled validators. */
function validators() {
  const generator = 'scripts/generate-validators.mjs';
  if (!existsSync(join(root, generator))) return;
  const schemas = ['src/spec/schema.ts', 'src/spec/words.ts'];
  once('validators', { files: [generator, 'package-lock.json', ...schemas], outputs: ['src/spec/generated'] }, () => {
    run(process.execPath, [generator]);
  });
}

/** Puts the values that src/version.ts asks for in front of what became of it. */
function nameVersion(path) {
  if (!existsSync(path)) return;
  const rest = readFileSync(path, 'utf8').replace(/^(const TSRUN_.*\n)*/, '');
  const names = Object.entries(versionNames()).map(([name, value]) => `const ${name} = ${value};\n`);
  writeFileSync(path, names.join('') + rest);
}

/** dist/lib: the library and the command line for Node. */
function library() {
  const files = filesBelow('src', isSource);
  const config = ['tsconfig.base.json', 'tsconfig.build.json', 'package-lock.json'];
  // what a removed source left behind goes with the whole directory
  once('lib-list', { files: [], text: files.join(), outputs: ['dist/lib'] }, () => {
    rmSync(join(root, 'dist/lib'), { recursive: true, force: true });
    rmSync(join(root, 'build/tsc.tsbuildinfo'), { force: true });
    rmSync(join(root, 'build/stamps/lib'), { force: true });
    mkdirSync(join(root, 'dist/lib'), { recursive: true });
  });
  once('lib', { files: [...files, ...config], text: JSON.stringify(versionNames()), outputs: ['dist/lib'] }, () => {
    for (const path of filesBelow('src/spec/generated', (path) => /\.(js|mjs|d\.ts|d\.mts)$/.test(path))) {
      place(join(root, path), join(root, path.replace(/^src\//, 'dist/lib/')), 0o644);
    }
    run(tool('tsc'), ['-p', 'tsconfig.build.json']);
    nameVersion(join(root, 'dist/lib/version.js'));
    const main = join(root, 'dist/lib/cli/main.js');
    if (existsSync(main)) chmodSync(main, 0o755);
  });
}

/** Writes what is not so already: a file that keeps its time keeps what is made of it. */
function writeChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The command line as scripts, for any machine: the directory that has them in scripts/, and their names. */
async function scripts() {
  const build = 'build/executable';
  const files = [
    ...filesBelow('src', isSource),
    ...filesBelow('scripts/stubs'),
    ...filesBelow('scripts/heap'),
    'scripts/lib/bundle.mjs',
    'scripts/lib/lines.mjs',
    'package-lock.json',
  ];
  const define = { ...versionNames(), TSRUN_ENGINE: JSON.stringify(`quickjs-ng ${engineVersion()}`) };
  await onceAsync('scripts', { files, text: JSON.stringify(define), outputs: [`${build}/scripts/core.js`] }, async () => {
    const made = await bundle(join(root, 'src/cli/process.ts'), define);
    for (const { name, code, lines } of made) {
      writeChanged(join(root, build, `scripts/${name}.js`), code);
      writeChanged(join(root, build, `scripts/${name}.lines`), lines);
    }
    for (const { name, code, lines } of await bundleWhole(join(root, 'src/cli/process.ts'), define)) {
      writeChanged(join(root, build, `whole/${name}.js`), code);
      writeChanged(join(root, build, `whole/${name}.lines`), lines);
    }
    writeChanged(join(root, build, 'scripts/names'), made.map(({ name }) => name).join(' '));
  });
  return { code: build, names: readFileSync(join(root, build, 'scripts/names'), 'utf8') };
}

/** tsrun: engine, scripts and addon as one program. */
async function executable(target) {
  const build = `${target.build}/executable`;
  const { code, names } = await scripts();
  const { include, library } = engineFor(target);
  const compiler = engineFor(targetOf('')).library;
  const node = nodeDirectory();
  writeChanged(join(root, build, 'sources.mk'), `EXECUTABLE_SOURCES := ${sources('executable').join(' ')}\nSCRIPTS := ${names}\n`);
  // of what comes from outside no object says that it depends on it
  writeChanged(join(root, build, 'outside'), [library, compiler, node, process.version].join('\n'));
  const set = {
    BUILD: build,
    CODE: code,
    TARGET: `${target.dist}/tsrun`,
    PAYLOAD: target.payload,
    CROSS: target.cross,
    SYSROOT: target.sysroot,
    ENGINE: include,
    LIBRARY: library,
    COMPILER_LIBRARY: compiler,
    NODE: nodeHeaders(),
    NAPI: 'node_modules/node-addon-api',
  };
  run('make', ['-s', '-k', '-j2', '-f', 'scripts/executable.mk', ...Object.entries(set).map(([name, value]) => `${name}=${value}`)]);
}

/** The man page and the shells' completions, as the command line itself prints them. */
function share() {
  const pages = [
    [['man'], 'dist/share/man/man8/tsrun.8'],
    [['completion', 'bash'], 'dist/share/bash-completion/completions/tsrun'],
    [['completion', 'zsh'], 'dist/share/zsh/site-functions/_tsrun'],
  ];
  const inputs = ['dist/tsrun'];
  if (!inputs.every((path) => existsSync(join(root, path)))) return;
  once('share', { files: inputs, outputs: pages.map(([, path]) => path) }, () => {
    for (const [args, path] of pages) {
      const text = output(join(root, 'dist/tsrun'), args);
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  });
}

const stages = { programs, helper, addon, validators, library, executable, share };

/** What there is to do for another machine. */
const ABROAD = ['programs', 'helper', 'validators', 'executable'];

async function main(words) {
  // two builds at once would write the same files
  if (process.env['TSRUN_BUILD_LOCKED'] === undefined) {
    mkdirSync(join(root, 'build'), { recursive: true });
    const args = [join(root, 'build/lock'), process.execPath, fileURLToPath(import.meta.url), ...words];
    const { status } = spawnSync('flock', args, { stdio: 'inherit', env: { ...process.env, TSRUN_BUILD_LOCKED: '1' } });
    return status ?? 1;
  }
  const at = words.indexOf('--target');
  const target = targetOf(at < 0 ? '' : (words[at + 1] ?? '(none)'));
  const names = at < 0 ? words : words.toSpliced(at, 2);
  let failures = 0;
  for (const [name, stage] of Object.entries(stages)) {
    if (names.length > 0 && !names.includes(name)) continue;
    if (target.name !== '' && !ABROAD.includes(name)) continue;
    try {
      await stage(target);
    } catch (error) {
      failures++;
      process.stderr.write(`build: ${name}: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  return failures === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`build: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
