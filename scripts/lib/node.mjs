// Where the headers of the node that runs this are: beside it, or where npm_config_nodedir says.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory that has node_api.h in include/node: node-gyp's --nodedir. */
export function nodeDirectory() {
  const prefix = dirname(dirname(process.execPath));
  const nodedir = [process.env['npm_config_nodedir'], prefix].find((path) => path && existsSync(join(path, 'include/node/node_api.h')));
  if (!nodedir) throw new Error(`no headers of node in ${prefix}/include/node: install them or set npm_config_nodedir`);
  return nodedir;
}

export const nodeHeaders = () => join(nodeDirectory(), 'include/node');
