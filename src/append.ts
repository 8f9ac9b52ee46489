/**
 * Puts `more` at the end of `list`. Spread into a call of push(), each would be an argument of it, and engines take some ten thousand
 * of them: lists that a config or a command line is as long as it likes come through here.
 */
export function append<T>(list: T[], more: Iterable<T>): void {
  for (const each of more) list.push(each);
}
