import { execFileSync, spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { completion } from '../../../src/cli/completion.js';
import { shown } from '../../../src/cli/all.js';

const has = (program: string) => spawnSync(program, ['--version']).error === undefined;

/** What bash would offer for the last of the words. */
function offers(...words: string[]): string[] {
  const script = `${completion('bash', 'tsrun')}
tsrun() { printf '%s\\n' "$*" > /dev/null; [[ $* == *'list -q' ]] && printf 'web\\nworker\\n'; [[ $* == '--root /r list -q' ]] && echo other; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsrun; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script, 'bash', 'tsrun', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

describe('bash', () => {
  test('the script is well-formed', () => {
    expect(spawnSync('bash', ['-n'], { input: completion('bash', 'tsrun') }).status).toBe(0);
  });

  test('commands', () => {
    expect(offers('')).toEqual([...shown.map(({ name }) => name), 'help']);
    expect(offers('--root', '/r', '--debug', 'cre')).toEqual(['create']);
    expect(offers('help', 'sta')).toEqual(['start', 'state']);
  });

  test('flags', () => {
    expect(offers('--log')).toEqual(['--log', '--log-format', '--log-level']);
    expect(offers('create', '--p')).toEqual(['--pidfd-socket', '--pid-file', '--preserve-fds']);
    expect(offers('kill', '--a')).toEqual([]);
  });

  test('values', () => {
    expect(offers('--log-format', '')).toEqual(['text', 'json']);
    expect(offers('--log-format', '=')).toEqual(['text', 'json']);
    expect(offers('--log-format', '=', 'j')).toEqual(['json']);
    expect(offers('list', '-f', 't')).toEqual(['table']);
    expect(offers('create', '--bundle', '/usr/sha')).toContain('/usr/share');
  });

  test('containers', () => {
    expect(offers('start', 'w')).toEqual(['web', 'worker']);
    expect(offers('--root', '/r', 'delete', '--force', '')).toContain('other');
    expect(offers('kill', 'web', 'USR')).toEqual(['USR1', 'USR2']);
    expect(offers('create', '')).toEqual([]);
  });
});

describe('zsh', () => {
  if (!has('zsh')) process.stdout.write('skipped: the script for zsh: needs zsh\n');

  test.skipIf(!has('zsh'))('the script is well-formed', () => {
    const { status, stderr } = spawnSync('zsh', ['-n'], { input: completion('zsh', 'tsrun'), encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('says what everything is for', () => {
    const script = completion('zsh', 'tsrun');
    expect(script.startsWith('#compdef tsrun\n')).toBe(true);
    expect(script).toContain("'create:create a container'");
    expect(script).not.toContain('--all');
  });
});
