// Runs test suites in the virtual machine, one after the other whether or not one fails:
//   node scripts/vm/test.mjs [--release NAME] [--all] [SUITE...] [-- VITEST...]
// With TSRUN_RESULTS set, leaves RELEASE-SUITE.json in that directory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { filesBelow, root } from '../lib/run.mjs';
import { accelerator } from './boot.mjs';
import { releases } from './image.mjs';
import { tooSlow } from './leftout.mjs';
import { withMachine } from './session.mjs';
import { treeDisk } from './tree.mjs';

const args = process.argv.slice(2);
const split = args.includes('--') ? args.indexOf('--') : args.length;
const { values, positionals } = parseArgs({
  args: args.slice(0, split),
  allowPositionals: true,
  options: { release: { type: 'string', default: process.env['TSRUN_VM_RELEASE'] ?? releases[0] }, all: { type: 'boolean' } },
});
const { release } = values;
const vitestArguments = args.slice(split + 1);
// `engines` takes long under emulation, and is asked for by name
const suites = positionals.length > 0 ? positionals : release === releases[0] ? ['vm', 'integration'] : ['vm'];
const results = process.env['TSRUN_RESULTS'];

// the tests' time-outs are made for a processor, and wait for nothing that does not come
const emulated = accelerator() === 'tcg';
// emulation has its limits; a wish is a wish
const sparing = emulated && !values.all && vitestArguments.length === 0;
const given = Object.entries(process.env).filter(([name]) => /^TSRUN_(TEST|KILL)_/.test(name) && name !== 'TSRUN_TEST_CACHE');
const env = { TSRUN_TEST_HOST: 'tsrun', ...(emulated ? { TSRUN_TEST_SLOWNESS: '5' } : {}), ...Object.fromEntries(given) };
// an engine takes five minutes over each driver; this one is the default of Docker and Podman
if (sparing) env['TSRUN_TEST_DRIVER'] ??= 'systemd';

/** What vitest is told to leave out, printed with the reason. */
function leftOut(name) {
  if (!sparing) return [];
  const files = filesBelow(`test/${name}`, (path) => path.endsWith('.test.ts'));
  return Object.entries(tooSlow[release] ?? {}).flatMap(([file, reason]) => {
    const path = `test/${file}.test.ts`;
    if (!files.includes(path)) return [];
    process.stdout.write(`left out under emulation (--all has it): ${path}: ${reason}\n`);
    return ['--exclude', path];
  });
}

async function suite(machine, name) {
  const json = `/var/tmp/${name}.json`;
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`];
  // where a moment takes seconds now and then: vitest says what it tried twice; the host's run gives no second try
  const again = emulated && name !== 'engines' ? ['--retry=1'] : [];
  const vitest = ['node', 'node_modules/.bin/vitest', 'run', '--project', name, ...report, ...again, ...leftOut(name), ...vitestArguments];
  process.stdout.write(`--- ${name} on Debian ${release}, under the executable alone: Node has had its turn on the host\n`);
  const status = await machine.run(root, vitest, { env });
  // no status of vitest's: its connection broke
  if (status === 255 && !machine.isDown)
    process.stdout.write(`its kernel said last:\n${(await machine.call('dmesg | tail -n 60')).stdout}\n`);
  if (results) {
    const { status: read, stdout } = await machine.call(`cat ${json}`);
    if (read === 0) writeFileSync(join(results, `${release}-${name}.json`), stdout);
  }
  return status === 0;
}

const { disk, remove } = treeDisk();
process.once('exit', remove);
try {
  for (const name of suites) {
    // a machine for each: what one does to the kernel is nothing to the next
    const passed = () =>
      withMachine(release, { disk }, async (machine) => (await suite(machine, name)) || (emulated && machine.isDown ? undefined : false));
    let result = await passed();
    if (result === undefined) {
      process.stdout.write(`--- the emulated machine went down, for the reason above: ${name} once more\n`);
      result = await passed();
    }
    if (!result) process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`vm: ${error.message}\n`);
  process.exitCode = 1;
}
