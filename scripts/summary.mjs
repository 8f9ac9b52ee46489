// Sums up the results that the test runs left as JSON in the directory named: `N passed, N failed, N skipped`. A test that ran in one place
// and was skipped in another has run; what ran nowhere is named.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

import { root } from './lib/run.mjs';
import { expectedResults } from './vm/suites.mjs';

const directory = process.argv[2];
let [passed, failed] = [0, 0];
const ran = new Set();
const skipped = new Map();

// a suite that did not get to its end, or was never begun, has failed
for (const name of ['unit', 'integration', 'bed', ...expectedResults()].filter((name) => !existsSync(join(directory, `${name}.json`)))) {
  process.stdout.write(`no results of ${name}\n`);
  failed++;
}
for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
  const place = file.slice(0, -'.json'.length);
  const result = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  for (const { name, status, assertionResults } of result.testResults) {
    const path = relative(root, name);
    // a file that could not be loaded has no tests to count
    if (status === 'failed' && assertionResults.length === 0) {
      process.stdout.write(`failed: ${place}: ${path}\n`);
      failed++;
    }
    for (const { fullName, status: outcome } of assertionResults) {
      const test = `${path}: ${fullName}`;
      if (outcome === 'passed') {
        passed++;
        ran.add(test);
      } else if (outcome === 'failed') {
        process.stdout.write(`failed: ${place}: ${test}\n`);
        failed++;
        ran.add(test);
      } else {
        skipped.set(test, [...(skipped.get(test) ?? []), place]);
      }
    }
  }
}
const nowhere = [...skipped].filter(([test]) => !ran.has(test));
for (const [test, places] of nowhere) process.stdout.write(`skipped everywhere (${places.join(', ')}; the reasons are above): ${test}\n`);
process.stdout.write(`skipped in one place and run in another: ${skipped.size - nowhere.length}\n`);
process.stdout.write(`${passed} passed, ${failed} failed, ${nowhere.length} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
