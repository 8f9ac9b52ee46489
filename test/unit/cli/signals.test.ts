import { expect, test } from 'vitest';

import { parseSignal } from '../../../src/cli/signals.js';

test.each([
  ['9', 9],
  ['0', 0],
  ['37', 37],
  ['64', 64],
  ['KILL', 9],
  ['SIGKILL', 9],
  ['kill', 9],
  ['sigTerm', 15],
  ['SIGUSR1', 10],
  ['RTMIN', 34],
  ['SIGRTMIN+3', 37],
  ['rtmin+30', 64],
  ['RTMAX', 64],
  ['sigrtmax-2', 62],
])('%s is signal %i', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each([
  '',
  'FOO',
  'SIG',
  'SIGSIGKILL',
  '65',
  '-9',
  '+9',
  '9x',
  '1.5',
  'RTMIN+31',
  'RTMIN-1',
  'RTMAX-31',
  'RTMAX+1',
  'constructor',
  '__proto__',
])('%s is refused', (text) => {
  expect(() => parseSignal(text)).toThrow(`unknown signal "${text}"`);
});
