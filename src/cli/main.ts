#!/usr/bin/env node
import { failureText, runProcess } from './process.js';

/** Only for an addon that is missing or cannot write: everything else is reported where it happens. */
function giveUp(error: unknown): void {
  console.error(failureText(error));
  process.exit(1);
}

runProcess().catch(giveUp);
