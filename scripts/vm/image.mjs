// The disk of the virtual machine, kept in the cache by a hash of its recipe.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { mirror, suitePackages } from '../lib/debian.mjs';
import { boot } from './boot.mjs';
import { cacheDirectory, fresh, ours } from './cache.mjs';
import { make } from './recipe/make.mjs';
import { EMULATED, machines } from './suites.mjs';

/** The releases there are, each with the kernel that it runs on if none is named. */
export const releases = Object.fromEntries(machines.map(({ release, version }) => [release, version]));

const recipe = join(import.meta.dirname, 'recipe');

/** The directory of a release's image, whether or not it is there, and what it is made of. */
function ingredients(release, version) {
  if (process.arch !== 'x64') throw new Error(`the virtual machine is an x86-64 one; this is ${process.arch}`);
  const emulated = version === EMULATED;
  const what = { release, mirror: mirror(), node: process.execPath, emulated };
  const hash = createHash('sha256').update(
    [release, what.mirror, process.version, statSync(what.node).size, process.getuid(), emulated].join('\0'),
  );
  for (const name of readdirSync(recipe).sort()) hash.update(readFileSync(join(recipe, name)));
  hash.update(JSON.stringify(suitePackages('peers')));
  const name = `tsrun-vm-${release}${emulated ? '-emulated' : ''}-${hash.digest('hex').slice(0, 12)}`;
  return { ...what, path: join(cacheDirectory(), name) };
}

/** The directory that holds `image`, `key` and `known_hosts`, made if it is not there. Takes some minutes then. */
export async function image(release, version) {
  const what = ingredients(release, version);
  if (existsSync(what.path)) return ours(what.path);
  process.stderr.write(`vm: making the image of Debian ${release} from ${what.mirror}, some minutes, once: ${what.path}\n`);
  await fresh(what.path, async (directory, log) => {
    make(what, directory, log);
    // what a first boot does for all later ones: caches of the linker, of AppArmor, of the journal
    const machine = await boot(directory, version === EMULATED ? version : releases[release], { snapshot: false });
    await machine.powerOff();
  });
  return what.path;
}
