// `node scripts/heap/record.mjs`: does what engines do most with containers of this machine's kernel, as root, and writes down what the addon
// was asked and answered: scripts/heap/calls.json, with which the build finds out what calls use of the heap (replay.js). To be done again
// when the build says that a call went another way.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { configs } from '../../test/bench/configs.mjs';
import { enterMountNamespace } from '../../test/bench/inside.mjs';
import { root } from '../lib/run.mjs';

enterMountNamespace();

const { runProgram } = await import('../../dist/lib/cli/program.js');
const { native, overNative } = await import('../../dist/lib/native.js');

const work = mkdtempSync(join(tmpdir(), 'tsrun-record-'));
const real = native();
const recorded = [];
let calls = [];

/** An answer as JSON. */
const plain = (value) => (value instanceof Uint8Array ? { bytes: [...value] } : value);

overNative(
  new Proxy(real, {
    get(_, name) {
      return (...args) => {
        if (name === 'exit') throw new Error('exit');
        try {
          const answer = real[name](...args);
          calls.push([name, plain(answer) ?? null]);
          return answer;
        } catch (error) {
          const { message, errno, code, doing } = error;
          calls.push([name, null, { message, errno, code, doing }]);
          throw error;
        }
      };
    },
  }),
);

/** @returns its exit status */
async function record(...words) {
  calls = [];
  const all = ['--root', join(work, 'root'), ...words];
  const status = await runProgram(all, { program: 'tsrun', cwd: '/', variable: () => undefined });
  recorded.push({ words: all, calls });
  return status;
}

async function expect(status, ...words) {
  const got = await record(...words);
  if (got !== status) throw new Error(`${words.join(' ')}: status ${got}`);
}

function makeBundle(name, config) {
  const bundle = join(work, name);
  mkdirSync(join(bundle, 'rootfs/bin'), { recursive: true });
  for (const folder of ['proc', 'sys', 'dev', 'etc', 'tmp']) mkdirSync(join(bundle, 'rootfs', folder));
  cpSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  for (const tool of ['true', 'sleep']) symlinkSync('busybox', join(bundle, 'rootfs/bin', tool));
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config, null, 2));
  return bundle;
}

try {
  for (const { name, make } of configs) {
    const bundle = makeBundle(name, make(['sleep', '1000']));
    await expect(0, 'create', '--bundle', bundle, name);
    await expect(0, 'start', name);
    await expect(0, 'state', name);
    await expect(0, 'exec', name, 'true');
    await expect(0, 'kill', name, 'KILL');
    native().sleep(100);
    while ((await record('delete', name)) !== 0) recorded.pop();
    await expect(0, 'run', '--bundle', makeBundle(`${name}-run`, make(['true'])), name);
  }
  const text = recorded.map((each) => `${JSON.stringify(each)}\n`).join(',');
  writeFileSync(join(root, 'scripts/heap/calls.json'), `[\n${text}]\n`.replaceAll(work, '/run/engine'));
} finally {
  rmSync(work, { recursive: true, force: true });
}
