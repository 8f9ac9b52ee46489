// How each native program is compiled, for tools that read the sources without building them.
import { join } from 'node:path';

import { engineSources } from '../engine.mjs';
import { nodeHeaders } from './node.mjs';
import { output, root } from './run.mjs';

let known;

function machine() {
  known ??= { triplet: output('g++', ['-dumpmachine']).trim(), version: output('g++', ['-dumpversion']).trim() };
  return known;
}

/** clang's arguments for the sources of a program: addon, engine, executable, init, systemd, demo or compiler. */
export function compileFlags(program) {
  const { triplet, version } = machine();
  const common = ['-Inative', '-D_GNU_SOURCE', '-Wall', '-Wextra'];
  const node = nodeHeaders();
  if (program === 'engine' || program === 'compiler') return ['-std=gnu++20', ...common, '-isystem', node, '-isystem', engineSources()];
  if (program === 'addon' || program === 'executable') {
    const napi = join(root, 'node_modules/node-addon-api');
    return [
      '-std=gnu++20',
      ...common,
      '-DNAPI_VERSION=9',
      '-DNAPI_CPP_EXCEPTIONS',
      '-DBUILDING_NODE_EXTENSION',
      '-isystem',
      node,
      '-isystem',
      napi,
      ...(program === 'addon' ? [] : ['-isystem', engineSources()]),
    ];
  }
  if (program === 'systemd') return ['-std=c++20', ...common, '-fno-exceptions', '-fno-rtti'];
  const musl = triplet.replace('-gnu', '-musl');
  // prettier-ignore
  return [
    '-std=c++20', ...common, '-nostdinc', '-nostdinc++', '-fno-exceptions', '-fno-rtti', '-D__GLIBC_PREREQ(a,b)=0',
    '-isystem', `/usr/include/c++/${version}`, '-isystem', `/usr/include/${triplet}/c++/${version}`,
    '-isystem', `/usr/include/${musl}`, '-isystem', join(root, 'build/static/kernel'),
  ];
}
