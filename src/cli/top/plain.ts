/** A sample where there is no terminal: rows for people and scripts, a line of JSON for programs. */
import type { Load } from '../../lifecycle/rates.js';
import { columns, plainCells } from './columns.js';

/** Heads and rows, columns as wide as what is in them, two blanks apart; the name is never cut. */
export function plainTable(loads: readonly Load[]): string {
  const shown = columns.filter(({ grows }) => grows !== true);
  const rows = [['ID', ...shown.map(({ title }) => title)], ...loads.map((load) => [load.id, ...plainCells(load)])];
  const widths = (rows[0] ?? []).map((_, at) => rows.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), 0));
  const cell = (text: string, at: number): string => {
    const width = widths[at] ?? 0;
    return (shown[at - 1]?.align ?? 'left') === 'left' ? text.padEnd(width) : text.padStart(width);
  };
  return rows.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('');
}

/** Three digits after the point are more than the kernel's counters say. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

/** One line. `time` is RFC 3339, `milliseconds` how long the sample took: from the one before, null for none. */
export function jsonLine(loads: readonly Load[], time: string, milliseconds: number | null): string {
  const seconds = milliseconds === null ? null : milliseconds / 1000;
  return `${JSON.stringify({ time, seconds, containers: loads }, rounded)}\n`;
}
