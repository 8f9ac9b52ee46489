/**
 * The text form of GVariant, in which annotations give values to systemd (GLib, "GVariant Text Format"), as far as D-Bus has
 * the types: `true`, `5` (int32), `uint64 5`, `'text'`, `['a', 'b']`, `@as []`, `('a', 1)`, `{'key': 'value'}`, `<5>`, `b'bytes'`.
 */
import { TsrunError } from '../../errors.js';
import { utf8 } from '../../utf8.js';
import { DEEPEST, typeLength, type BusValue, type BusVariant } from './value.js';

const KEYWORDS: Readonly<Record<string, string>> = {
  boolean: 'b',
  byte: 'y',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  uint32: 'u',
  int64: 'x',
  uint64: 't',
  double: 'd',
  string: 's',
  objectpath: 'o',
  signature: 'g',
};

const bits = (count: number, signed: boolean): readonly [bigint, bigint] =>
  signed ? [-(2n ** BigInt(count - 1)), 2n ** BigInt(count - 1) - 1n] : [0n, 2n ** BigInt(count) - 1n];

/** The least and the greatest of each type of whole numbers. */
const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  y: bits(8, false),
  n: bits(16, true),
  q: bits(16, false),
  i: bits(32, true),
  u: bits(32, false),
  x: bits(64, true),
  t: bits(64, false),
};

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** What was read, before it has a type: a number becomes what its neighbours or a keyword say. */
type Node =
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'array' | 'tuple'; readonly items: readonly Node[] }
  | { readonly kind: 'dictionary'; readonly items: readonly (readonly [Node, Node])[] }
  | { readonly kind: 'variant'; readonly item: Node }
  | { readonly kind: 'typed'; readonly type: string; readonly item: Node };

class Refused extends Error {}

/** The complete types of a signature, one after the other. */
function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const length = typeLength(signature, at);
    if (length === 0) throw new Refused(`"${signature}" is no type of D-Bus`);
    types.push(signature.slice(at, at + length));
    at += length;
  }
  return types;
}

class Parser {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  all(): Node {
    const node = this.value(0);
    this.space();
    if (this.at < this.text.length) throw new Refused(`unexpected "${this.text.slice(this.at)}"`);
    return node;
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }

