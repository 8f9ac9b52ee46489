/**
 * Where and why a text is not JSON (RFC 8259): the engines' own messages differ and often name no place. Runs on failure
 * only, and without recursion, so that no nesting is too deep for it.
 */

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end' | 'nothing';

const BLANK = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.+-])/y;
const WORD = /[0-9A-Za-z_.+-]+/y;

/** `line 3, column 7: unexpected token "]"`; null when nothing is wrong with it. Lines and columns count from 1. */
export function findJsonProblem(text: string): string | null {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = skip(BLANK, text, at) ?? at;
    const token = text[at];
    if (token === undefined) {
      if (expected === 'nothing') return null;
      return at === 0 || text.trim() === '' ? 'is empty' : place(text, at, 'unexpected end of text');
    }
    const isKey: boolean = expected === 'key' || expected === 'key or }';
    const isValue: boolean = expected === 'value' || expected === 'value or ]';
    let next: number | null = at + 1;
    if ((token === '{' || token === '[') && isValue) {
      open.push(token);
      expected = token === '{' ? 'key or }' : 'value or ]';
    } else if (token === '"' && (isKey || isValue)) {
      next = skip(STRING, text, at);
      if (next === null) return stringProblem(text, at);
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

function closes(token: string, open: readonly string[], expected: Expected): boolean {
  const opener = open.at(-1);
  if (token === ']') return opener === '[' && (expected === 'value or ]' || expected === 'comma or end');
  return token === '}' && opener === '{' && (expected === 'key or }' || expected === 'comma or end');
}

function after(open: readonly string[]): Expected {
  return open.length === 0 ? 'nothing' : 'comma or end';
}

/** The end of the match of a sticky expression at `at`. */
function skip(expression: RegExp, text: string, at: number): number | null {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : null;
}

function stringProblem(text: string, start: number): string {
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charAt(at);
    if (character < ' ') return place(text, at, `control character ${codePoint(text, at)} in a string`);
    if (character !== '\\') continue;
    const escape = text.slice(at, at + 6);
    if (!/^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(escape)) return place(text, at, `unknown escape in a string`);
    at++;
  }
  return place(text, start, 'this string does not end');
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
