export interface Target {
  readonly name: string;
  readonly triplet: string;
  readonly build: string;
  readonly dist: string;
  readonly cross: string;
  readonly sysroot: string;
  readonly runner: readonly string[];
}
export function missingFor(name: string): string[];
export function targetOf(name: string): Target;
