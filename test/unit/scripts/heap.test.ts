// The recorded calls that decide on the layout of the executable's heap: each goes the way that was recorded.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { runProgram } from '../../../src/cli/program.js';
import { overNative, type Native } from '../../../src/native.js';

const heap = (name: string): string => readFileSync(join(import.meta.dirname, '../../../scripts/heap', name), 'utf8');

interface Recorded {
  readonly words: readonly string[];
  readonly calls: readonly unknown[];
}
const recorded = JSON.parse(heap('calls.json')) as Recorded[];
const replay = (calls: readonly Recorded[]): (() => Promise<void>)[] => {
  const made: { calls: (() => Promise<void>)[] } = { calls: [] };
  // as the engine runs it
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function('require', 'exports', 'CALLS', heap('replay.js'))(() => ({ runProgram, overNative }), made, calls);
  return made.calls;
};

describe('the recorded calls', () => {
  afterAll(() => {
    overNative(undefined as unknown as Native);
  });

  it.each(recorded.map(({ words, calls }) => [words.slice(2).join(' '), { words, calls }] as const))('%s', async (_, one) => {
    expect(one.calls.length).toBeGreaterThan(5);
    await replay([one])[0]?.();
  });

  it('that went another way are told', async () => {
    const [first] = recorded;
    const words = first?.words ?? [];
    await expect(replay([{ words, calls: (first?.calls ?? []).slice(0, 3) }])[0]?.()).rejects.toThrow();
  });
});
