// Running programs from the scripts, and knowing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's directory, without a final slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** Runs a program in the repository with our own output; throws when it fails. */
export function run(program, args, options = {}) {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''}: ${signal ?? `exit status ${status}`}`);
}

/** Runs a program in the repository and gives its standard output. */
export function output(program, args, options = {}) {
  const { status, stdout, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    ...options,
  });
  if (error) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''}: exit status ${status}`);
  return stdout;
}

/** All files below a directory of the repository, as sorted paths relative to the repository. */
export function filesBelow(directory, wanted = () => true) {
  if (!existsSync(join(root, directory))) return [];
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter(wanted)
    .sort();
}

/** One stamp for the inputs: files, by path, size and time of change, and any further text that decides. */
function digestOf(files, text) {
  const digest = createHash('sha256').update(text);
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(root, file));
    digest.update(`\0${file}\0${size}\0${mtimeMs}`);
  }
  return digest.digest('hex');
}

const stampOf = (name) => join(root, 'build/stamps', name);

/** Whether `name` was done with these inputs, and its outputs are still there. */
export function isDone(name, { files, text = '', outputs = [] }) {
  const stamp = stampOf(name);
  return (
    existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOf(files, text) && outputs.every((path) => existsSync(join(root, path)))
  );
}

/** Does `work` unless it was done before with the same inputs. Stamps are in build/stamps. */
export function once(name, inputs, work) {
  if (isDone(name, inputs)) return;
  // taken before: what changes meanwhile is done again
  const digest = digestOf(inputs.files, inputs.text ?? '');
  work();
  markDone(name, digest);
}

/** The same for work that takes its time. */
export async function onceAsync(name, inputs, work) {
  if (isDone(name, inputs)) return;
  const digest = digestOf(inputs.files, inputs.text ?? '');
  await work();
  markDone(name, digest);
}

function markDone(name, digest) {
  mkdirSync(dirname(stampOf(name)), { recursive: true });
  writeFileSync(stampOf(name), digest);
}
