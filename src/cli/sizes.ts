import { TsrunError } from '../errors.js';
import type { Integer } from '../spec/types.js';

/** Kilo is 1024, whatever is said behind it: `64k`, `64KB` and `64KiB` are the same. */
const SIZE = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(?:b|([kmgtp])(?:b|ib)?)?$/i;
const POWERS = ['', 'k', 'm', 'g', 't', 'p'];

function integer(value: bigint): Integer {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Bytes of `1.5g`, `64m` or `1048576`, as other runtimes and engines read them; `-1` is no limit. */
export function parseSize(text: string, flag: string): Integer {
  if (text === '-1') return -1;
  const [, number = '', unit = ''] = SIZE.exec(text) ?? [];
  if (number === '') throw new TsrunError(`invalid value for ${flag}: invalid size: '${text}' (sizes are like 64m, -1 is no limit)`);
  const scale = 1024n ** BigInt(POWERS.indexOf(unit.toLowerCase()));
  const [whole = '', fraction = ''] = number.split('.');
  return integer((BigInt(`${whole}${fraction}`) * scale) / 10n ** BigInt(fraction.length));
}

/** A whole number in decimal; a negative one only where that means something. */
export function parseInteger(text: string, flag: string, signed: boolean): Integer {
  if (!(signed ? /^[-+]?[0-9]+$/ : /^[0-9]+$/).test(text)) {
    throw new TsrunError(`invalid value for ${flag}: must be a ${signed ? '' : 'positive '}number, is "${text}"`);
  }
  const value = BigInt(text.replace(/^\+/, ''));
  return value < 0n ? Number(value) : integer(value);
}
