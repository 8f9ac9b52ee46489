import { TsrunError } from '../errors.js';

/** Refuses a value: `/process/cwd: must be absolute, is "tmp"`. The pointer is a JSON pointer (RFC 6901). */
export function refuse(pointer: string, problem: string): never {
  throw new TsrunError(`${pointer === '' ? '/' : pointer}: ${problem}`);
}

/** A property name as one part of a JSON pointer. */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A value as it can stand in a line of text: short, and with nothing that a terminal would act on. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return String(value);
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
  }
}

const LONGEST = 100;

function quote(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  return JSON.stringify(short).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Refuses a path that does not begin with `/`. */
export function mustBeAbsolute(path: string, pointer: string): void {
  if (!path.startsWith('/')) refuse(pointer, `must be absolute, is ${show(path)}`);
}
