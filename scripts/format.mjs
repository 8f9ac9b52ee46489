// Formats the files named, or all.
import { join } from 'node:path';

import { filesBelow, root, run } from './lib/run.mjs';

const named = process.argv.slice(2);
const isNative = (path) => /\.(cc|h)$/.test(path);
const native = named.length > 0 ? named.filter(isNative) : filesBelow('native', isNative);
const others = named.length > 0 ? named.filter((path) => !isNative(path)) : ['.'];
if (others.length > 0) run(join(root, 'node_modules/.bin/prettier'), ['--write', '--log-level=warn', ...others]);
if (native.length > 0) run('clang-format-14', ['-i', ...native]);
