// Debian's newest crun and runc, with the C library and the others that they were built for, beside what a machine has of its own.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { fetchPackages, suitePackages } from '../../lib/debian.mjs';
import { step } from '../cache.mjs';

/**
 * Fills `directory` with `bin/crun`, `bin/runc` and `lib`, from the packages `peers` of scripts/suites.txt. The programs look for their
 * libraries below `prefix`, where the directory will be seen. Says what it did in `log`.
 */
export function peers(directory, prefix, log) {
  const work = join(directory, 'work');
  const [bin, lib] = [join(directory, 'bin'), join(directory, 'lib')];
  for (const path of [bin, lib]) mkdirSync(path, { recursive: true });
  for (const deb of fetchPackages(suitePackages('peers'), work, (...words) => step(log, ...words))) step(log, 'dpkg-deb', ['-x', deb, join(work, 'all')]); // prettier-ignore
  const files = (pattern) =>
    readdirSync(join(work, 'all'), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && pattern.test(join(entry.parentPath, entry.name)))
      .map((entry) => join(entry.parentPath, entry.name));
  step(log, 'cp', ['-a', ...files(/\/usr\/lib\/(x86_64|aarch64)-linux-gnu\/[^/]+\.so[^/]*$/), lib]);
  const loader = readdirSync(lib).find((name) => name.startsWith('ld-linux'));
  for (const file of files(/\/s?bin\/(crun|runc)$/)) {
    const name = join(bin, file.slice(file.lastIndexOf('/') + 1));
    copyFileSync(file, name);
    step(log, 'patchelf', ['--set-interpreter', `${prefix}/lib/${loader}`, '--force-rpath', '--set-rpath', `${prefix}/lib`, name]);
  }
  rmSync(work, { recursive: true });
}
