/** Waits that nothing can end: for a kernel or a service manager that is not done yet. */

import { native } from '../native.js';

/** @param milliseconds for which this thread does nothing */
export function sleep(milliseconds: number): void {
  native().sleep(milliseconds);
}
