/**
 * The debug lines of a call: one for each thing that is done. Without a listener, that is without --debug, no line is made.
 */
export interface TraceListener {
  line(text: string): void;
  /** A config that was read, as it stands in the file. */
  config(value: unknown): void;
}

let listener: TraceListener | undefined;

/** Lines go to `to` from now on; undefined: nowhere. */
export function traceTo(to: TraceListener | undefined): void {
  listener = to;
}

export function tracing(): boolean {
  return listener !== undefined;
}

/** Passes the line that `line` makes to the listener, if there is one. */
export function trace(line: () => string): void {
  if (listener !== undefined) listener.line(line());
}

export function traceConfig(value: unknown): void {
  listener?.config(value);
}
