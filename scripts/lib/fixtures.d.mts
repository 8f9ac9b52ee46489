export function programs(): string[];
export function compile(name: string, out: string): void;
