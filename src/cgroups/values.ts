/**
 * Values of D-Bus as the fields of text in which they travel to tsrun-systemd and back; native/systemd/values.h says how and has the
 * other end.
 */
import { typeLength, type BusValue, type BusVariant } from '../plan/systemd/value.js';

/** What of an answer is not as it must be. */
export class Malformed extends Error {}

/** The bits of a double as a whole number. */
function bitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function wrong(type: string, what: string): TypeError {
  return new TypeError(`D-Bus value of type "${type}": ${what} expected`);
}

/**
 * Appends a value for each complete type of the signature to `fields`. Whether a number is in its range, and text what D-Bus allows, is seen
 * by tsrun-systemd.
 * @throws TypeError for a value that is not of its type, or text with a NUL in it, which would be two fields
 */
export function encodeValues(signature: string, values: readonly BusValue[], fields: string[]): void {
  let at = 0;
  for (const value of values) {
    const length = typeLength(signature, at);
    if (length === 0) throw wrong(signature.slice(at), 'the end');
    encode(signature.slice(at, at + length), value, fields);
    at += length;
  }
  if (at !== signature.length) throw wrong(signature.slice(at), 'a value');
}

function encode(type: string, value: BusValue, fields: string[]): void {
  const [kind = ''] = type;
  switch (kind) {
    case 'b':
      if (typeof value !== 'boolean') throw wrong(type, 'a boolean');
      fields.push(value ? '1' : '0');
      return;
    case 's':
    case 'o':
    case 'g':
      if (typeof value !== 'string' || value.includes('\0')) throw wrong(type, 'text without NUL');
      fields.push(value);
      return;
    case 'd':
      if (typeof value !== 'number') throw wrong(type, 'a number');
      fields.push(String(bitsOf(value)));
      return;
    case 'v': {
      const { type: inner, value: content } = value as BusVariant;
      if (typeof inner !== 'string' || typeLength(inner) !== inner.length) throw wrong(type, 'an object with one complete type and value');
      fields.push(inner);
      encode(inner, content, fields);
      return;
    }
    case 'a':
      if (!(value instanceof Uint8Array) && !Array.isArray(value)) throw wrong(type, 'a list');
      if (value instanceof Uint8Array && type !== 'ay') throw wrong(type, 'a list');
      fields.push(String(value.length));
      for (const each of value as Iterable<BusValue>) encode(type.slice(1), each, fields);
      return;
    case '(':
    case '{':
      if (!Array.isArray(value)) throw wrong(type, 'a list');
      encodeValues(type.slice(1, -1), value as readonly BusValue[], fields);
      return;
    default:
      if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isSafeInteger(value))) throw wrong(type, 'a whole number');
      fields.push(String(value));
  }
}

/**
 * The values of all complete types of the signature from `fields`.
 * @throws Malformed when the fields do not go with the signature
 */
export function decodeValues(signature: string, fields: readonly string[]): BusValue[] {
  const reader = new Reader(fields);
  const values = reader.all(signature, 0);
  reader.end();
  return values;
}

/** Deeper than systemd's library hands out anything. */
const DEEPEST = 128;

class Reader {
  private at = 0;
  private readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    this.fields = fields;
  }

  end(): void {
    if (this.at !== this.fields.length) throw new Malformed('more values than its signature has');
  }

  all(signature: string, depth: number): BusValue[] {
    const values: BusValue[] = [];
    for (let at = 0; at < signature.length;) {
      const length = typeLength(signature, at);
      if (length === 0) throw new Malformed(`its signature "${signature}"`);
      values.push(this.one(signature.slice(at, at + length), depth));
      at += length;
    }
    return values;
  }

  private text(): string {
    const field = this.fields[this.at++];
    if (field === undefined) throw new Malformed('fewer values than its signature has');
    return field;
  }

  private whole(type: string): string {
    const text = this.text();
    if (!/^-?\d{1,20}$/.test(text)) throw new Malformed(`a value of type "${type}"`);
    return text;
  }

  private one(type: string, depth: number): BusValue {
    if (depth > DEEPEST) throw new Malformed('nested too deeply');
    switch (type[0]) {
      case 'b':
        return this.whole(type) !== '0';
      case 's':
      case 'o':
      case 'g':
        return this.text();
      case 'x':
      case 't':
        return BigInt(this.whole(type));
      case 'd':
        return doubleOf(BigInt(this.whole(type)));
      case 'v': {
        const inner = this.text();
        if (inner === '' || typeLength(inner) !== inner.length) throw new Malformed(`a variant of "${inner}"`);
        return this.one(inner, depth + 1);
      }
      case 'a': {
        const count = Number(this.whole(type));
        // an element is a field at least
        if (count < 0 || count > this.fields.length - this.at) throw new Malformed('the length of a list');
        return Array.from({ length: count }, () => this.one(type.slice(1), depth + 1));
      }
      case '(':
      case '{':
        return this.all(type.slice(1, -1), depth + 1);
      default:
        return Number(this.whole(type));
    }
  }
}
