// The command line as one CommonJS file, which the compiler of the executable then takes.
import { fileURLToPath } from 'node:url';

import { buildSync } from 'esbuild';

const stub = (name) => fileURLToPath(new URL(`../stubs/${name}.cjs`, import.meta.url));

/**
 * Bundles `entry` into `out`. The node: modules that commander asks for are replaced by what it uses of them: loading the
 * real ones costs more than all the rest of a start. Any other node: import is an error. `define` gives names their values.
 */
export function bundle(entry, out, define) {
  buildSync({
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    inject: [fileURLToPath(new URL('../stubs/array.mjs', import.meta.url))],
    define,
    format: 'cjs',
    platform: 'neutral',
    target: 'es2023',
    mainFields: ['module', 'main'],
    conditions: ['node'],
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    // there is no import.meta in CommonJS; launch.ts does without
    logOverride: { 'empty-import-meta': 'silent' },
    alias: Object.fromEntries(['events', 'child_process', 'path', 'fs', 'process'].map((name) => [`node:${name}`, stub(name)])),
  });
}
