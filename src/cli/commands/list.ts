import type { StateReport } from '../../lifecycle/state.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { print } from '../output.js';
import { ordered } from '../report.js';

export const definition: Definition = {
  name: 'list',
  summary: 'list containers',
  description: ['Shows the containers whose state is below --root.'],
  arguments: [],
  flags: [
    { name: 'format', short: 'f', value: 'FORMAT', choices: ['table', 'json'], help: 'table or json (default: table)' },
    { name: 'quiet', short: 'q', help: 'only the names' },
  ],
  examples: [
    { words: 'list', does: 'show all containers as a table' },
    { words: '--root /run/containerd/runc/k8s.io list --format json', does: 'those of an engine, as JSON' },
  ],
};

/** Columns of at least 12 characters, three blanks apart. */
function table(reports: readonly StateReport[]): string {
  const rows = [
    ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'],
    ...reports.map(({ id, pid, status, bundle, created, owner }) => [id, String(pid), status, bundle, created, owner]),
  ];
  const widths = rows[0]?.map((_, column) => rows.reduce((width, row) => Math.max(width, (row[column] ?? '').length + 3), 12)) ?? [];
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** What `list` prints. */
export function formatList(reports: readonly StateReport[], format: string, quiet: boolean): string {
  if (quiet) {
    let names = '';
    for (const { id } of reports) names += `${id}\n`;
    return names;
  }
  if (format === 'json') return `${reports.length === 0 ? 'null' : JSON.stringify(reports.map(ordered))}\n`;
  return table(reports);
}

export async function action(call: Call): Promise<number> {
  const { list } = await import('../../lifecycle/list.js');
  print(formatList(list(call.root(), call.warn, call.global.root !== undefined), call.text('format') ?? 'table', call.on('quiet')));
  return 0;
}
