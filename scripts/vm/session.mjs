// A machine for as long as something is done in it, and the one that is kept between calls.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../lib/run.mjs';
import { boot } from './boot.mjs';
import { image } from './image.mjs';
import { Machine } from './machine.mjs';

/** Where the machine that is kept for this tree is noted. */
const note = (directory) => join(directory, `kept-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.json`);

function kept(directory) {
  if (!existsSync(note(directory))) return undefined;
  const machine = new Machine(JSON.parse(readFileSync(note(directory), 'utf8')));
  return machine.isRunning() ? machine : undefined;
}

/** Boots a machine that stays, unless there is one. */
export async function keep(release) {
  const directory = await image(release);
  if (kept(directory)) return;
  const machine = await boot(directory, { tree: root, keep: true });
  writeFileSync(note(directory), JSON.stringify(machine));
  process.stderr.write(`vm: ${release} stays as process ${machine.pid}, its console in ${machine.runtime}/console.log; --stop ends it\n`);
}

/** Ends the machine that stays. */
export async function stop(release) {
  const directory = await image(release);
  kept(directory)?.stop();
  rmSync(note(directory), { force: true });
}

/**
 * Gives `use` a machine, the kept one or one that ends with it; with a `disk` in place of the tree always one of its own.
 * Signals end the machine and us.
 */
export async function withMachine(release, { disk } = {}, use) {
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
    const directory = await image(release);
    running = disk ? undefined : kept(directory);
    machine = running;
    machine ??= await boot(directory, { tree: root, disk, started: (begun) => (machine = begun) });
    return await use(machine);
  } finally {
    end();
    for (const off of handlers) off();
  }
}