  /** Takes `word` if it comes next. */
  private take(word: string): boolean {
    this.space();
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private expect(word: string): void {
    if (!this.take(word)) throw new Refused(`"${word}" expected at "${this.text.slice(this.at)}"`);
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private value(depth: number): Node {
    if (depth > DEEPEST) throw new Refused('nested too deeply');
    this.space();
    const next = this.text[this.at];
    if (next === undefined) throw new Refused('a value is missing');
    if (next === "'" || next === '"') return { kind: 'text', value: this.quoted() };
    if (next === 'b' && /["']/.test(this.text[this.at + 1] ?? '')) {
      this.at++;
      return { kind: 'bytes', value: utf8(`${this.quoted()}\0`) };
    }
    if (this.take('[')) return { kind: 'array', items: this.list(']', depth) };
    if (this.take('(')) return { kind: 'tuple', items: this.list(')', depth) };
    if (this.take('{')) return this.dictionary(depth);
    if (this.take('<')) {
      const item = this.value(depth + 1);
      this.expect('>');
      return { kind: 'variant', item };
    }
    if (this.take('@')) {
      const length = typeLength(this.text, this.at);
      if (length === 0) throw new Refused(`no type of D-Bus at "${this.text.slice(this.at)}"`);
      const type = this.text.slice(this.at, this.at + length);
      this.at += length;
      return { kind: 'typed', type, item: this.value(depth + 1) };
    }
    return this.word(depth);
  }

  /** `true`, a number, or a keyword with its value. */
  private word(depth: number): Node {
    const word = this.match(/[-+.0-9A-Za-z_]*/y);
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' };
    if (/^[-+]?(?:[.0-9]|inf$|nan$)/.test(word)) return { kind: 'number', text: word };
    const type = KEYWORDS[word];
    if (type === undefined) throw new Refused(`"${word === '' ? this.text.slice(this.at) : word}" is no value`);
    return { kind: 'typed', type, item: this.value(depth + 1) };
  }

  private list(end: string, depth: number): Node[] {
    const items: Node[] = [];
    while (!this.take(end)) {
      if (items.length > 0) {
        this.expect(',');
        if (end === ')' && this.take(end)) break;
      }
      items.push(this.value(depth + 1));
    }
    return items;
  }

  private dictionary(depth: number): Node {
    const items: [Node, Node][] = [];
    while (!this.take('}')) {
      if (items.length > 0) this.expect(',');
      const key = this.value(depth + 1);
      this.expect(':');
      items.push([key, this.value(depth + 1)]);
    }
    return { kind: 'dictionary', items };
  }

  private quoted(): string {
    const quote = this.text[this.at++];
    let value = '';
    for (;;) {
      const next = this.text[this.at++];
      if (next === undefined) throw new Refused('a quotation mark is missing');
      if (next === quote) return value;
      value += next === '\\' ? this.escape() : next;
    }
  }

  private escape(): string {
    const kind = this.text[this.at++];
    if (kind === undefined) throw new Refused('a quotation mark is missing');
    if (kind !== 'u' && kind !== 'U') return ESCAPES[kind] ?? kind;
    const digits = this.match(kind === 'u' ? /[0-9A-Fa-f]{4}/y : /[0-9A-Fa-f]{8}/y);
    const code = parseInt(digits, 16);
    if (digits === '' || code === 0 || code > 0x10ffff) throw new Refused(`"\\${kind}" needs the digits of a character`);
    return String.fromCodePoint(code);
  }
}

/** What a node is when nobody says otherwise; null: it cannot be known. */
function naturalType(node: Node): string | null {
  switch (node.kind) {
    case 'boolean':
      return 'b';
    case 'number':
      return /^[-+]?0x/i.test(node.text) || /^[-+]?[0-9]+$/.test(node.text) ? 'i' : 'd';
    case 'text':
      return 's';
    case 'bytes':
      return 'ay';
    case 'variant':
      return 'v';
    case 'typed':
      return node.type;
    case 'array': {
      const type = common(node.items);
      return type === null ? null : `a${type}`;
    }
    case 'tuple': {
      const types = node.items.map(naturalType);
      return types.length === 0 || types.includes(null) ? null : `(${types.join('')})`;
    }
    case 'dictionary': {
      const key = common(node.items.map(([name]) => name));
      const value = common(node.items.map(([, item]) => item));
      return key === null || value === null ? null : `a{${key}${value}}`;
    }
  }
}

/** The type of an array's items: of one that says it, or the first one's; of numbers double if one is. */
function common(items: readonly Node[]): string | null {
  const typed = items.find(({ kind }) => kind === 'typed');
  if (typed !== undefined) return naturalType(typed);
  const types = items.map(naturalType).filter((type) => type !== null);
  return types.includes('d') ? 'd' : (types[0] ?? null);
}

function wholeNumber(text: string): bigint {
  const match = /^([-+]?)(0[xX][0-9A-Fa-f]+|[0-9]+)$/.exec(text);
  const digits = match?.[2];
  if (digits === undefined) throw new Refused(`"${text}" is no whole number`);
  // a leading 0 is octal, as in C
  const octal = /^0[0-9]+$/.test(digits);
  if (octal && /[89]/.test(digits)) throw new Refused(`"${text}" is no number`);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  return match?.[1] === '-' ? -value : value;
}

function numberAs(text: string, type: string): BusValue {
  if (type === 'd') {
    const special = { inf: Infinity, nan: NaN }[text.replace(/^[-+]/, '')];
    const value = special === undefined ? Number(text) : text.startsWith('-') ? -special : special;
    if (special === undefined && Number.isNaN(value)) throw new Refused(`"${text}" is no number`);
    return value;
  }
  const range = RANGES[type];
  if (range === undefined) throw new Refused(`the number ${text} cannot be of type "${type}"`);
  const value = wholeNumber(text);
  if (value < range[0] || value > range[1]) throw new Refused(`${text} is out of the range of type "${type}"`);
  return type === 'x' || type === 't' ? value : Number(value);
}

/** The node's value as one of `type`. */
function valueAs(node: Node, type: string): BusValue {
  const wrong = () => new Refused(`a value of type "${type}" expected`);
  switch (node.kind) {
    case 'number':
      return numberAs(node.text, type);
    case 'boolean':
      if (type !== 'b') throw wrong();
      return node.value;
    case 'text':
      if (type !== 's' && type !== 'o' && type !== 'g') throw wrong();
      return node.value;
    case 'bytes':
      if (type !== 'ay') throw wrong();
      return node.value;
    case 'variant':
      if (type !== 'v') throw wrong();
      return typed(node.item);
    case 'typed':
      if (node.type !== type) throw wrong();
      return valueAs(node.item, type);
    case 'array': {
      if (!type.startsWith('a') || type.startsWith('a{')) throw wrong();
      const item = type.slice(1);
      return node.items.map((each) => valueAs(each, item));
    }
    case 'tuple': {
      const types = type.startsWith('(') ? typesOf(type.slice(1, -1)) : [];
      if (types.length === 0 || types.length !== node.items.length) throw wrong();
      return node.items.map((each, index) => valueAs(each, types[index] ?? ''));
    }
    case 'dictionary': {
      const [key, value] = type.startsWith('a{') ? typesOf(type.slice(2, -1)) : [];
      if (key === undefined || value === undefined) throw wrong();
      return node.items.map(([name, item]) => [valueAs(name, key), valueAs(item, value)]);
    }
  }
}

function typed(node: Node): BusVariant {
  const type = naturalType(node);
  if (type === null) throw new Refused('it has no type: write one in front, as in "@as []"');
  return { type, value: valueAs(node, type) };
}

/** @param what names the value in the error */
export function parseVariant(text: string, what: string): BusVariant {
  try {
    return typed(new Parser(text).all());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new TsrunError(`${what}=${text} value parse error: ${error.message}`, { cause: error });
  }
}
