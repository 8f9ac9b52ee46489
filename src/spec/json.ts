import { TsrunError } from '../errors.js';
import { findDeepNesting, findJsonProblem } from './json-problem.js';

/** Digits enough to be beyond 2^53, where a number of the language would lose some. */
const LONG = 16;

/** Characters from which on it is worth looking for nesting before anything is built. */
const LARGE = 1 << 20;

/** A string, or a whole number: strings are matched only to step over them. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][-+.0-9eE]*/g;
const LONG_INTEGER = /^-?[0-9]{16,}$/;

/**
 * Parses JSON. Integers beyond 2^53 come out as bigint with all their digits; a property that is `null` is left out, as
 * the programs that write these files mean it. A byte order mark at the start is skipped.
 *
 * @param what the text's name in an error: `config.json: line 3, column 7: unexpected token "]"`.
 */
export function parseJson(text: string, what: string): unknown {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const nesting = body.length < LARGE ? null : findDeepNesting(body);
  if (nesting !== null) throw new TsrunError(`${what}: ${nesting}`);
  try {
    if (hasLongNumber(body)) return parseLong(body);
    // Regular expressions are slow where they are interpreted: this spares most texts the second look.
    const hasNull = body.includes('null') && /[:[,]\s*null/.test(body);
    return (hasNull ? JSON.parse(body, dropNull) : JSON.parse(body)) as unknown;
  } catch (error) {
    // out of memory: it may well be valid
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    const problem = findJsonProblem(body) ?? (error instanceof RangeError ? 'nested too deeply' : 'not valid JSON');
    throw new TsrunError(`${what}: ${problem}`, { cause: error });
  }
}

/** Whether there may be one; so many digits in a row lie on at least one of every so many places. */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    // isDigit(), which is not called for each: most are none
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) continue;
    let first = at;
    while (isDigit(text, first - 1)) first--;
    let end = at + 1;
    while (isDigit(text, end)) end++;
    if (end - first >= LONG) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function dropNull(this: unknown, _key: string, value: unknown): unknown {
  return value === null && !Array.isArray(this) ? undefined : value;
}

/** Passes long integers through JSON.parse as strings that begin with a character which occurs nowhere in the text. */
function parseLong(text: string): unknown {
  const mark = unusedCharacter(text);
  const marked = text.replace(STRING_OR_NUMBER, (token) => (LONG_INTEGER.test(token) ? `"${mark}${token}"` : token));
  return JSON.parse(marked, function (this: unknown, key: string, value: unknown): unknown {
    if (typeof value === 'string' && value.startsWith(mark)) return BigInt(value.slice(1));
    return dropNull.call(this, key, value);
  }) as unknown;
}

/** One that is there neither plainly nor as an escape. */
function unusedCharacter(text: string): string {
  const lower = text.toLowerCase();
  let code = 0xe000;
  while (lower.includes(String.fromCharCode(code)) || lower.includes(`\\u${code.toString(16)}`)) code++;
  return String.fromCharCode(code);
}

/** The text that parseJson() reads as this value: its bigints are numbers with all their digits. */
export function formatJson(value: unknown): string {
  const mark = unusedCharacter(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? 0 : each)));
  const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${mark}${each}` : each));
  return text.replace(new RegExp(`"${mark}(-?[0-9]+)"`, 'g'), '$1');
}
