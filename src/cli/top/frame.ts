/** The picture: at most `height` lines of at most `width` characters, from nothing but the view. */
import type { Load } from '../../lifecycle/rates.js';
import { layout, padded, type Layout } from './columns.js';
import { detail } from './detail.js';
import { bytes, clip, percent, span } from './format.js';
import type { Glyphs } from './graph.js';
import { help } from './help.js';
import { clipped, fitting, line, piece, type Line } from './line.js';
import { selectedIndex, type View } from './view.js';

/** Lines around the rows: title, column heads, keys. The last goes first where there is no room, then the title. */
function chrome(height: number): { readonly title: boolean; readonly heads: boolean; readonly keys: boolean } {
  return { title: height >= 4, heads: height >= 2, keys: height >= 5 };
}

/** How many containers a window of this height shows. */
export function rowCount(height: number): number {
  const { title, heads, keys } = chrome(height);
  return Math.max(0, height - Number(title) - Number(heads) - Number(keys));
}

function statusCount(loads: readonly Load[]): string {
  if (loads.length === 0) return 'no running containers';
  const counts = new Map<string, number>();
  for (const { status } of loads) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, number]) => `${number} ${status}`).join(', ');
}

/** Of those that have a value; null when none has. */
function total(loads: readonly Load[], of: (load: Load) => number | null | undefined): number | null {
  let sum: number | null = null;
  for (const load of loads) {
    const value = of(load);
    if (value !== null && value !== undefined) sum = (sum ?? 0) + value;
  }
  return sum;
}

function title(view: View, width: number, glyphs: Glyphs): Line {
  const { loads } = view;
  const [cpu, memory] = [total(loads, (load) => load.cpu?.percent), total(loads, (load) => load.memory?.usage)];
  const [read, write] = [total(loads, ({ io }) => io?.read), total(loads, ({ io }) => io?.write)];
  return fitting(
    [
      piece('tsrun top', 'bold'),
      ...(view.paused ? [piece(' PAUSED ', 'heading')] : []),
      piece(statusCount(loads)),
      piece(view.time),
      piece(`every ${span(view.interval)}`),
      ...(cpu === null ? [] : [piece(`cpu ${percent(cpu)}%`)]),
      ...(memory === null ? [] : [piece(`memory ${bytes(memory)}`)]),
      ...(read === null && write === null ? [] : [piece(`io ${bytes(read)}/s read, ${bytes(write)}/s written`)]),
    ],
    width,
    glyphs.cut,
  );
}

function heads({ name, columns, widths }: Layout, width: number): Line {
  let text = clip('ID', name, '').padEnd(name);
  columns.forEach((column, at) => (text += padded(column.title, widths[at] ?? 0, column.align)));
  return line(piece(text.slice(0, width).padEnd(width), 'heading'));
}

function row(view: View, load: Load, { name, columns, widths }: Layout, glyphs: Glyphs): Line {
  const history = view.histories.get(load.id);
  const pieces = [piece(clip(load.id, name, glyphs.cut).padEnd(name), load.status === 'running' ? 'plain' : 'dim')];
  columns.forEach((column, at) => {
    const width = widths[at] ?? 0;
    const { text, style } = column.cell(load, width, history, glyphs);
    // what is too wide for its column keeps its first digits, and shows that some are missing
    pieces.push(piece(padded(clip(text, width, glyphs.cut), width, column.align), style));
  });
  return { pieces, selected: load.id === view.selected };
}

function keys(view: View, width: number, hidden: boolean, glyphs: Glyphs): Line {
  const at = `${selectedIndex(view) + 1}/${view.loads.length}`;
  const order = `s sort: ${view.sort} ${view.reverse ? glyphs.up : glyphs.down}`;
  const words = ['q quit', '? help', order, 'r reverse', 'enter detail', view.paused ? 'p go on' : 'p pause'];
  return fitting([...(hidden ? [piece(at, 'bold')] : []), ...words.map((word) => piece(word, 'dim'))], width, glyphs.cut);
}

function table(view: View, width: number, height: number, glyphs: Glyphs): Line[] {
  const shown = chrome(height);
  const rows = rowCount(height);
  const { loads } = view;
  const longest = loads.reduce((most, { id }) => Math.max(most, id.length), 2);
  const plan = layout(width, longest);
  // the mark stays in the middle as far as there are rows on both sides of it
  const first = Math.max(0, Math.min(selectedIndex(view) - Math.floor(rows / 2), loads.length - rows));
  const lines: Line[] = [];
  if (shown.title) lines.push(title(view, width, glyphs));
  if (shown.heads) lines.push(heads(plan, width));
  for (const load of loads.slice(first, first + rows)) lines.push(row(view, load, plan, glyphs));
  if (shown.keys) {
    while (lines.length < height - 1) lines.push(line());
    lines.push(keys(view, width, loads.length > rows, glyphs));
  }
  return lines;
}

export function frame(view: View, width: number, height: number, glyphs: Glyphs): Line[] {
  const lines =
    view.mode === 'help'
      ? help(width, glyphs)
      : view.mode === 'detail'
        ? detail(view, width, height, glyphs)
        : table(view, width, height, glyphs);
  return lines.slice(0, height).map((each) => clipped(each, width, glyphs.cut));
}
