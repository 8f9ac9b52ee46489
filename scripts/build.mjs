// Makes dist/ complete: `node scripts/build.mjs [STAGE...]`. A stage whose inputs did not change does nothing. One that
// fails does not keep the others from being tried. Nothing is downloaded.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundle } from './lib/bundle.mjs';
import { filesBelow, once, output, root, run } from './lib/run.mjs';
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

/** Makes native programs by scripts/KIND.mk. make knows itself what has changed. */
function make(kind, names) {
  const lists = names.map((name) => `${name.toUpperCase()}_SOURCES := ${sources(name).join(' ')}\n`).join('');
  const file = join(root, `build/${kind}/sources.mk`);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== lists) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, lists);
  }
  run('make', ['-s', '-k', '-j2', '-f', `scripts/${kind}.mk`, `BUILD=build/${kind}`, 'DIST=dist']);
}

/** tsrun-init, the launcher and the demo's program. */
function programs() {
  make('static', ['init', 'launcher', 'demo']);
}

/** tsrun-systemd. */
function helper() {
  make('dynamic', ['systemd']);
}

/** The addon, against the headers of the node that runs this. */
function addon() {
  const prefix = dirname(dirname(process.execPath));
  const nodedir = [process.env['npm_config_nodedir'], prefix].find((path) => path && existsSync(join(path, 'include/node/node_api.h')));
  if (!nodedir) throw new Error(`no headers of node in ${prefix}/include/node: install them or set npm_config_nodedir`);
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

/** dist/libexec/tsrun-js: the TypeScript as one executable. */
function executable() {
  const entry = 'src/cli/main.ts';
  if (!existsSync(join(root, entry))) throw new Error(`${entry} is missing`);
  const machine = { x64: 'x64', arm64: 'aarch64' }[process.arch];
  const bun = createRequire(import.meta.url).resolve(`@oven/bun-linux-${machine}/bin/bun`);
  const files = [...filesBelow('src', isSource), ...filesBelow('scripts/stubs'), 'scripts/lib/bundle.mjs', 'package-lock.json'];
  const define = versionNames();
  once('bundle', { files, text: JSON.stringify(define), outputs: ['build/tsrun-js.cjs'] }, () => {
    bundle(join(root, entry), join(root, 'build/tsrun-js.cjs'), define);
  });
  const code = readFileSync(join(root, 'build/tsrun-js.cjs'), 'utf8');
  once('executable', { files: ['scripts/lib/bundle.mjs', 'package-lock.json'], text: code, outputs: ['dist/libexec/tsrun-js'] }, () => {
    mkdirSync(join(root, 'dist/libexec'), { recursive: true });
    const made = join(root, 'build/tsrun-js');
    // prettier-ignore
    output(bun, [
      'build', '--compile', '--bytecode', '--minify', '--format=cjs', '--sourcemap=none', '--env=disable',
      '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig', '--no-compile-autoload-tsconfig', '--no-compile-autoload-package-json',
      '--compile-jit-policy=1000', '--reject-unresolved', join(root, 'build/tsrun-js.cjs'), '--outfile', made,
    ], { cwd: join(root, 'build') });
    place(made, join(root, 'dist/libexec/tsrun-js'), 0o755);
    rmSync(made);
  });
}

/** The man page and the shells' completions, as the command line itself prints them. */
function share() {
  const pages = [
    [['man'], 'dist/share/man/man8/tsrun.8'],
    [['completion', 'bash'], 'dist/share/bash-completion/completions/tsrun'],
    [['completion', 'zsh'], 'dist/share/zsh/site-functions/_tsrun'],
  ];
  const inputs = ['dist/libexec/tsrun-js', 'dist/tsrun'];
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

function main(names) {
  // two builds at once would write the same files
  if (process.env['TSRUN_BUILD_LOCKED'] === undefined) {
    mkdirSync(join(root, 'build'), { recursive: true });
    const args = [join(root, 'build/lock'), process.execPath, fileURLToPath(import.meta.url), ...names];
    const { status } = spawnSync('flock', args, { stdio: 'inherit', env: { ...process.env, TSRUN_BUILD_LOCKED: '1' } });
    return status ?? 1;
  }
  let failures = 0;
  for (const [name, stage] of Object.entries(stages)) {
    if (names.length > 0 && !names.includes(name)) continue;
    try {
      stage();
    } catch (error) {
      failures++;
      process.stderr.write(`build: ${name}: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
