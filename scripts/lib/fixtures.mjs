// The programs of the tests: test/fixtures/NAME.c or .cc, each one file.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { filesBelow, root } from './run.mjs';

/** Their names. */
export const programs = () =>
  filesBelow('test/fixtures', (path) => /^test\/fixtures\/[\w-]+\.cc?$/.test(path)).map((path) => basename(path).replace(/\.cc?$/, ''));

/** Compiles one, static, since it runs in roots that have no libraries. */
export function compile(name, out) {
  const source = join(root, 'test/fixtures', name);
  const [compiler, file, ...flags] = existsSync(`${source}.c`)
    ? ['gcc', `${source}.c`]
    : ['g++', `${source}.cc`, '-std=c++20', '-I', join(root, 'native')];
  execFileSync(compiler, ['-O1', '-Wall', '-Werror', '-D_GNU_SOURCE', ...flags, '-static', '-o', out, file], { stdio: 'inherit' });
}
