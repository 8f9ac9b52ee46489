// What takes minutes to make is kept: kernels and disks, each in a directory named by a hash of what it is made of.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where it is kept: TSRUN_TEST_CACHE, or the directory for temporary files. */
export const cacheDirectory = () => process.env['TSRUN_TEST_CACHE'] ?? tmpdir();

/** The path, if it is ours: what we run as root must be nobody else's. */
export function ours(path) {
  if (lstatSync(path).uid !== process.getuid()) throw new Error(`${path} is not ours`);
  return path;
}

/** Runs a program, its output into the log; throws when it fails. */
export function step(log, program, args, { env = {}, ...options } = {}) {
  appendFileSync(log, `\n# ${program} ${args.join(' ')}\n`);
  const fd = openSync(log, 'a');
  const { status, signal, error } = spawnSync(program, args, {
    stdio: ['ignore', fd, fd],
    env: { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...env },
    ...options,
  });
  closeSync(fd);
  if (error) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${signal ?? `exit status ${status}`}`);
}

/** What is to be removed at the end is removed when a signal is the end, too. */
export function exitOnSignals() {
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }))
    process.on(signal, () => process.exit(128 + number));
}

/** Makes the directory `path` whole or not at all: `make(directory, log)` fills one beside it. */
export async function fresh(path, make) {
  if (process.getuid() !== 0) throw new Error(`making ${path} needs root`);
  mkdirSync(join(path, '..'), { recursive: true });
  const directory = mkdtempSync(`${path}.`);
  const log = join(directory, 'build.log');
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const begun = Date.now();
  try {
    await make(directory, log);
    renameSync(directory, path);
    process.stderr.write(`vm: made ${path} in ${((Date.now() - begun) / 1000).toFixed(0)} s\n`);
  } catch (error) {
    const said = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-20).join('\n') : '';
    // somebody else was faster
    if (!existsSync(path)) throw new Error(`making ${path}: ${error.message}\n${said}`, { cause: error });
  } finally {
    remove();
    process.off('exit', remove);
  }
}
