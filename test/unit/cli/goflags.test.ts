import { describe, expect, test } from 'vitest';

import type { Flag } from '../../../src/cli/command.js';
import { goFlags, parseBool, type Words } from '../../../src/cli/goflags.js';

const flags: readonly Flag[] = [
  { name: 'bundle', short: 'b', value: 'DIR', help: '' },
  { name: 'detach', short: 'd', help: '' },
  { name: 'tty', short: 't', help: '' },
  { name: 'no-pivot', help: '' },
];

/** The flags as `--name` and `--name=value`. */
function plain({ flags: found, operands, help }: Words): { flags: string[]; operands: readonly string[]; help: boolean } {
  return { flags: found.map(({ flag, text }) => `--${flag.name}${text === undefined ? '' : `=${text}`}`), operands, help };
}
const read = (...words: string[]) => plain(goFlags({ flags }, words));
const readThrough = (...words: string[]) => plain(goFlags({ flags, passThrough: true }, words));

describe('spellings of a flag', () => {
  test.each([['--bundle', '/b'], ['-bundle', '/b'], ['-b', '/b'], ['--b', '/b'], ['--bundle=/b'], ['-bundle=/b'], ['-b=/b']])(
    '%s %s',
    (...words) => {
      expect(read(...words, 'id')).toEqual({ flags: ['--bundle=/b'], operands: ['id'], help: false });
    },
  );

  test.each(['--no-pivot', '-no-pivot', '--no-pivot=true', '-no-pivot=1', '--no-pivot=T'])('%s', (word) => {
    expect(read(word, 'id').flags).toEqual(['--no-pivot']);
  });

  test('a switch can be given as off', () => {
    expect(read('--no-pivot=false', 'id').flags).toEqual([]);
  });

  test('one-letter switches can share a dash', () => {
    expect(read('-td', 'id').flags).toEqual(['--tty', '--detach']);
  });

  test('a value may be empty, a dash, or look like a flag', () => {
    expect(read('--bundle=', 'id').flags).toEqual(['--bundle=']);
    expect(read('--bundle', '', 'id').flags).toEqual(['--bundle=']);
    expect(read('--bundle', '-detach', 'id').flags).toEqual(['--bundle=-detach']);
    expect(read('--bundle=a=b', 'id').flags).toEqual(['--bundle=a=b']);
  });
});

describe('where flags stand', () => {
  test('before, between and after the arguments', () => {
    expect(read('-d', 'one', '--bundle', '/b', 'two', '-t')).toEqual({
      flags: ['--detach', '--bundle=/b', '--tty'],
      operands: ['one', 'two'],
      help: false,
    });
  });

  test('after the first argument everything is the command’s own', () => {
    expect(readThrough('-d', 'id', '-d', '--', '--help')).toEqual({
      flags: ['--detach'],
      operands: ['id', '-d', '--', '--help'],
      help: false,
    });
  });

  test('-- ends them', () => {
    expect(read('-d', '--', '-t', '--help')).toEqual({ flags: ['--detach'], operands: ['-t', '--help'], help: false });
  });

  test('a single dash is an argument', () => {
    expect(read('-', '-d')).toEqual({ flags: ['--detach'], operands: ['-'], help: false });
  });

  test.each(['-h', '--help', '-help', '--h'])('%s asks for help', (word) => {
    expect(read('id', word).help).toBe(true);
  });
});

describe('mistakes', () => {
  test.each([
    [['--foo'], 'flag provided but not defined: -foo'],
    [['--foo=1'], 'flag provided but not defined: -foo'],
    [['-bundel', '/b'], 'flag provided but not defined: -bundel'],
    [['-9'], 'flag provided but not defined: -9'],
    [['-tb'], 'flag provided but not defined: -tb'],
    [['--bundle'], 'flag needs an argument: -bundle'],
    [['-b'], 'flag needs an argument: -b'],
    [['--no-pivot=zzz'], 'invalid boolean value "zzz" for -no-pivot: parse error'],
  ])('%j', (words, message) => {
    expect(() => read(...words)).toThrow(message);
  });
});

test('booleans are those of strconv.ParseBool', () => {
  expect(['1', 't', 'T', 'true', 'TRUE', 'True'].map(parseBool)).toEqual(Array(6).fill(true));
  expect(['0', 'f', 'F', 'false', 'FALSE', 'False'].map(parseBool)).toEqual(Array(6).fill(false));
  expect(['', 'yes', 'tRUE'].map(parseBool)).toEqual(Array(3).fill(undefined));
});
