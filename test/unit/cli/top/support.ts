import { textOf, type Line } from '../../../../src/cli/top/line.js';
import { frame } from '../../../../src/cli/top/frame.js';
import { ascii, type Glyphs } from '../../../../src/cli/top/graph.js';
import { remember, type History } from '../../../../src/cli/top/history.js';
import { newView, withLoads, type View } from '../../../../src/cli/top/view.js';
import type { Load } from '../../../../src/lifecycle/rates.js';

export const MIB = 1 << 20;

/** A container of which everything is known. */
export function load(id: string, change: Partial<Load> = {}): Load {
  return {
    id,
    status: 'running',
    pid: 42,
    cpu: { percent: 12.34, limitPercent: 50, throttledPercent: 0 },
    memory: { usage: 32 * MIB, limit: 64 * MIB, percent: 50, oomKills: 0 },
    pids: { current: 3, limit: 100 },
    io: { read: 0, write: 1536 },
    pressure: { cpu: 1, memory: 0, io: 0.25 },
    ...change,
  };
}

/** One of which nothing is. */
export function bare(id: string): Load {
  return load(id, { cpu: null, memory: null, pids: null, io: null, pressure: { cpu: null, memory: null, io: null } });
}

/** A view after these samples, one after the other. */
export function viewOf(...samples: readonly (readonly Load[])[]): View {
  const histories = new Map<string, History>();
  let view: View = { ...newView('cpu', 1000), histories };
  for (const loads of samples) {
    remember(histories, loads, view.mode === 'detail' ? view.selected : null);
    view = withLoads(view, loads, '12:34:56');
  }
  return view;
}

/** The picture's text, without blanks at the ends of lines. */
export function shown(view: View, width: number, height: number, glyphs: Glyphs = ascii): string[] {
  return frame(view, width, height, glyphs).map((line) => textOf(line).trimEnd());
}

/** The style of the first piece that has this text in it. */
export function styleOf(lines: readonly Line[], text: string): string | undefined {
  return lines.flatMap(({ pieces }) => pieces).find((piece) => piece.text.includes(text))?.style;
}
