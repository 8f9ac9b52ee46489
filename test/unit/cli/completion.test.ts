import { execFileSync, spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { completion } from '../../../src/cli/completion.js';
import { loadAll } from '../../../src/cli/index.js';

const has = (program: string) => spawnSync(program, ['--version']).error === undefined;

/** What bash would offer for the last of the words. */
async function offers(...words: string[]): Promise<string[]> {
  const script = `${await completion('bash', 'tsrun')}
tsrun() { printf '%s\\n' "$*" > /dev/null; [[ $* == *'list -q' ]] && printf 'web\\nworker\\n'; [[ $* == '--root /r list -q' ]] && echo other; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsrun; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script, 'bash', 'tsrun', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

describe('bash', () => {
  test('the script is well-formed', async () => {
    expect(spawnSync('bash', ['-n'], { input: await completion('bash', 'tsrun') }).status).toBe(0);
  });

  test('commands', async () => {
    const visible = (await loadAll()).filter(({ definition }) => definition.hidden !== true).map(({ definition }) => definition.name);
    expect(await offers('')).toEqual([...visible, 'help']);
    expect(await offers('--root', '/r', '--debug', 'cre')).toEqual(['create']);
    expect(await offers('help', 'sta')).toEqual(['start', 'state']);
  });

  test('flags', async () => {
    expect(await offers('--log')).toEqual(['--log', '--log-format', '--log-level']);
    expect(await offers('create', '--p')).toEqual(['--pidfd-socket', '--pid-file', '--preserve-fds']);
    expect(await offers('kill', '--a')).toEqual([]);
  });

  test('values', async () => {
    expect(await offers('--log-format', '')).toEqual(['text', 'json']);
    expect(await offers('--log-format', '=')).toEqual(['text', 'json']);
    expect(await offers('--log-format', '=', 'j')).toEqual(['json']);
    expect(await offers('list', '-f', 't')).toEqual(['table']);
    expect(await offers('create', '--bundle', '/usr/sha')).toContain('/usr/share');
  });

  test('containers', async () => {
    expect(await offers('start', 'w')).toEqual(['web', 'worker']);
    expect(await offers('--root', '/r', 'delete', '--force', '')).toContain('other');
    expect(await offers('kill', 'web', 'USR')).toEqual(['USR1', 'USR2']);
    expect(await offers('create', '')).toEqual([]);
  });
});

describe('zsh', () => {
  if (!has('zsh')) process.stdout.write('skipped: the script for zsh: needs zsh\n');

  test.skipIf(!has('zsh'))('the script is well-formed', async () => {
    const { status, stderr } = spawnSync('zsh', ['-n'], { input: await completion('zsh', 'tsrun'), encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('says what everything is for', async () => {
    const script = await completion('zsh', 'tsrun');
    expect(script.startsWith('#compdef tsrun\n')).toBe(true);
    expect(script).toContain("'create:create a container'");
    expect(script).not.toContain('--all');
  });
});
