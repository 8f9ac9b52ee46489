import type { Argument } from './command.js';

/** A container that exists. */
export const container: Argument = { name: 'ID', help: "the container's name", complete: 'container' };
