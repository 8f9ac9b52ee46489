import { TsrunError } from '../errors.js';

/** NAME_MAX: an id is the name of a directory. */
const LONGEST = 255;

/** Refuses an id that is no plain file name, with the words other runtimes use. */
export function checkId(id: string): void {
  if (id.length === 0) throw new TsrunError('container id cannot be empty');
  if (id.length > LONGEST) throw new TsrunError(`container id is longer than ${LONGEST} characters`);
  if (!isId(id)) throw new TsrunError(`invalid container ID format: "${id}" (letters, digits and _ + - . only)`);
}

/** Whether `name` can be the id of a container: the state root also holds things that are none. */
export function isId(name: string): boolean {
  return /^[A-Za-z0-9_+.-]+$/.test(name) && name !== '.' && name !== '..';
}
