// This tree as a disk of its own: the tests in the virtual machine read thousands of files, over 9p that takes minutes.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { compileFixtures } from '../lib/fixtures.mjs';
import { root, run } from '../lib/run.mjs';

/** What tests do not load, by far the most of node_modules, and what a vitest that runs beside us makes and removes there. */
const leftOut = new Set(['@oven', '@typescript-eslint', 'eslint', 'prettier', 'typescript', 'node-gyp', '.vite', '.vite-temp']);

/** Makes a file system of what is there now, and gives its file; it goes with this process. */
export function treeDisk() {
  mkdirSync(join(root, 'build'), { recursive: true });
  const directory = mkdtempSync(join(root, 'build/vm-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const stage = join(directory, 'tree');
  mkdirSync(join(stage, 'node_modules'), { recursive: true });
  // hard links: a tree of names, not of contents
  const names = readdirSync(root).filter((name) => !['.git', 'build', 'node_modules'].includes(name));
  run('cp', ['-al', ...names, stage]);
  const modules = readdirSync(join(root, 'node_modules')).filter((name) => !leftOut.has(name));
  run('cp', ['-al', ...modules.map((name) => `node_modules/${name}`), join(stage, 'node_modules')]);
  // there is no compiler in there
  compileFixtures(join(stage, 'test/fixtures'));
  const disk = join(directory, 'disk');
  run('mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', stage, disk, '1G'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(stage, { recursive: true });
  return disk;
}
