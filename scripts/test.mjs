// Runs the suites named, or all, one after the other whether or not one fails: `node scripts/test.mjs [SUITE...] [-- VITEST...]`.
// With TSRUN_RESULTS set, leaves SUITE.json in that directory.
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';

import { filesBelow, root } from './lib/run.mjs';

const args = process.argv.slice(2);
const split = args.includes('--') ? args.indexOf('--') : args.length;
const named = args.slice(0, split);
const results = process.env['TSRUN_RESULTS'];

for (const suite of named.length > 0 ? named : ['unit', 'integration']) {
  const report = results ? ['--reporter=default', '--reporter=json', `--outputFile.json=${join(results, `${suite}.json`)}`] : [];
  const vitest = ['run', '--project', suite, ...report, ...args.slice(split + 1)];
  const { status } = spawnSync(join(root, 'node_modules/.bin/vitest'), vitest, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

if (named.length === 0) {
  const left = ['test/vm', 'test/engines']
    .flatMap((directory) => filesBelow(directory, (path) => path.endsWith('.test.ts')))
    .map((path) => basename(path, '.test.ts'));
  process.stdout.write(`left to the virtual machine (npm run test:vm): ${left.join(', ')}\n`);
}
