import { beforeEach, describe, expect, test, vi } from 'vitest';

import { Log, formatLine } from '../../../src/cli/log.js';
import type { LogOptions } from '../../../src/cli/log.js';
import { appended, fake, reset, written } from './native.js';

vi.mock('../../../src/native.js', () => ({ native: () => fake }));

beforeEach(reset);

const make = (options: Partial<LogOptions>) => new Log({ file: undefined, format: 'text', level: 'info', ...options });

describe('a line', () => {
  test('as text', () => {
    expect(formatLine('text', 'warning', 'a "b"\nc', '2026-08-01T10:20:30Z')).toBe(
      'time="2026-08-01T10:20:30Z" level=warning msg="a \\"b\\"\\nc"\n',
    );
  });

  test('as JSON', () => {
    expect(formatLine('json', 'error', 'a "b"', '2026-08-01T10:20:30Z')).toBe(
      '{"level":"error","msg":"a \\"b\\"","time":"2026-08-01T10:20:30Z"}\n',
    );
  });
});

test('goes to standard error when there is no file', () => {
  make({}).error('no');
  expect(written[2]).toBe('time="2026-08-01T10:20:30Z" level=error msg="no"\n');
});

test('an error goes to the file, and plainly to standard error', () => {
  make({ file: '/log', format: 'json' }).error('no');
  expect(appended.get('/log')).toBe('{"level":"error","msg":"no","time":"2026-08-01T10:20:30Z"}\n');
  expect(written[2]).toBe('no\n');
});

test('an error is on standard error even when the file fails, and so is that', () => {
  make({ file: '/nope/log' }).error('no');
  expect(written[2]).toBe('no\nopen /nope/log: no such file or directory\n');
});

test('a warning that cannot be written fails, once', () => {
  const log = make({ file: '/nope/log' });
  expect(() => {
    log.warn('careful');
  }).toThrow('open /nope/log');
  log.warn('careful again');
  log.error('open /nope/log: no such file or directory');
  expect(written[2]).toBe('open /nope/log: no such file or directory\n');
});

test('a debug line that cannot be written is left out, with those after it, and no warning', () => {
  const log = make({ file: '/nope/log', level: 'debug' });
  log.debug('one');
  log.debug('two');
  expect(fake.appendFile).toHaveBeenCalledTimes(1);
  expect(() => {
    log.warn('careful');
  }).toThrow('open /nope/log');
});

test('a line that a signal has cut off is the last', () => {
  fake.appendFile.mockReturnValueOnce(false);
  const log = make({ file: '/log' });
  log.warn('careful');
  log.warn('careful again');
  log.error('ended by signal 15');
  expect(fake.appendFile).toHaveBeenCalledTimes(1);
  expect(written[2]).toBe('ended by signal 15\n');
});

test('a warning goes to the file alone', () => {
  make({ file: '/log' }).warn('careful');
  expect(appended.get('/log')).toContain('level=warning msg="careful"');
  expect(written[2]).toBe('');
});

test.each([
  ['error', 'error'],
  ['warning', 'error warning'],
  ['info', 'error warning'],
  ['debug', 'error warning debug'],
] as const)('level %s lets through: %s', (level, through) => {
  const log = make({ level });
  log.error('-');
  log.warn('-');
  log.debug('-');
  expect([...written[2].matchAll(/level=(\w+)/g)].map(([, name]) => name).join(' ')).toBe(through);
});

test('the file is made at once, so that one that cannot be written is known early', () => {
  make({ file: '/log' }).open();
  expect(appended.get('/log')).toBe('');
  expect(() => make({ file: '/nope/log' }).open()).toThrow('open /nope/log');
});
