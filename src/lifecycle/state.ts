/** `state`: what the specification says a runtime must tell of a container. */
import { report, type StateReport } from '../state/report.js';
import { statusOf } from '../state/status.js';
import { readState } from '../state/store.js';
import type { CommonOptions } from './options.js';

export type { StateReport } from '../state/report.js';

export function state({ root, id }: CommonOptions): StateReport {
  const found = readState(root, id);
  return report(found, statusOf(root, found));
}
