/** `list`: all containers of a state root. */
import { report, type StateReport } from '../state/report.js';
import { statusOf } from '../state/status.js';
import { listIds, readState } from '../state/store.js';

/** @param warn hears of containers whose state cannot be read; they are left out */
export function list(root: string, warn: (message: string) => void = () => undefined): StateReport[] {
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
