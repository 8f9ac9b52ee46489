import { vi } from 'vitest';

import type { Native } from '../../../src/native.js';

/** What the commands under test wrote, by descriptor and by path. */
export const written = { 1: '', 2: '' };
export const appended = new Map<string, string>();

/** The part of the addon that the command line itself uses, in memory. */
export const fake = {
  write: vi.fn((fd: 1 | 2, text: string) => {
    written[fd] += text;
    return true;
  }),
  openToAppend: vi.fn((path: string) => {
    append(path, '');
  }),
  appendFile: vi.fn((path: string, text: string) => {
    append(path, text);
    return true;
  }),
  now: vi.fn(() => '2026-08-01T10:20:30.123456789Z'),
  identity: vi.fn(() => ({ pid: 1, uid: 0, euid: 0, gid: 0, egid: 0 })),
  readFile: vi.fn<(path: string) => string>(() => '         0          0 4294967295\n'),
  mkdir: vi.fn<Native['mkdir']>(),
  lstat: vi.fn<Native['lstat']>(() => null),
  stat: vi.fn<Native['stat']>(() => null),
  output: vi.fn<Native['output']>(() => ''),
};

function append(path: string, text: string): void {
  if (path.startsWith('/nope/')) throw systemError('ENOENT', 2, `open ${path}`, 'No such file or directory');
  appended.set(path, (appended.get(path) ?? '') + text);
}

export function reset(): void {
  written[1] = '';
  written[2] = '';
  appended.clear();
  vi.clearAllMocks();
}

/** As the addon throws it. */
export function systemError(code: string, errno: number, doing: string, words: string): Error {
  return Object.assign(new Error(`${doing}: ${words}`), { code, errno, doing });
}
