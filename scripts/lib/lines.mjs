// Which line of a script came from which line of which source, in few bytes: for stack traces under --debug.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The numbers of a segment of a source map: base 64, five bits a digit, the sign last. */
function numbers(segment) {
  const result = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    result.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return result;
}

/**
 * A source map as src/cli/stack.ts reads it: the sources, under the names that `nameOf` gives them, then the runs of lines that follow each
 * other in both, each `gap,skip,count`: the lines that are left out behind the run before in the script, and in the source, and those it has;
 * `source:` in front where that is another one, whose lines are then counted from its first. A line is where its first mapped character
 * is; one of a source that `nameOf` gives no name is left out.
 */
export function linesOf({ sources, mappings }, nameOf) {
  const names = sources.map(nameOf);
  const runs = [];
  let [source, there] = [0, 0];
  mappings.split(';').forEach((segments, at) => {
    let first;
    for (const segment of segments.split(',')) {
      const [, bySource, byLine] = numbers(segment);
      if (bySource === undefined) continue;
      source += bySource;
      there += byLine;
      first ??= { source, line: at + 1, there: there + 1, count: 1 };
    }
    if (first === undefined || names[first.source] === undefined) return;
    const last = runs.at(-1);
    const follows = last?.source === first.source && last.line + last.count === first.line && last.there + last.count === first.there;
    if (follows) last.count++;
    else runs.push(first);
  });
  let before = { source: -1, line: 1, there: 1, count: 0 };
  const texts = runs.map((run) => {
    const other = run.source !== before.source;
    const gap = run.line - before.line - before.count;
    const skip = other ? run.there - 1 : run.there - before.there - before.count;
    before = run;
    return `${other ? `${run.source}:` : ''}${gap},${skip},${run.count}`;
  });
  return `${names.join('\t')}\n${texts.join(' ')}`;
}
