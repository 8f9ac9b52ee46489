// Sums up the results that the test runs left as JSON in the directory named: `N passed, N failed, N skipped`. A test that ran in one place
// and was skipped in another has run, and so has a part of a test (`of` in test/vm/box.ts); what ran nowhere is named.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

import { filesBelow, root } from './lib/run.mjs';
import { expectedResults } from './vm/suites.mjs';

const directory = process.argv[2];
let [passed, failed] = [0, 0];
const ran = new Set();
const skipped = new Map();
const files = new Set();
for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
  const place = file.slice(0, -'.json'.length);
  const result = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  for (const { name, status, message = '', assertionResults } of result.testResults) {
    const path = relative(root, name);
    files.add(`${place} ${path}`);
    // a file that could not be loaded, or whose hooks before or after all tests failed, has no failed test to count
    if (status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed')) {
      process.stdout.write(`failed: ${place}: ${path}: ${message.split('\n')[0]}\n`);
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
for (const file of readdirSync(directory).filter((name) => name.endsWith('.parts'))) {
  for (const line of new Set(readFileSync(join(directory, file), 'utf8').trim().split('\n'))) {
    const [outcome, ...words] = line.split(' ');
    const part = words.join(' ');
    if (outcome === 'skipped') skipped.set(part, [...(skipped.get(part) ?? []), file.slice(0, -'.parts'.length)]);
    else ran.add(part);
  }
}
// a suite that did not get to its end, or was never begun, has failed; so has a file that is not among the results
const tests = (suite) => filesBelow(`test/${suite}`, (path) => path.endsWith('.test.ts'));
const counts = { instructions: ['test/bench/instructions.mjs'] };
const expected = {
  ...counts,
  ...Object.fromEntries(['unit', 'integration', 'bed'].map((suite) => [suite, tests(suite)])),
  ...expectedResults(),
};
for (const [place, paths] of Object.entries(expected)) {
  for (const path of paths.filter((each) => !files.has(`${place} ${each}`))) {
    process.stdout.write(`no results: ${place}: ${path}\n`);
    failed++;
  }
}
// stages that failed without a test of theirs
const stages = join(directory, 'failed');
if (failed === 0 && existsSync(stages)) {
  for (const line of readFileSync(stages, 'utf8').trim().split('\n')) process.stdout.write(`failed: ${line}\n`);
  failed++;
}
const nowhere = [...skipped].filter(([test]) => !ran.has(test));
for (const [test, places] of nowhere) process.stdout.write(`skipped everywhere (${places.join(', ')}; the reasons are above): ${test}\n`);
process.stdout.write(`skipped in one place and run in another: ${skipped.size - nowhere.length}\n`);
process.stdout.write(`${passed} passed, ${failed} failed, ${nowhere.length} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
