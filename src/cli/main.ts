#!/usr/bin/env node
import { launch } from '../launch.js';
import { native } from '../native.js';
import { failureText } from './failure.js';
import { runProgram } from './program.js';

/** Only for an addon that is missing or cannot write: everything else is reported where it happens. */
function giveUp(error: unknown): never {
  console.error(failureText(error));
  process.exit(1);
}

async function main(): Promise<void> {
  const { name, cwd, variable } = launch();
  const status = await runProgram(process.argv.slice(2), { program: name, cwd, variable });
  // leaving through the addon skips the engine's own end; nothing is buffered
  native().exit(status);
}

main().catch(giveUp);
