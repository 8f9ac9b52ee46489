// Sums up the results that the test runs left as JSON in the directory named: `N passed, N failed, N skipped`.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const directory = process.argv[2];
const suites = ['unit', 'integration', 'trixie-vm', 'trixie-integration', 'bookworm-vm', 'bed'].map((name) => `${name}.json`);
let [passed, failed, skipped] = [0, 0, 0];

// a suite that did not get to its end, or was never begun, has failed
for (const suite of suites.filter((name) => !existsSync(join(directory, name)))) {
  process.stderr.write(`no results in ${suite}\n`);
  failed++;
}
for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
  const result = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  passed += result.numPassedTests;
  skipped += result.numPendingTests + result.numTodoTests;
  // a file that could not be loaded has no tests to count
  const broken = result.testResults.filter((test) => test.status === 'failed' && test.assertionResults.length === 0).length;
  failed += result.numFailedTests + broken;
}
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
