/** `list`: all containers of a state root. */
import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import { report, type StateReport } from '../state/report.js';
import { statusOf } from '../state/status.js';
import { listIds, readState } from '../state/store.js';

/**
 * @param warn hears of containers whose state cannot be read; they are left out
 * @param named somebody said which root: one that is not there is an error then, and not one without containers yet
 */
export function list(root: string, warn: (message: string) => void = () => undefined, named = false): StateReport[] {
  if (named && native().stat(root) === null) throw new TsrunError(`--root ${root}: no such file or directory`);
  const reports: StateReport[] = [];
  for (const id of listIds(root)) {
    try {
      const state = readState(root, id);
      reports.push(report(state, statusOf(root, state)));
    } catch (error) {
      // Deleted since, or damaged: the others are still worth seeing.
      warn(error instanceof Error ? error.message : String(error));
    }
  }
  return reports;
}
