import { native } from '../native.js';

/** Writes to standard output. */
export function print(text: string): void {
  native().write(1, text);
}
