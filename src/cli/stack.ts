/** Where an error came from, for --debug; this module is loaded for nobody else. */
import { executable } from '../launch.js';

/** A script's name, line and column in a frame of the executable's engine: `    at create (create:12:5)`. */
const PLACE = /\(?\b([\w/-]+):(\d+):\d+\)?$/;

/** Lines that follow each other in a script and in a source. */
interface Run {
  readonly line: number;
  readonly source: string;
  readonly there: number;
  readonly count: number;
}

/** What scripts/lib/lines.mjs wrote down. */
function runsOf(table: string): Run[] {
  const end = table.indexOf('\n');
  const sources = table.slice(0, end).split('\t');
  const runs: Run[] = [];
  let [source, line, there] = ['', 1, 1];
  for (const text of end < 0 ? [] : table.slice(end + 1).split(' ')) {
    const colon = text.indexOf(':');
    if (colon > 0) [source, there] = [sources[Number(text.slice(0, colon))] ?? '', 1];
    const [gap = 0, skip = 0, count = 0] = text
      .slice(colon + 1)
      .split(',')
      .map(Number);
    runs.push({ line: line + gap, source, there: there + skip, count });
    line += gap + count;
    there += skip + count;
  }
  return runs;
}

/** The frames with files and lines of the TypeScript, where they have any; `tableOf` a script is empty where it has none. */
export function inTypeScript(frames: string, tableOf: (script: string) => string): string {
  const known = new Map<string, Run[]>();
  const place = (script: string, line: number): string | undefined => {
    const runs = known.get(script) ?? runsOf(tableOf(script));
    known.set(script, runs);
    const run = runs.find((each) => each.line <= line && line < each.line + each.count);
    return run === undefined ? undefined : `${run.source}:${run.there + line - run.line}`;
  };
  return frames
    .split('\n')
    .map((frame) => {
      const [text, script, line] = PLACE.exec(frame) ?? [];
      const found = script === undefined ? undefined : place(script, Number(line));
      return text === undefined || found === undefined ? frame : `${frame.slice(0, -text.length)}(${found})`;
    })
    .join('\n');
}

/** An error with its name and the calls that led to it, the innermost first; its cause's too. */
export function stackText(error: Error): string {
  const { cause } = error;
  const rest = cause instanceof Error ? `\ncaused by ${stackText(cause)}` : '';
  const frames = error.stack ?? '';
  // Node begins it with the error itself, and can show TypeScript on its own (--enable-source-maps)
  if (executable === undefined) return frames + rest;
  return `${error.name}: ${error.message}\n${inTypeScript(frames.trimEnd(), (script) => executable?.lines(script) ?? '')}${rest}`;
}
