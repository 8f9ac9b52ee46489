/** Waits that nothing can end: for a kernel or a service manager that is not done yet. */

/** @param milliseconds for which this thread does nothing */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
