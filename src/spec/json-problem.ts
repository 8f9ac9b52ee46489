/**
 * Where and why a text is not JSON (RFC 8259): the engines' own messages differ and often name no place. Runs on failure
 * only, and without recursion, so that no nesting is too deep for it.
 */

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end' | 'nothing';

/** No text that anyone means is nested deeper. */
const DEEPEST = 10_000;

const LITERAL = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.+-])/y;
const WORD = /[0-9A-Za-z_.+-]+/y;

/** `line 3, column 7: unexpected token "]"`; null when nothing is wrong with it. Lines and columns count from 1. */
export function findJsonProblem(text: string): string | null {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    while (isBlank(text.charCodeAt(at))) at++;
    const token = text[at];
    if (token === undefined) {
      if (expected === 'nothing') return null;
      return at === 0 || text.trim() === '' ? 'is empty' : place(text, at, 'unexpected end of text');
    }
    const isKey: boolean = expected === 'key' || expected === 'key or }';
    const isValue: boolean = expected === 'value' || expected === 'value or ]';
    let next: number | null = at + 1;
    if ((token === '{' || token === '[') && isValue) {
      if (open.push(token) > DEEPEST) return place(text, at, 'nested too deeply');
      expected = token === '{' ? 'key or }' : 'value or ]';
    } else if (token === '"' && (isKey || isValue)) {
      const end = stringEnd(text, at);
      if (typeof end === 'string') return end;
      next = end;
      expected = isKey ? 'colon' : after(open);
    } else if (isValue && (next = skip(LITERAL, text, at)) !== null) {
      expected = after(open);
    } else if (token === ':' && expected === 'colon') {
      expected = 'value';
      next = at + 1;
    } else if (token === ',' && expected === 'comma or end') {
      expected = open.at(-1) === '{' ? 'key' : 'value';
      next = at + 1;
    } else if (closes(token, open, expected)) {
      open.pop();
      expected = after(open);
      next = at + 1;
    } else {
      return place(text, at, `unexpected token ${show(text, at)}`);
    }
    at = next;
  }
}

/**
 * As findJsonProblem() for nesting alone, and fast, for texts so large that an engine's parser would need gigabytes for
 * what is nested in them.
 */
export function findDeepNesting(text: string): string | null {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      do {
        at = text.indexOf('"', at + 1);
        if (at < 0) return null;
      } while (isEscaped(text, at));
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > DEEPEST) return place(text, at, 'nested too deeply');
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
  return null;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === 0x5c) first--;
  return (at - first) % 2 === 1;
}

function closes(token: string, open: readonly string[], expected: Expected): boolean {
  const opener = open.at(-1);
  if (token === ']') return opener === '[' && (expected === 'value or ]' || expected === 'comma or end');
  return token === '}' && opener === '{' && (expected === 'key or }' || expected === 'comma or end');
}

function after(open: readonly string[]): Expected {
  return open.length === 0 ? 'nothing' : 'comma or end';
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The end of the match of a sticky expression at `at`. */
function skip(expression: RegExp, text: string, at: number): number | null {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : null;
}

/** Where the string that begins at `start` ends, or what is wrong with it. */
function stringEnd(text: string, start: number): number | string {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return place(text, at, `control character ${codePoint(text, at)} in a string`);
    if (code !== 0x5c) continue;
    const length = escapeLength(text, at + 1);
    if (length === 0 && at + 1 < text.length) return place(text, at, 'unknown escape in a string');
    at += length;
  }
  return place(text, start, 'this string does not end');
}

/** Characters of an escape after its backslash; 0 for none that there is. */
function escapeLength(text: string, at: number): number {
  const character = text.charAt(at);
  if (character !== 'u') return character !== '' && '"\\/bfnrt'.includes(character) ? 1 : 0;
  return /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5)) ? 5 : 0;
}

function show(text: string, at: number): string {
  const end = skip(WORD, text, at);
  if (end !== null) return `"${text.slice(at, Math.min(end, at + 20))}"`;
  const character = text.charAt(at);
  return character > ' ' && character < '\u007f' ? `"${character}"` : codePoint(text, at);
}

function codePoint(text: string, at: number): string {
  return `U+${(text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function place(text: string, at: number, problem: string): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}: ${problem}`;
}
