// A machine for as long as something is done in it, and the one that is kept between calls.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../lib/run.mjs';
import { boot } from './boot.mjs';
import { image } from './image.mjs';
import { Machine } from './machine.mjs';

/** Where the machine that is kept for this tree is noted. */
const note = (directory, version) =>
  join(directory, `kept-${createHash('sha256').update(`${root}\0${version}`).digest('hex').slice(0, 12)}.json`);

function kept(directory, version) {
  if (!existsSync(note(directory, version))) return undefined;
  const machine = new Machine(JSON.parse(readFileSync(note(directory, version), 'utf8')));
  return machine.isRunning() ? machine : undefined;
}

/** Boots a machine that stays, unless there is one. */
export async function keep(release, version, { systemd } = {}) {
  const directory = await image(release, version);
  if (kept(directory, version)) return;
  const machine = await boot(directory, version, { tree: root, keep: true, systemd });
  writeFileSync(note(directory, version), JSON.stringify(machine));
  process.stderr.write(
    `vm: ${release} with kernel ${version} stays as process ${machine.pid}, its console in ${machine.runtime}/console.log; --stop ends it\n`,
  );
}

/** Ends the machine that stays. */
export async function stop(release, version) {
  const directory = await image(release, version);
  kept(directory, version)?.stop();
  rmSync(note(directory, version), { force: true });
}

/**
 * Gives `use` a machine, the kept one or one that ends with it; with a `disk` in place of the tree always one of its own.
 * Signals end the machine and us.
 */
export async function withMachine(release, version, { disk, systemd } = {}, use) {
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
    const directory = await image(release, version);
    running = disk ? undefined : kept(directory, version);
    machine = running;
    machine ??= await boot(directory, version, { tree: root, disk, systemd, started: (begun) => (machine = begun) });
    return await use(machine);
  } finally {
    end();
    for (const off of handlers) off();
  }
}
