export function nodeHeaders(): string;
export function engineHost(options?: { sanitize?: string }): string;
export function probeAddon(): string;
