/** `mounts[].options` one by one: the only reader of commas and quotes, so that what is validated is what is planned. */

const holdsSeveral = (text: string) => text.includes(',') || text.includes('"');

/** The options in their order, also those of which several stand in one entry, as mount(8) takes them. */
export function singleOptions(options: readonly string[]): readonly string[] {
  return options.some(holdsSeveral) ? options.flatMap((text) => (holdsSeveral(text) ? split(text) : [text])) : options;
}

/**
 * The single options in `text`, which may hold several with commas between them. As for mount(8), a comma in double
 * quotes or behind a backslash belongs to the value; quotes around a whole value (SELinux contexts) are taken off.
 */
function split(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === '\\' && at + 1 < text.length) {
      part += c + text.charAt(++at);
    } else if (c === ',' && !quoted) {
      parts.push(part);
      part = '';
    } else {
      if (c === '"') quoted = !quoted;
      part += c;
    }
  }
  parts.push(part);
  return parts.filter((each) => each !== '').map((each) => each.replace(/^([^="]+)="([^"]*)"$/, '$1=$2'));
}
