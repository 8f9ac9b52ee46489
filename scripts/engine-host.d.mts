export function engineHost(options?: { readonly sanitize?: string; readonly target?: string }): string;
export function probeAddon(): string;
