/** What tsrun-systemd reads, read by itself: requests as the fields they are, and their values by signature. */
import type { BusValue } from '../../../src/plan/systemd/value.js';

export type Request =
  | { readonly kind: 'connect'; readonly address: string; readonly direct: boolean }
  | {
      readonly kind: 'call';
      readonly destination: string;
      readonly path: string;
      readonly interface: string;
      readonly member: string;
      readonly timeout: number;
      readonly job: boolean;
      readonly signature: string;
      readonly args: readonly BusValue[];
    };

/** Takes fields by a signature from the front of both. */
class Values {
  private readonly fields: string[];
  private signature: string;

  constructor(fields: string[], signature: string) {
    this.fields = fields;
    this.signature = signature;
  }

  all(): BusValue[] {
    const values: BusValue[] = [];
    while (this.signature !== '') values.push(this.one());
    return values;
  }

  private take(): string {
    const kind = this.signature[0] ?? '';
    this.signature = this.signature.slice(1);
    return kind;
  }

  private field(): string {
    const field = this.fields.shift();
    if (field === undefined) throw new Error('a field is missing');
    return field;
  }

  private one(): BusValue {
    const kind = this.take();
    switch (kind) {
      case 'b':
        return this.field() === '1';
      case 's':
      case 'o':
      case 'g':
        return this.field();
      case 'v': {
        const type = this.field();
        const [value = ''] = new Values(this.fields, type).all();
        return { type, value };
      }
      case 'a': {
        const count = Number(this.field());
        const content = this.signature;
        const values: BusValue[] = [];
        for (let i = 0; i < count; i++) {
          this.signature = content;
          values.push(this.one());
        }
        if (count === 0) this.skip();
        return content.startsWith('y') ? new Uint8Array(values as number[]) : values;
      }
      case '(': {
        const members: BusValue[] = [];
        while (!this.signature.startsWith(')')) members.push(this.one());
        this.take();
        return members;
      }
      case 't':
      case 'x':
        return BigInt(this.field());
      default:
        return Number(this.field());
    }
  }

  /** Over one complete type. */
  private skip(): void {
    let depth = 0;
    for (;;) {
      const kind = this.take();
      if (kind === '(') depth++;
      if (kind === ')') depth--;
      if (depth === 0 && kind !== 'a') return;
    }
  }
}

export function readRequest(text: string): Request {
  const fields = text.split('\0');
  if (fields.pop() !== '') throw new Error('the last field has no end');
  const [kind, ...rest] = fields;
  if (kind === 'connect') {
    const [address = '', direct] = rest;
    if (rest.length !== 2) throw new Error('connect has two arguments');
    return { kind, address, direct: direct === '1' };
  }
  if (kind !== 'call') throw new Error(`a request of kind ${String(kind)}`);
  const [destination = '', path = '', face = '', member = '', timeout = '', job = '', signature = '', ...values] = rest;
  const args = new Values(values, signature).all();
  if (values.length > 0) throw new Error('more values than types');
  return { kind, destination, path, interface: face, member, timeout: Number(timeout), job: job === '1', signature, args };
}
