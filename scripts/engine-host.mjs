// The host for tests of native/engine (test/engine/host.cc), made where something changed.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { engineLibrary } from './engine.mjs';
import { root, run } from './lib/run.mjs';

/** Where node_api.h is: beside the node that runs this. */
export function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const path = [process.env['npm_config_nodedir'], prefix].map((at) => at && join(at, 'include/node')).find((at) => at && existsSync(join(at, 'node_api.h'))); // prettier-ignore
  if (!path) throw new Error(`no headers of node in ${prefix}/include/node: install them or set npm_config_nodedir`);
  return path;
}

/** The path of the host. `sanitize` names what it and the engine watch: "address,undefined". */
export function engineHost({ sanitize = '' } = {}) {
  const flags = sanitize === '' ? [] : [`-fsanitize=${sanitize}`, '-fno-omit-frame-pointer', '-g1'];
  const { include, library } = engineLibrary({ flags });
  const build = sanitize === '' ? 'build/engine' : `build/engine/${sanitize.replaceAll(',', '-')}`;
  const settings = { BUILD: build, QUICKJS: include, LIBRARY: library, NODE: nodeHeaders(), SANITIZE: sanitize };
  run('flock', [dirname(join(root, build)), 'make', '-s', '-j2', '-f', 'scripts/engine.mk', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]); // prettier-ignore
  return join(root, build, 'host');
}
