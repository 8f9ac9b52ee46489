/** Lines as a terminal takes them (ECMA-48; man 4 console_codes). */
import type { Line, Style } from './line.js';

/** SGR parameters. Bold and reverse are no colours: NO_COLOR leaves them. */
const looks: Readonly<Record<Style, { readonly colour: string; readonly plain: string }>> = {
  plain: { colour: '', plain: '' },
  bold: { colour: '1', plain: '1' },
  dim: { colour: '2', plain: '' },
  heading: { colour: '7', plain: '7' },
  graph: { colour: '36', plain: '' },
  warning: { colour: '33', plain: '1' },
  alarm: { colour: '1;31', plain: '1' },
};

/** One line; a marked one as wide as the screen. */
export function paintLine({ pieces, selected }: Line, width: number, colour: boolean): string {
  let text = '';
  let used = 0;
  for (const piece of pieces) {
    const look = looks[piece.style];
    const codes = [selected ? '7' : '', colour ? look.colour : look.plain].filter((code) => code !== '').join(';');
    text += codes === '' ? piece.text : `\x1b[${codes}m${piece.text}\x1b[m`;
    used += piece.text.length;
  }
  return selected && used < width ? `${text}\x1b[7m${' '.repeat(width - used)}\x1b[m` : text;
}

/** The other screen, cleared, without a cursor and without wrapping. */
export const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
export const LEAVE = '\x1b[?7h\x1b[?25h\x1b[m\x1b[?1049l';

/** Writes no more than what differs from the picture before. */
export class Screen {
  #shown: string[] = [];
  #width = 0;
  #height = 0;
  readonly #colour: boolean;

  constructor(colour: boolean) {
    this.#colour = colour;
  }

  /** Whatever is on the screen, the next picture is drawn whole. */
  forget(): void {
    this.#height = 0;
  }

  /** What to write for this picture. */
  draw(lines: readonly Line[], width: number, height: number): string {
    const all = width !== this.#width || height !== this.#height;
    let text = all ? '\x1b[m\x1b[2J' : '';
    const painted: string[] = [];
    for (let row = 0; row < height; row++) {
      const line = lines[row];
      const next = line === undefined ? '' : paintLine(line, width, this.#colour);
      painted.push(next);
      if (all ? next === '' : next === this.#shown[row]) continue;
      // erased first: at the last column the cursor stands on the last character
      text += `\x1b[${row + 1};1H\x1b[K${next}`;
    }
    this.#shown = painted;
    this.#width = width;
    this.#height = height;
    return text;
  }
}
