import { TsrunError } from '../errors.js';

/** The command line itself is wrong: help on stdout comes with the message. */
export class UsageError extends TsrunError {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
