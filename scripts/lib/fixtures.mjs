// The programs of the tests, test/fixtures/NAME.c or .cc, for a machine that has no compiler.
import { basename, extname, join } from 'node:path';

import { filesBelow, root, run } from './run.mjs';

/** Compiles each into `directory`, under its name: static, since it runs in roots that have no libraries. */
export function compileFixtures(directory) {
  // read_plan and service_manager are parts of tests that the host runs
  for (const source of filesBelow(
    'test/fixtures',
    (path) => /^test\/fixtures\/[\w-]+\.cc?$/.test(path) && !/read_plan|service_manager/.test(path),
  )) {
    const [compiler, ...flags] = extname(source) === '.c' ? ['gcc'] : ['g++', '-std=c++20', '-I', join(root, 'native')];
    run(compiler, ['-O1', '-D_GNU_SOURCE', ...flags, '-static', '-o', join(directory, basename(source, extname(source))), source]);
  }
}
