import { clip } from './format.js';

/** How a piece of a line looks; what it looks like on the terminal is paint.ts's. */
export type Style = 'plain' | 'bold' | 'dim' | 'heading' | 'graph' | 'warning' | 'alarm';

export interface Piece {
  readonly text: string;
  readonly style: Style;
}

export interface Line {
  readonly pieces: readonly Piece[];
  /** The whole width has the mark. */
  readonly selected: boolean;
}

export function piece(text: string, style: Style = 'plain'): Piece {
  return { text, style };
}

export function line(...pieces: Piece[]): Line {
  return { pieces, selected: false };
}

export function textOf({ pieces }: Line): string {
  let text = '';
  for (const { text: part } of pieces) text += part;
  return text;
}

/** Cut to a width. */
export function clipped({ pieces, selected }: Line, width: number, mark: string): Line {
  const kept: Piece[] = [];
  let room = width;
  for (const { text, style } of pieces) {
    if (room <= 0) break;
    kept.push({ text: clip(text, room, mark), style });
    room -= text.length;
  }
  return { pieces: kept, selected };
}

/** The pieces as far as they fit as a whole, two blanks apart; the first is cut if it does not. */
export function fitting(pieces: readonly Piece[], width: number, mark: string): Line {
  const kept: Piece[] = [];
  let used = 0;
  for (const { text, style } of pieces) {
    const gap = kept.length === 0 ? '' : '  ';
    if (kept.length > 0 && used + gap.length + text.length > width) break;
    if (gap !== '') kept.push(piece(gap));
    kept.push({ text: clip(text, width, mark), style });
    used += gap.length + text.length;
  }
  return line(...kept);
}
