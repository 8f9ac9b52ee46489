import { describe, expect, it } from 'vitest';

import { checkId, isId } from '../../../src/state/id.js';

describe('an id', () => {
  it.each(['a', 'Z', '0', 'a-b_c.d+e', '...', '-', '.hidden', 'x'.repeat(255)])('can be %j', (id) => {
    expect(() => {
      checkId(id);
    }).not.toThrow();
    expect(isId(id)).toBe(true);
  });

  it.each([
    ['', 'container id cannot be empty'],
    ['.', 'invalid container ID format: "."'],
    ['..', 'invalid container ID format: ".."'],
    ['a/b', 'invalid container ID format: "a/b"'],
    ['../a', 'invalid container ID format: "../a"'],
    ['a b', 'invalid container ID format: "a b"'],
    ['a\n', 'invalid container ID format: "a\n"'],
    ['a\0', 'invalid container ID format'],
    ['ä', 'invalid container ID format: "ä"'],
    ['=seccomp', 'invalid container ID format: "=seccomp"'],
    ['x'.repeat(256), 'container id is longer than 255 characters'],
  ])('cannot be %j', (id, words) => {
    expect(() => {
      checkId(id);
    }).toThrow(words);
  });

  it('is none that names something else in the state root', () => {
    for (const name of ['', '.', '..', '=seccomp', 'a/b']) expect(isId(name)).toBe(false);
  });
});
