// Runs test suites in the virtual machine, one after the other whether or not one fails:
//   node scripts/vm/test.mjs [--release NAME] [--kernel NAME] [SUITE|SUITE/FILE...] [-- VITEST...]
// With TSRUN_RESULTS set, leaves RELEASE-KERNEL-SUITE.json in that directory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root } from '../lib/run.mjs';
import { isEmulated } from './boot.mjs';
import { exitOnSignals } from './cache.mjs';
import { pick } from './pick.mjs';
import { withMachine } from './session.mjs';
import { resultName, sessionsOf, suitesOf } from './suites.mjs';
import { treeDisk } from './tree.mjs';

const args = process.argv.slice(2);
const split = args.includes('--') ? args.indexOf('--') : args.length;
const vitestArguments = args.slice(split + 1);
const results = process.env['TSRUN_RESULTS'];

const seconds = (begun) => `${((Date.now() - begun) / 1000).toFixed(1)} s`;

/** Runs the files of a job with vitest in the booted machine; whether all passed. */
async function run(booted, machine, job) {
  const { release, version } = machine;
  const given = Object.entries(process.env).filter(([name]) => /^TSRUN_(TEST|KILL)_/.test(name) && name !== 'TSRUN_TEST_CACHE');
  // the tests' time-outs are made for a processor, and wait for nothing that does not come
  const env = { TSRUN_TEST_HOST: 'tsrun', ...(isEmulated(version) ? { TSRUN_TEST_SLOWNESS: '5' } : {}), ...Object.fromEntries(given) };
  const json = `/var/tmp/${job.label}.json`;
  // what of a test was left out: test/vm/box.ts
  env['TSRUN_TEST_PARTS'] = `/var/tmp/${job.label}.parts`;
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`];
  const begun = Date.now();
  process.stdout.write(
    `--- ${job.label} on Debian ${release} with kernel ${version}, by the executable alone: Node has its turn on the host\n`,
  );
  const vitest = ['node', 'node_modules/.bin/vitest', 'run', '--project', job.suite, ...report, ...vitestArguments, ...job.files];
  const status = await booted.run(root, vitest, { env });
  if (results) {
    for (const [file, kind] of [
      [json, 'json'],
      [env['TSRUN_TEST_PARTS'], 'parts'],
    ]) {
      const { status: read, stdout } = await booted.call(`cat ${file}`);
      if (read === 0) writeFileSync(join(results, `${resultName(machine, job)}.${kind}`), stdout);
    }
  }
  process.stdout.write(`--- ${job.label} on ${release} with ${version}: status ${status} after ${seconds(begun)}\n`);
  return status === 0;
}

async function main() {
  const { values, positionals } = parseArgs({
    args: args.slice(0, split),
    allowPositionals: true,
    options: { release: { type: 'string' }, kernel: { type: 'string' } },
  });
  const machine = pick(values);
  const disk = treeDisk();
  for (const session of sessionsOf(suitesOf(machine, positionals))) {
    const begun = Date.now();
    const done = withMachine(machine.release, machine.version, { disk }, async (booted) => {
      process.stdout.write(`--- ${machine.release} with kernel ${machine.version} is up after ${seconds(begun)}\n`);
      for (const job of session) if (!(await run(booted, machine, job))) process.exitCode = 1;
    });
    await done.catch(failed);
  }
}

function failed(error) {
  process.stderr.write(`vm: ${error.message}\n`);
  process.exitCode = 1;
}

exitOnSignals();
main().catch(failed);
