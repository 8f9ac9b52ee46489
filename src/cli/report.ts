import type { StateReport } from '../lifecycle/state.js';

/** The report with its keys in the order in which callers print and compare them. */
export function ordered(report: StateReport): StateReport {
  const { ociVersion, id, pid, status, bundle, rootfs, created, annotations, owner } = report;
  const some = annotations !== undefined && Object.keys(annotations).length > 0;
  return { ociVersion, id, pid, status, bundle, rootfs, created, ...(some ? { annotations } : {}), owner };
}
