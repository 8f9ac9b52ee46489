/**
 * Visits a list in order; a list that is absent is empty. The engine compiles its own forEach() at the first call, which
 * costs a short-lived program more than all the visits.
 */
export function each<T>(list: readonly T[] | undefined, visit: (item: T, index: number) => void): void {
  if (list === undefined) return;
  let index = 0;
  for (const item of list) visit(item, index++);
}
