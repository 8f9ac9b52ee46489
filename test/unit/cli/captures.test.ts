import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import type { Definition } from '../../../src/cli/command.js';
import { toCommand } from '../../../src/cli/commander.js';
import { program } from '../../../src/cli/global.js';
import { load } from '../../../src/cli/index.js';
import { parse } from '../../../src/cli/parse.js';
import type { Value } from '../../../src/cli/parse.js';

const fixtures = fileURLToPath(new URL('../../fixtures/captures/', import.meta.url));
const later = new Set(['features', 'checkpoint', 'restore']);

/** Every recorded call, as words. */
const calls = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('/argv'))
  .sort()
  .map((path) => ({
    path,
    words: readFileSync(fixtures + path, 'utf8')
      .replace(/\n$/, '')
      .split('\n')
      .slice(1),
  }));

/** A second, simple reading of what engines write: `--flag value`, `--flag=value`, and no flags after the arguments. */
function simply(words: readonly string[], switches: readonly string[]): { values: Map<string, Value>; args: string[] } {
  const values = new Map<string, Value>();
  const rest = [...words];
  while (rest[0]?.startsWith('--') === true) {
    const [name = '', value] = (rest.shift() ?? '').slice(2).split('=');
    values.set(name, switches.includes(name) ? true : (value ?? rest.shift() ?? ''));
  }
  return { values, args: rest };
}

/** And what commander makes of them, which has the same definitions for the help. */
function byCommander(definition: Definition, words: readonly string[]): { values: Map<string, Value>; args: string[] } {
  const command = toCommand(definition, definition.name).parse(words, { from: 'user' });
  const values = new Map<string, Value>();
  for (const option of command.options) {
    const value = command.getOptionValue(option.attributeName()) as Value | undefined;
    if (value !== undefined) values.set(option.name(), value);
  }
  return { values, args: command.args };
}

test('there are recorded calls', () => {
  expect(existsSync(fixtures)).toBe(true);
  expect(calls.length).toBeGreaterThan(50);
});

test.each(calls)('$path', async ({ words }) => {
  const global = parse(program, 'runc', words);
  const wanted = simply(words, ['systemd-cgroup', 'version', 'debug']);
  expect(global.values).toEqual(wanted.values);
  expect(global.args).toEqual(wanted.args);
  const [name, ...rest] = wanted.args;
  if (name === undefined || later.has(name)) return;
  const command = await load(name);
  expect(command, name).toBeDefined();
  if (command === undefined) return;
  const parsed = parse(command.definition, 'runc', rest);
  const expected = simply(rest, ['all', 'detach', 'force', 'no-pivot', 'no-new-keyring']);
  expect(parsed.values).toEqual(expected.values);
  expect(parsed.args).toEqual(expected.args);
  expect(parsed.help).toBe(false);
  expect(byCommander(command.definition, rest)).toEqual(expected);
});
