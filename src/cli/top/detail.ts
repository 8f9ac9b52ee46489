/** One container in full: what it uses, and what it has used. */
import type { Load } from '../../lifecycle/rates.js';
import { cpuScale, cpuStyle, memoryScale, memoryStyle, oomStyle, pidsStyle, pressureStyle } from './columns.js';
import { bytes, count, percent, percentLimit, span } from './format.js';
import { graph, largest, type Glyphs } from './graph.js';
import type { History } from './history.js';
import { clipped, fitting, line, piece, type Line, type Piece } from './line.js';
import type { View } from './view.js';

interface Panel {
  readonly caption: readonly Piece[];
  readonly values: readonly (number | null)[];
  /** What the top of the graph stands for, and in words. */
  readonly max: (width: number) => number;
  readonly words: (max: number) => string;
}

/** A value with its unit, which what is not known does not have. */
function withUnit(text: string, unit: string): string {
  return text === '-' ? text : text + unit;
}

function panels(load: Load, history: History): Panel[] {
  const { cpu, memory, io, pressure } = load;
  const quota = cpu?.limitPercent ?? null;
  const limit = memory?.limit ?? null;
  return [
    {
      caption: [
        piece('CPU', 'bold'),
        piece(withUnit(percent(cpu?.percent ?? null), '%')),
        ...(quota === null
          ? []
          : [
              piece(`of ${percentLimit(quota)}%`),
              piece(`throttled ${withUnit(percent(cpu?.throttledPercent ?? null), '%')}`, cpuStyle(load)),
            ]),
      ],
      values: history.cpu,
      max: (width) => cpuScale(load, history.cpu, width),
      words: (max) => `${percentLimit(max)}%`,
    },
    {
      caption: [
        piece('MEMORY', 'bold'),
        piece(bytes(memory?.usage ?? null)),
        ...(limit === null ? [] : [piece(`of ${bytes(limit)}`), piece(`${percent(memory?.percent ?? null)}%`, memoryStyle(load))]),
        ...(memory === null ? [] : [piece(`oom kills ${memory.oomKills}`, oomStyle(load))]),
      ],
      values: history.memory,
      max: (width) => memoryScale(load, history.memory, width),
      words: bytes,
    },
    {
      caption: [
        piece('IO', 'bold'),
        piece(`read ${withUnit(bytes(io?.read ?? null), '/s')}`),
        piece(`write ${withUnit(bytes(io?.write ?? null), '/s')}`),
      ],
      values: history.io,
      max: (width) => largest(history.io, width, 1024),
      words: (max) => `${bytes(max)}/s`,
    },
    {
      caption: [
        piece('PRESSURE', 'bold'),
        piece(`cpu ${withUnit(percent(pressure.cpu), '%')}`, pressureStyle(pressure.cpu)),
        piece(`memory ${withUnit(percent(pressure.memory), '%')}`, pressureStyle(pressure.memory)),
        piece(`io ${withUnit(percent(pressure.io), '%')}`, pressureStyle(pressure.io)),
      ],
      values: history.pressure,
      // what is under 10 % would else be a line at the bottom
      max: (width) => Math.min(100, largest(history.pressure, width, 10)),
      words: (max) => `${percentLimit(max)}%`,
    },
  ];
}

/** A caption with the scale at its end, and below it the graph on its base line, as far as there are lines. */
function drawn({ caption, values, max, words }: Panel, width: number, height: number, glyphs: Glyphs): Line[] {
  const rows = Math.max(0, height - 2);
  const scale = max(width);
  const head = fitting(caption, width, glyphs.cut);
  const used = head.pieces.reduce((sum, { text }) => sum + text.length, 0);
  const known = rows > 0 && values.some((value) => value !== null);
  const end = known ? words(scale) : '';
  const pieces = used + 2 + end.length <= width ? [...head.pieces, piece(end.padStart(width - used), 'dim')] : head.pieces;
  const lines = [line(...pieces)];
  for (const text of graph(values, width, rows, scale, glyphs)) lines.push(line(piece(text, 'graph')));
  if (rows > 0) lines.push(line(piece(glyphs.base.repeat(width), 'dim')));
  return lines.slice(0, height);
}

/** Two blocks beside each other, three blanks apart. */
function beside(left: readonly Line[], right: readonly Line[], width: number, glyphs: Glyphs): Line[] {
  return left.map((each, at) => {
    const cut = clipped(each, width, glyphs.cut);
    const used = cut.pieces.reduce((sum, { text }) => sum + text.length, 0);
    return line(...cut.pieces, piece(' '.repeat(width - used + 3)), ...(right[at]?.pieces ?? []));
  });
}

/** From here on two graphs are side by side. */
const WIDE = 100;

export function detail(view: View, width: number, height: number, glyphs: Glyphs): Line[] {
  const history = view.histories.get(view.selected ?? '');
  if (history === undefined) return [line(piece('no container', 'dim'))];
  const load = view.loads.find(({ id }) => id === view.selected);
  const { last } = history;
  const title = fitting(
    [
      piece(last.id, 'bold'),
      load === undefined ? piece('has ended', 'alarm') : piece(load.status),
      ...(view.paused ? [piece(' PAUSED ', 'heading')] : []),
      ...(load === undefined ? [] : [piece(`pid ${load.pid}`)]),
      piece(`pids ${count(last.pids)}`, pidsStyle(last)),
      piece(view.time),
      piece(`every ${span(view.interval)}`),
      piece('escape goes back', 'dim'),
    ],
    width,
    glyphs.cut,
  );
  const wide = width >= WIDE;
  const panelWidth = wide ? Math.floor((width - 3) / 2) : width;
  const panelHeight = Math.max(1, Math.floor((height - 1) / (wide ? 2 : 4)));
  // 2 lines would be a base without a graph
  const blocks = panels(last, history).map((panel) => drawn(panel, panelWidth, panelHeight === 2 ? 1 : panelHeight, glyphs));
  const lines = [title];
  for (let at = 0; at < blocks.length; at += wide ? 2 : 1) {
    const block = blocks[at] ?? [];
    lines.push(...(wide ? beside(block, blocks[at + 1] ?? [], panelWidth, glyphs) : block));
  }
  return lines;
}
