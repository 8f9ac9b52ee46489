// The disk of the virtual machine, kept in a cache by a hash of its recipe.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { aptSource } from '../lib/apt.mjs';
import { boot } from './boot.mjs';
import { make } from './recipe/make.mjs';

export const releases = ['trixie', 'bookworm'];

const recipe = join(import.meta.dirname, 'recipe');

/** The directory of a release's image, whether or not it is there, and what it is made of. */
function ingredients(release) {
  if (process.arch !== 'x64') throw new Error(`the virtual machine is an x86-64 one; this is ${process.arch}`);
  const mirror = process.env['TSRUN_VM_MIRROR'] ?? aptSource()?.uri;
  if (!mirror) throw new Error('apt has no Debian source to make the virtual machine from; name one with TSRUN_VM_MIRROR');
  const node = process.execPath;
  const hash = createHash('sha256').update([release, mirror, process.version, statSync(node).size, process.getuid()].join('\0'));
  for (const name of readdirSync(recipe).sort()) hash.update(readFileSync(join(recipe, name)));
  const cache = process.env['TSRUN_TEST_CACHE'] ?? tmpdir();
  return { release, mirror, node, path: join(cache, `tsrun-vm-${release}-${hash.digest('hex').slice(0, 12)}`) };
}

/** The directory that holds `image`, `vmlinuz`, `initrd.img`, `key` and `known_hosts`, made if it is not there. Takes some minutes then. */
export async function image(release) {
  const what = ingredients(release);
  if (existsSync(what.path)) {
    const { uid } = lstatSync(what.path);
    // a disk that runs what we tell it to, and a key: nobody else's
    if (uid !== process.getuid()) throw new Error(`${what.path} is not ours`);
    return what.path;
  }
  if (process.getuid() !== 0) throw new Error('making the image of the virtual machine needs root');
  mkdirSync(join(what.path, '..'), { recursive: true });
  const fresh = mkdtempSync(`${what.path}.`);
  const log = join(fresh, 'build.log');
  const remove = () => rmSync(fresh, { recursive: true, force: true });
  process.once('exit', remove);
  process.stderr.write(`vm: making the image of Debian ${release} from ${what.mirror}, some minutes, once: ${what.path}\n`);
  try {
    make(what, fresh, log);
    // what a first boot does for all later ones: caches of the linker, of AppArmor, of the journal
    const machine = await boot(fresh, { snapshot: false });
    await machine.powerOff();
    renameSync(fresh, what.path);
  } catch (error) {
    const said = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
    remove();
    // somebody else was faster
    if (!existsSync(what.path)) throw new Error(`making the image: ${error.message}\n${said}`, { cause: error });
  } finally {
    process.off('exit', remove);
  }
  return what.path;
}
