import { expect, it } from 'vitest';

import { utf8 } from '../../src/utf8.js';

it.each([
  '',
  'plain',
  'ü',
  'ÿĀ\u07ff\u0800',
  '漢字',
  '\ud7ff\ue000\uffff',
  '😀\u{10ffff}',
  'a\ud800b',
  '\udc00',
  '\ud800\ud800\udc00',
  '\0',
])('encodes %j as the platform does', (text) => {
  expect([...utf8(text)]).toEqual([...new TextEncoder().encode(text)]);
});
