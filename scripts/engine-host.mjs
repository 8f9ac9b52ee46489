// What tests of native/engine need, made where something changed: their host (test/engine/host.cc) and their addon (test/engine/addon).
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { nodeDirectory, nodeHeaders } from './lib/node.mjs';
import { filesBelow, once, root, run } from './lib/run.mjs';
import { engineFor, targetOf } from './lib/target.mjs';

/** The path of the host. `sanitize` names what it and the engine watch: "address,undefined"; `target` the machine it is for, '' for this one. */
export function engineHost({ sanitize = '', target = '' } = {}) {
  const { build: above, cross, ...machine } = targetOf(target);
  const flags = sanitize === '' ? [] : [`-fsanitize=${sanitize}`, '-fno-omit-frame-pointer', '-g1'];
  const { include, library } = engineFor(machine, { flags });
  const build = join(above, 'engine', sanitize.replaceAll(',', '-'));
  const settings = { BUILD: build, QUICKJS: include, LIBRARY: library, NODE: nodeHeaders(), SANITIZE: sanitize, CROSS: cross };
  once(
    `engine-host-${build.replaceAll('/', '-')}`,
    { files: [], text: [include, library, nodeHeaders(), process.version].join('\n'), outputs: [] },
    () => rmSync(join(root, build), { recursive: true, force: true }),
  );
  mkdirSync(dirname(join(root, build)), { recursive: true });
  run('flock', [dirname(join(root, build)), 'make', '-s', '-j2', '-f', 'scripts/engine.mk', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]); // prettier-ignore
  return join(root, build, 'host');
}

/** The path of the addon, built by node-gyp: Node and the host load the same file. */
export function probeAddon() {
  const directory = 'build/engine/probe';
  const sources = filesBelow('test/engine/addon', (path) => path.endsWith('.cc'));
  const nodedir = nodeDirectory();
  const target = {
    target_name: 'probe',
    // node-gyp's objects lie as the sources do: they must not be outside
    sources: sources.map((path) => `addon/${basename(path)}`),
    defines: ['NAPI_VERSION=9'],
    cflags_cc: ['-std=gnu++20', '-Wall', '-Wextra', '-Werror', '-Wshadow'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++1y'],
  };
  const made = join(directory, 'build/Release/probe.node');
  const files = [...sources, 'test/engine/addon/addon.h'];
  once('engine-probe', { files, text: JSON.stringify([target, nodedir]), outputs: [made] }, () => {
    rmSync(join(root, directory), { recursive: true, force: true });
    mkdirSync(join(root, directory), { recursive: true });
    symlinkSync(join(root, 'test/engine/addon'), join(root, directory, 'addon'));
    writeFileSync(join(root, directory, 'binding.gyp'), JSON.stringify({ targets: [target] }));
    const args = ['rebuild', '-C', directory, '--release', `--nodedir=${nodedir}`, '--loglevel=warn', '-j', '2'];
    run(join(root, 'node_modules/.bin/node-gyp'), args, { stdio: ['ignore', 'ignore', 'inherit'] });
  });
  return join(root, made);
}
