// Everything that can be said about the code without running it: `node scripts/check.mjs [CHECK...]`. All are tried.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { compileFlags } from './lib/flags.mjs';
import { checkPathCalls } from './lib/path-calls.mjs';
import { filesBelow, onceAsync, root, run } from './lib/run.mjs';
import { sources } from './sources.mjs';

const tool = (name) => join(root, 'node_modules/.bin', name);
const native = () => filesBelow('native', (path) => /\.(cc|h)$/.test(path));

/** What has no ending, or a shell's. */
function shellScripts() {
  return [...filesBelow('scripts', (path) => /(^|\/)[^./]+$|\.sh$/.test(path)), ...filesBelow('.ci')];
}

/** clang-tidy over one source: fails with what it said. */
function tidy({ file, flags }) {
  return new Promise((resolve, reject) => {
    const child = spawn('clang-tidy-14', ['--quiet', file, '--', ...flags], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.on('error', reject);
    child.on('close', (status) => (status === 0 ? resolve() : reject(new Error(text.trim() || `${file}: clang-tidy-14 failed`))));
  });
}

/** Only what changed since it was last found clean, several at a time. */
async function clangTidy() {
  const headers = filesBelow('native', (path) => path.endsWith('.h'));
  const jobs = new Map();
  for (const program of ['executable', 'addon', 'engine', 'systemd', 'init', 'demo', 'compiler']) {
    for (const file of sources(program)) jobs.set(file, { file, flags: compileFlags(program) });
  }
  const queue = [...jobs.values()];
  let failures = 0;
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const inputs = { files: ['.clang-tidy', job.file, ...headers], text: job.flags.join(' ') };
      try {
        await onceAsync(`tidy/${job.file}`, inputs, () => tidy(job));
      } catch (error) {
        failures++;
        process.stdout.write(`${error.message}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
  if (failures > 0) throw new Error(`${failures} files are not clean`);
}

const checks = {
  prettier: () => run(tool('prettier'), ['--check', '--log-level=warn', '.']),
  eslint: () => run(tool('eslint'), ['--cache', '--cache-location', 'build/eslintcache', '--max-warnings=0', '.']),
  types: () => run(tool('tsc'), ['--noEmit', '-p', 'tsconfig.json']),
  'clang-format': () => run('clang-format-14', ['--dry-run', '-Werror', ...native()]),
  shellcheck: () => run('shellcheck', shellScripts()),
  'security page': () => run(process.execPath, ['scripts/security-page.mjs', '--check']),
  'clang-tidy': clangTidy,
  'path-calls': () => {
    const problems = checkPathCalls();
    if (problems.length > 0) throw new Error(`\n${problems.join('\n')}`);
  },
};

let failures = 0;
const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : Object.keys(checks)) {
  const check = checks[name];
  if (check === undefined) throw new Error(`no such check: ${name} (there are ${Object.keys(checks).join(', ')})`);
  const start = Date.now();
  let result = 'ok';
  try {
    await check();
  } catch (error) {
    failures++;
    result = error.message;
  }
  process.stdout.write(`check: ${name}: ${result} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
}
process.exitCode = failures === 0 ? 0 : 1;
