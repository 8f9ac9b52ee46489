// The JavaScript engine of dist/tsrun: QuickJS-ng as Debian's package qjs-src has it (scripts/suites.txt), and its core as a static
// library. Both are kept below the cache directory by a hash of what they are made of; nothing of them is in the repository.
// `node scripts/engine.mjs [fetch]` prints where the sources are, fetching them if need be; `node scripts/engine.mjs build` the library.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { fetchPackages, suitePackages } from './lib/debian.mjs';
import { cacheDirectory, ours, step } from './vm/cache.mjs';

/** The core: neither the operating system module nor the command line. */
const CORE = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'dtoa.c'];

/** Small and fast; position independent code for a static-pie program; sections, so that what is not called is not linked. */
const FLAGS = ['-std=gnu11', '-O2', '-fPIE', '-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables', '-fstack-protector-strong', '-D_GNU_SOURCE', '-w']; // prettier-ignore

const [engine] = suitePackages('engine');

/** The version that was tested, "0.17.0": directories of the cache are named by it. */
const tested = engine.tested.replace(/-[^-]*$/, '');

/**
 * What is changed in the engine, by file: it keeps blocks of up to 512 bytes in pools of its own, which is faster, and asks here whether it
 * may. While the build prepares a heap (native/executable/heap.h) each has its own place. A version that has no such line stays as it is.
 */
const CHANGES = {
  'quickjs.c': [
    '#define JS_ARENA_LARGE_BLOCKS_ONLY 0',
    '__attribute__((weak)) int tsrun_no_pools;\n#define JS_ARENA_LARGE_BLOCKS_ONLY tsrun_no_pools',
  ],
};

/** What a directory of the cache is named by. */
export const hashOf = (parts) => createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);

/** Makes the directory `path` whole or not at all: `make(directory, log)` fills one beside it. As any user. */
export function kept(path, make) {
  if (existsSync(path)) return ours(path);
  mkdirSync(cacheDirectory(), { recursive: true });
  const directory = mkdtempSync(`${path}.`);
  const log = join(directory, 'build.log');
  try {
    make(directory, log);
    renameSync(directory, path);
  } catch (error) {
    // somebody else was faster
    if (existsSync(path)) return ours(path);
    const said = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-20).join('\n') : '';
    throw new Error(`making ${path}: ${error.message}\n${said}`, { cause: error });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return path;
}

/** The directory with the engine's C sources and quickjs.h: fetched from Debian and verified if it is not there. */
export function engineSources() {
  const path = join(cacheDirectory(), `tsrun-engine-${tested}-${hashOf([engine.name, engine.tested, process.getuid()])}`);
  kept(path, (directory, log) => {
    process.stderr.write(`engine: fetching ${engine.name} ${engine.tested}\n`);
    const work = join(directory, 'work');
    const [deb] = fetchPackages([engine], work, (...words) => step(log, ...words));
    step(log, 'dpkg-deb', ['-x', deb, join(work, 'package')]);
    renameSync(join(work, 'package/usr/src/quickjs-ng'), join(directory, 'quickjs'));
    rmSync(work, { recursive: true });
  });
  return join(path, 'quickjs');
}

/** The engine's version as its header says it: the tested one, or what the suite has in its place. */
export function engineVersion() {
  const header = readFileSync(join(engineSources(), 'quickjs.h'), 'utf8');
  return ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp(`#define QJS_VERSION_${part} (\\d+)`).exec(header)?.[1]).join('.');
}

/**
 * The static library of the engine's core, compiled if it is not there: `{include, library}`. `triplet` names the machine
 * it is for where that is not this one (aarch64-linux-gnu); `flags` come behind the usual ones and make it a library of its own.
 */
export function engineLibrary({ triplet = '', flags = [] } = {}) {
  const include = engineSources();
  const prefix = triplet === '' ? '' : `${triplet}-`;
  const all = [...FLAGS, ...flags];
  // names of source files are in the library, for assertions
  const names = `-ffile-prefix-map=${include}/=`;
  const path = join(
    cacheDirectory(),
    `tsrun-engine-${tested}-lib-${hashOf([engineVersion(), prefix, process.arch, process.getuid(), JSON.stringify(CHANGES), ...CORE, ...all, 'no names'])}`,
  );
  kept(path, (directory, log) => {
    // the changed files are in a directory whose name is another each time
    const here = `-ffile-prefix-map=${directory}/=`;
    const objects = CORE.map((name) => join(directory, name.replace(/c$/, 'o')));
    CORE.forEach((name, at) => {
      const [from, to] = CHANGES[name] ?? ['', ''];
      writeFileSync(join(directory, name), readFileSync(join(include, name), 'utf8').replace(from, to));
      step(log, `${prefix}gcc`, [...all, names, here, `-I${include}`, '-c', join(directory, name), '-o', objects[at]]);
      rmSync(join(directory, name));
    });
    step(log, `${prefix}gcc-ar`, ['rcsD', join(directory, 'libquickjs.a'), ...objects]);
    for (const object of objects) rmSync(object);
  });
  return { include, library: join(path, 'libquickjs.a') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const what = process.argv[2] ?? 'fetch';
  if (what !== 'fetch' && what !== 'build') throw new Error('scripts/engine.mjs [fetch | build]');
  process.stdout.write(`${what === 'fetch' ? engineSources() : engineLibrary().library}\n`);
}
