export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  /** The file of its keys, if it names one. */
  readonly keyring: string | undefined;
}

export function aptSource(): AptSource | undefined;
