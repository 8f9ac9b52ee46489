// A machine for as long as something is done in it, and the one that is kept between calls.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../lib/run.mjs';
import { boot } from './boot.mjs';
import { cacheDirectory, exitOnSignals, ours } from './cache.mjs';
import { image } from './image.mjs';
import { Machine } from './machine.mjs';

/** Where the machine that is kept for this tree is noted: beside the images, as it outlives a change of the recipe. */
function note(release, version, systemd) {
  const hash = createHash('sha256').update([root, release, version, systemd].join('\0'));
  return join(cacheDirectory(), `tsrun-vm-kept-${hash.digest('hex').slice(0, 12)}`);
}

function kept(path) {
  if (!existsSync(path)) return undefined;
  const machine = new Machine(JSON.parse(readFileSync(ours(path), 'utf8')));
  return machine.isRunning() ? machine : undefined;
}

/** Boots a machine that stays, unless there is one. */
export async function keep(release, version, { systemd = true } = {}) {
  const path = note(release, version, systemd);
  if (kept(path)) return;
  let machine;
  const end = () => machine?.stop();
  process.once('exit', end);
  exitOnSignals();
  machine = await boot(await image(release, version), version, { tree: root, keep: true, systemd, started: (begun) => (machine = begun) });
  writeFileSync(path, JSON.stringify(machine), { mode: 0o600 });
  process.off('exit', end);
  process.stderr.write(
    `vm: ${release} with kernel ${version} stays as process ${machine.pid}, its console in ${machine.runtime}/console.log; --stop ends it\n`,
  );
}

/** Ends the machine that stays. */
export function stop(release, version, { systemd = true } = {}) {
  const path = note(release, version, systemd);
  kept(path)?.stop();
  rmSync(path, { force: true });
}

/**
 * Gives `use` a machine, the kept one or one that ends with it; with a `disk` in place of the tree always one of its own.
 * Signals end the machine and us.
 */
export async function withMachine(release, version, { disk, systemd = true } = {}, use) {
  let [machine, running] = [];
  const end = () => {
    if (!running) machine?.stop();
  };
  const handlers = Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }).map(([signal, number]) => {
    const handler = () => {
      end();
      process.exit(128 + number);
    };
    // not once: the terminal and npm both send it, and the second one must not end us while we clean up
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  try {
    running = disk ? undefined : kept(note(release, version, systemd));
    machine = running;
    machine ??= await boot(await image(release, version), version, { tree: root, disk, systemd, started: (begun) => (machine = begun) });
    return await use(machine);
  } finally {
    end();
    for (const off of handlers) off();
  }
}
