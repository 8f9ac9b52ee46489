import { isSystemError } from '../errors.js';
import { native } from '../native.js';

/** Whoever read standard output has seen enough (`| head`). */
export class ReaderGone extends Error {
  constructor() {
    super('write to standard output: broken pipe');
    this.name = 'ReaderGone';
  }
}

/** Writes to standard output. @throws ReaderGone */
export function print(text: string): void {
  try {
    native().write(1, text);
  } catch (error) {
    if (isSystemError(error, 'EPIPE')) throw new ReaderGone();
    throw error;
  }
}
