import { TsrunError, isSystemError } from '../errors.js';

/** `No such file or directory` as Go writes it, which callers look for: `no such file or directory`. */
function lowerFirst(words: string): string {
  const second = words.charAt(1);
  // RFS, .lib: not a word to change
  if (second !== second.toLowerCase()) return words;
  return words.charAt(0).toLowerCase() + words.slice(1);
}

/** What the engine throws when it gets no memory: an error, or null where there is none left for that either. */
function isOutOfMemory(error: unknown): boolean {
  return error === null || (error instanceof Error && error.message === 'out of memory');
}

/** What went wrong, in one line. */
export function failureText(error: unknown): string {
  let text: string;
  if (isSystemError(error)) {
    const { message, doing } = error;
    const start = `${doing}: `;
    text = doing !== '' && message.startsWith(start) ? start + lowerFirst(message.slice(start.length)) : message;
  } else if (error instanceof TsrunError) {
    text = error.message;
  } else if (isOutOfMemory(error)) {
    text = 'out of memory';
  } else {
    text = `internal error: ${error instanceof Error ? error.message : String(error)}`;
  }
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
