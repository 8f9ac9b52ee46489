export function pathCalls(text: string): { readonly line: number; readonly call: string }[];
export function checkPathCalls(read?: (file: string) => string, files?: readonly string[]): string[];
