// User-mode Linux: a kernel that is an ordinary program, built from Debian's source package with the configuration in kernel/,
// and kept in the cache by a hash of both.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { fetchPackages, suitePackages } from '../lib/debian.mjs';
import { cacheDirectory, fresh, ours, step } from './cache.mjs';

const PREFIX = 'kernel-';
const configuration = join(import.meta.dirname, 'kernel');

/** The versions there are, the one that is used by default first. */
export const kernels = suitePackages()
  .map(({ purpose }) => purpose)
  .filter((purpose) => purpose.startsWith(PREFIX))
  .map((purpose) => purpose.slice(PREFIX.length));

/** Before 6.16 user-mode Linux has one processor, traces its processes, and some features need more options. */
export const isOlder = (version) => {
  const [major, minor] = version.split('.').map(Number);
  return major < 6 || (major === 6 && minor < 16);
};

const fragments = (version) =>
  (isOlder(version) ? ['base.config', 'older.config'] : ['base.config']).map((name) => join(configuration, name));

/** The program `linux` of that version, made if it is not there: some minutes then. */
export async function kernel(version) {
  const [source] = suitePackages(PREFIX + version);
  const hash = createHash('sha256').update([process.arch, source.name, source.tested].join('\0'));
  for (const file of fragments(version)) hash.update(readFileSync(file));
  const path = join(cacheDirectory(), `tsrun-vm-kernel-${version}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(path)) return join(ours(path), 'linux');
  process.stderr.write(`vm: building the kernel ${version}, some minutes, once: ${path}\n`);
  await fresh(path, (directory, log) => build(version, source, directory, log));
  return join(path, 'linux');
}

function build(version, source, directory, log) {
  const work = mkdtempSync(join(directory, 'work-'));
  const [deb] = fetchPackages([source], join(work, 'deb'), (...words) => step(log, ...words));
  step(log, 'dpkg-deb', ['-x', deb, join(work, 'package')]);
  const tar = readdirSync(join(work, 'package/usr/src')).find((name) => name.endsWith('.tar.xz'));
  const tree = join(work, 'tree');
  mkdirSync(tree);
  const excluded = [
    '*.rst',
    '*/Documentation/devicetree/*',
    '*/drivers/gpu/*.[ch]',
    '*/drivers/media/*.[ch]',
    '*/sound/*.[ch]',
    '*/drivers/net/wireless/*.[ch]',
  ];
  // of the tree only what the build reads: it is 1.8 GB
  step(log, 'tar', ['-C', tree, '--strip-components=1', ...excluded.map((pattern) => `--exclude=${pattern}`), '-xf', join(work, 'package/usr/src', tar)]); // prettier-ignore
  const make = ['-C', tree, 'ARCH=um', 'KCONFIG_NOTIMESTAMP=1', 'KBUILD_BUILD_USER=tsrun', 'KBUILD_BUILD_HOST=vm'];
  step(log, 'make', [...make, 'tinyconfig']);
  step(log, join(tree, 'scripts/kconfig/merge_config.sh'), ['-m', '-O', tree, join(tree, '.config'), ...fragments(version)], { cwd: tree });
  step(log, 'make', [...make, 'olddefconfig']);
  check(version, readFileSync(join(tree, '.config'), 'utf8'));
  step(log, 'make', [...make, `-j${availableParallelism()}`, 'linux']);
  step(log, 'strip', ['-o', join(directory, 'linux'), join(tree, 'linux')]);
  renameSync(join(tree, '.config'), join(directory, 'config'));
  rmSync(work, { recursive: true });
}

/** An option that a kernel dropped is dropped in silence: a container engine without NAT is a long search. */
function check(version, config) {
  const set = new Set(config.split('\n'));
  const lost = fragments(version)
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => line.startsWith('CONFIG_') && !set.has(line));
  if (lost.length === 0) return;
  if (version === kernels[0]) throw new Error(`kernel ${version} does not take ${lost.join(' ')}`);
  process.stderr.write(`vm: kernel ${version} goes without ${lost.map((line) => line.slice(7)).join(' ')}\n`);
}
