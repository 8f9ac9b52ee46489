// The command line as scripts for the executable's engine: all of it in one, which the build evaluates; or `core`, which every call needs,
// and beside it one for each module that core imports when it is needed (a command's, the help's), with all of it in it. Running a command
// reads two.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as esbuild from 'esbuild';

import { linesOf } from './lines.mjs';
import { root } from './run.mjs';

const stub = (name) => fileURLToPath(new URL(`../stubs/${name}.cjs`, import.meta.url));
const idOf = (path) => relative(root, path);

/** What a script is called: the module's path without the folders that they all are in. */
const nameOf = (id) => id.replace(/^src\/cli\/(commands\/)?/, '').replace(/\.ts$/, '');

const options = (define) => ({
  bundle: true,
  write: false,
  metafile: true,
  sourcemap: 'external',
  sourcesContent: false,
  outdir: join(root, 'build'),
  define: { ...define, TSRUN_EXECUTABLE: 'executable' },
  format: 'cjs',
  platform: 'neutral',
  target: 'es2023',
  // the engine has no modules: import() of another script is the engine's `require`
  supported: { 'dynamic-import': false },
  mainFields: ['module', 'main'],
  conditions: ['node'],
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  // there is no import.meta in CommonJS; launch.ts asks for it under Node only
  logOverride: { 'empty-import-meta': 'silent' },
  // what commander uses of them; any other node: import is an error
  alias: Object.fromEntries(['events', 'child_process', 'path', 'fs', 'process'].map((name) => [`node:${name}`, stub(name)])),
});

const resolved = Symbol('resolved');

/** What `decide` (id, kind) names stays outside, under the name that it gives. */
function outside(decide) {
  return {
    name: 'outside',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^\./ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
        if (pluginData === resolved) return undefined;
        const found = await resolve(path, { importer, resolveDir, kind, pluginData: resolved });
        if (found.errors.length > 0) return found;
        const name = decide(idOf(found.path), kind, idOf(importer));
        return name === undefined ? found : { path: name, external: true };
      });
    },
  };
}

/** As the engine takes it: the value of the script is a function. The first line stays the first. */
const wrapped = (code) => `(function(require, module, exports, executable) {${code}\n})`;

/** Under which name a source is in stack traces; one that was made itself is in none. */
const sourceName = (id) => (/^(src\/spec\/generated|scripts\/stubs)\//.test(id) ? undefined : id);

function scriptOf(name, { outputFiles, metafile }) {
  const text = (end) => outputFiles.find(({ path }) => path.endsWith(end)).text;
  const lines = linesOf(JSON.parse(text('.js.map')), (path) => sourceName(idOf(join(root, 'build', path))));
  return { name, code: wrapped(text('.js')), lines, modules: Object.keys(metafile.inputs) };
}

/** The names that each of the sources exports. The core takes their values once: none may be given another later. */
async function exportsOf(ids) {
  const changing = ids.find((id) => /^export (let|var) /m.test(readFileSync(join(root, id), 'utf8')));
  if (changing !== undefined) throw new Error(`${changing}: what other scripts are to see must not change: export no let`);
  const entryPoints = ids.map((id) => join(root, id));
  const { outputs } = (await esbuild.build({ entryPoints, write: false, metafile: true, format: 'esm', outdir: join(root, 'build') }))
    .metafile;
  const byEntry = new Map(Object.values(outputs).map(({ entryPoint, exports }) => [entryPoint, exports]));
  return ids.map((id) => byEntry.get(id));
}

/**
 * All of it as one script, called core, in which every module is evaluated at once: what the build prepares a heap from; and `replay`, which does
 * with it what calls do.
 */
export async function bundleWhole(entry, define) {
  // a module that only import() names is evaluated when that is called, unless somebody has imported it before
  const imported = new Set();
  const note = (id, kind) => {
    if (kind === 'dynamic-import') imported.add(id);
  };
  await esbuild.build({ ...options(define), entryPoints: [entry], plugins: [outside(note)] });
  const lines = [...imported].sort().map((id) => `import './${id}';\n`);
  const replayed = "export { runProgram } from './src/cli/program.ts';\nexport { overNative } from './src/native.ts';\n";
  const contents = `export * from './${idOf(entry)}';\n${replayed}${lines.join('')}`;
  const stdin = { contents, resolveDir: root, sourcefile: 'core.js' };
  const heap = (name) => readFileSync(join(root, 'scripts/heap', name), 'utf8');
  const replay = heap('replay.js').replace(/\bCALLS\b(?=\.)/, () => heap('calls.json'));
  return [scriptOf('core', await esbuild.build({ ...options(define), stdin })), { name: 'replay', code: wrapped(replay), lines: '' }];
}

/**
 * The scripts, `{name, code, lines, modules}`, core first; `lines` is where those of `code` come from, `modules` what is in it. `entry` exports what
 * the executable calls. `define` gives names their values.
 */
export async function bundle(entry, define) {
  const dynamic = (id, kind) => (kind === 'dynamic-import' ? nameOf(id) : undefined);
  const { metafile } = await esbuild.build({ ...options(define), entryPoints: [entry], plugins: [outside(dynamic)] });
  const shared = Object.keys(metafile.inputs).filter((id) => id.startsWith('src/'));
  // plain objects: a namespace of esbuild's has a function for every name, which takes longer to make than all the rest
  const exported = await exportsOf(shared);
  const lines = shared.map(
    (id, at) => `import { ${exported[at].map((name) => `${name} as m${at}_${name}`).join(', ')} } from './${id}';\n`,
  );
  const table = shared.map((id, at) => `  '${id}': { ${exported[at].map((name) => `${name}: m${at}_${name}`).join(', ')} },\n`);
  const contents = `export * from './${idOf(entry)}';\n${lines.join('')}export const modules = {\n${table.join('')}};\n`;
  const names = new Map();
  const named = (id, kind) => {
    const name = dynamic(id, kind);
    if (name !== undefined) names.set(name, id);
    return name;
  };
  const stdin = { contents, resolveDir: root, sourcefile: 'core.js' };
  const core = await esbuild.build({ ...options(define), stdin, plugins: [outside(named)] });
  const scripts = [scriptOf('core', core)];
  const inCore = new Set(shared);
  // they were found in an order that is another each time
  for (const [name, id] of [...names].sort()) {
    const plugins = [outside((of) => (inCore.has(of) ? of : undefined))];
    scripts.push(scriptOf(name, await esbuild.build({ ...options(define), entryPoints: [join(root, id)], plugins })));
  }
  return scripts;
}
