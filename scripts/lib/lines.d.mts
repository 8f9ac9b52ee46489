export function linesOf(map: { sources: string[]; mappings: string }, nameOf: (path: string) => string | undefined): string;
