// What the programs are built for: this machine, or another one, with its cross compiler and a directory of its libraries, which are
// Debian packages as scripts/suites.txt names them, kept below the cache directory by a hash of what they are.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { engineLibrary, hashOf, kept } from '../engine.mjs';
import { cacheDirectory, step } from '../vm/cache.mjs';
import { fetchPackages, suitePackages } from './debian.mjs';

/** The other machines: what compilers call them. The purpose in packages.txt and suites.txt is the name. */
const OTHERS = { aarch64: 'aarch64-linux-gnu' };

/** What a program that is to run on this machine is built with; `payload`: what goes behind dist/tsrun (executable.mk). */
const HERE = { name: '', triplet: '', build: 'build', dist: 'dist', cross: '', sysroot: '', runner: [], payload: 'heap' };

/** The directory with headers and libraries of `triplet` below usr/: fetched from Debian and verified if it is not there. */
function sysrootOf(name, triplet) {
  const packages = suitePackages(name);
  const path = join(
    cacheDirectory(),
    `tsrun-sysroot-${name}-${hashOf([process.getuid(), ...packages.flatMap((entry) => [entry.name, entry.tested])])}`,
  );
  return kept(path, (directory, log) => {
    process.stderr.write(`build: fetching libraries for ${name}\n`);
    const work = join(directory, 'packages');
    const debs = fetchPackages(packages, work, (...words) => step(log, ...words));
    for (const deb of debs) step(log, 'dpkg-deb', ['-x', deb, directory]);
    rmSync(work, { recursive: true });
    // the options that make gcc use musl have the paths of an installed package in them
    const specs = join(directory, `usr/lib/${triplet.replace(/gnu$/, 'musl')}/musl-gcc.specs`);
    writeFileSync(specs, readFileSync(specs, 'utf8').replaceAll(' /usr/', ` ${path}/usr/`).replaceAll('-L/usr/', `-L${path}/usr/`));
  });
}

/** The programs that a target takes and that are not here; none for this machine. */
export function missingFor(name) {
  if (name === '') return [];
  return [`${OTHERS[name]}-g++`, `qemu-${name}`].filter((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error);
}

/**
 * A target by its name, '' for this machine, 'plain' for its executable without a prepared heap: `{name, triplet, build, dist, cross, sysroot, runner, payload}`. `build` and `dist` are relative to
 * the repository; `cross` goes in front of the names of the compiler's programs; `sysroot` has the libraries that no cross compiler
 * brings; `runner` are the words in front of a program of the target's to run it here. Throws with what to do where something is missing.
 */
export function targetOf(name) {
  if (name === '') return HERE;
  if (name === 'plain') return { ...HERE, dist: 'build/plain/dist', payload: 'scripts' };
  const triplet = OTHERS[name];
  if (triplet === undefined) throw new Error(`no such target: ${name} (there is ${Object.keys(OTHERS).join(', ')})`);
  const missing = missingFor(name);
  if (missing.length > 0) throw new Error(`no ${missing.join(' and no ')}: run sh scripts/setup ${name}`);
  return {
    name,
    triplet,
    build: `build/${name}`,
    dist: `build/${name}/dist`,
    cross: `${triplet}-`,
    sysroot: sysrootOf(name, triplet),
    // of what is dynamic, the C library is the cross compiler's
    runner: [`qemu-${name}`, '-L', `/usr/${triplet}`],
    // to prepare one takes running the program
    payload: 'scripts',
  };
}

/** The engine for a target; see engineLibrary. */
export const engineFor = ({ triplet }, options = {}) => engineLibrary({ ...options, triplet });
