import { expect, test } from 'vitest';

import { failureText } from '../../../src/cli/failure.js';
import { TsrunError } from '../../../src/errors.js';
import { systemError } from './native.js';

test("the kernel's words are Go's: lower case", () => {
  expect(failureText(systemError('ENOENT', 2, 'open /a/B', 'No such file or directory'))).toBe('open /a/B: no such file or directory');
  expect(failureText(systemError('EPERM', 1, 'mount proc', 'operation not permitted'))).toBe('mount proc: operation not permitted');
  expect(failureText(systemError('EDOTDOT', 73, 'open /a', 'RFS specific error'))).toBe('open /a: RFS specific error');
});

test('our own words stay as they are', () => {
  expect(failureText(new TsrunError('container does not exist'))).toBe('container does not exist');
});

test('one line, whatever it was', () => {
  expect(failureText(new TsrunError('hook #0: exit status 1\n  stderr: no\n'))).toBe('hook #0: exit status 1 stderr: no');
});

test('want of memory is no error of ours', () => {
  expect(failureText(new Error('out of memory'))).toBe('out of memory');
  expect(failureText(null)).toBe('out of memory');
});

test('what nobody meant to throw says so', () => {
  expect(failureText(new TypeError('x is not a function'))).toBe('internal error: x is not a function');
  expect(failureText('text')).toBe('internal error: text');
});
