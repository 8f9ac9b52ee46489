/** A failure in words a caller can act on. The text is made once, here; nothing below the command line prints. */
export class TsrunError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TsrunError';
  }
}

/** What the addon throws when the kernel refuses: what was being done on which object, and errno. */
export interface SystemError extends Error {
  /** Positive errno. */
  readonly errno: number;
  /** Its name: `ENOENT`. */
  readonly code: string;
  /** `open /etc/passwd`: the operation and its object, without the words for errno. */
  readonly doing: string;
}

/** Whether `error` came from the kernel, by way of the addon; with `code`, whether it is that one. */
export function isSystemError(error: unknown, code?: string): error is SystemError {
  if (!(error instanceof Error) || typeof (error as Partial<SystemError>).errno !== 'number') return false;
  return code === undefined || (error as SystemError).code === code;
}
