// Node's own tests of Node-API against native/engine: `node test/engine/node-suite.mjs CHECKOUT [NAME...]`, where CHECKOUT is a tree of Node's
// sources (test/js-native-api and the headers in src are all that is read) and NAME a test or a directory of it. Everything that is made is below build/.
// TSRUN_ENGINE_SANITIZE=address,undefined runs them in a host that watches itself, TSRUN_ENGINE_TARGET=aarch64 in one for that machine.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runInNewContext } from 'node:vm';

import { engineHost } from '../../scripts/engine-host.mjs';
import { nodeHeaders } from '../../scripts/lib/node.mjs';
import { root } from '../../scripts/lib/run.mjs';
import { targetOf } from '../../scripts/lib/target.mjs';

const [checkout, ...names] = process.argv.slice(2);
if (checkout === undefined) throw new Error('node test/engine/node-suite.mjs CHECKOUT [NAME...]');
const suite = join(resolve(checkout), 'test/js-native-api');
const sanitize = process.env['TSRUN_ENGINE_SANITIZE'] ?? '';
// its own declarations, which may be newer than those of the node that is installed
const own = join(resolve(checkout), 'src');
const headers = existsSync(join(own, 'js_native_api.h')) ? own : nodeHeaders();
const { name: target, build, cross, runner } = targetOf(process.env['TSRUN_ENGINE_TARGET'] ?? '');
const [host, ...before] = [...runner, engineHost({ sanitize, target })];

/** The targets of a binding.gyp, which but for its comments is a literal of JavaScript, too. */
function targets(directory) {
  const text = readFileSync(join(directory, 'binding.gyp'), 'utf8').replace(/^\s*#.*$/gm, '');
  return runInNewContext(`(${text})`).targets;
}

/** Compiles an addon as node-gyp would, without what only Node has. */
function compile(directory, { target_name: name, sources, defines = [] }, out) {
  const addon = join(out, `${name}.node`);
  const inputs = sources.filter((source) => /\.(c|cc)$/.test(source)).map((source) => join(directory, source));
  const flags = ['-shared', '-fPIC', '-g1', '-w', '-I', headers, ...defines.map((define) => `-D${define}`)];
  // a program's language is told by its name: C and C++ are compiled apart
  const objects = inputs.map((input) => {
    const object = join(out, `${name}-${input.split('/').pop()}.o`);
    const isC = input.endsWith('.c');
    const { status, stderr } = spawnSync(cross + (isC ? 'gcc' : 'g++'), [...(isC ? [] : ['-std=gnu++17']), ...flags.slice(1), '-c', input, '-o', object], { encoding: 'utf8' }); // prettier-ignore
    if (status !== 0) throw new Error(stderr);
    return object;
  });
  const { status, stderr } = spawnSync(`${cross}g++`, [...flags, ...objects, '-o', addon], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

const declared = ['js_native_api.h', 'node_api.h'].map((name) => readFileSync(join(nodeHeaders(), name), 'utf8')).join('');

/** The function that an addon did not find, where the headers we compile with do not have it either. */
function newer(stderr) {
  const name = /undefined symbol: (\w+)/.exec(stderr)?.[1];
  return name === undefined || declared.includes(name) ? undefined : `${name} is newer than our headers`;
}

const counts = { passed: 0, failed: 0, 'not applicable': 0 };
const report = (what, test, words = '') => {
  counts[what]++;
  process.stdout.write(`${what}: ${test}${words === '' ? '' : `: ${words.trim().replace(/\n/g, '\n    ')}`}\n`);
};

for (const entry of readdirSync(suite, { withFileTypes: true })) {
  const directory = join(suite, entry.name);
  if (!entry.isDirectory() || !existsSync(join(directory, 'binding.gyp'))) continue;
  const tests = readdirSync(directory).filter((name) => name.endsWith('.js'));
  const wanted = tests.filter((name) => names.length === 0 || names.includes(entry.name) || names.includes(`${entry.name}/${name}`));
  if (wanted.length === 0) continue;
  const out = join(root, build, 'engine/node-suite', entry.name);
  mkdirSync(out, { recursive: true });
  let broken;
  try {
    for (const target of targets(directory)) compile(directory, target, out);
  } catch (error) {
    broken = error.message;
  }
  for (const name of wanted) {
    const test = `${entry.name}/${name}`;
    if (broken !== undefined) {
      report('failed', test, broken);
      continue;
    }
    const words = ['node-suite.js', 'node-suite.js', 'assert.js'].map((file) => join(root, 'test/engine', file));
    const { status, signal, stdout, stderr } = spawnSync(host, [...before, ...words, join(directory, name), out], {
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...process.env, TSRUN_ENGINE_RUNNER: runner.join(' ') },
    });
    const why = /not applicable: (.*)/.exec(stderr)?.[1] ?? newer(stderr);
    if (status === 0) report('passed', test, stdout.match(/^left out: .*/gm)?.join('\n'));
    else if (why !== undefined) report('not applicable', test, why);
    else report('failed', test, `${signal ?? `exit status ${status}`}\n${stdout}${stderr}`);
  }
}
process.stdout.write(`${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}\n`); // prettier-ignore
process.exitCode = counts.failed === 0 ? 0 : 1;
