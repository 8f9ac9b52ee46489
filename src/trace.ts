/**
 * What a call tells of itself as it goes: a line for each thing that is done, and when. Without a listener, which is how it usually is,
 * no line is even made.
 */
export interface TraceListener {
  line(text: string): void;
  /** A config that was read, as it stands in the file. */
  config(value: unknown): void;
}

let listener: TraceListener | undefined;

/** From now on `to` hears; undefined: nobody. */
export function traceTo(to: TraceListener | undefined): void {
  listener = to;
}

export function tracing(): boolean {
  return listener !== undefined;
}

/** Tells what `line` makes, if anybody listens. */
export function trace(line: () => string): void {
  if (listener !== undefined) listener.line(line());
}

export function traceConfig(value: unknown): void {
  listener?.config(value);
}
