import { describe, expect, test } from 'vitest';
import { findJsonProblem } from '../../../src/spec/json-problem.js';
import { formatJson, parseJson } from '../../../src/spec/json.js';
import { problemOf } from './support.js';

const problem = (text: string): string => problemOf(() => parseJson(text, 'config.json'));

describe('valid texts', () => {
  test('are parsed', () => {
    expect(parseJson('{"a": [1, true, "x"]}', 'x')).toEqual({ a: [1, true, 'x'] });
  });
  test('may begin with one byte order mark', () => {
    expect(parseJson('\uFEFF{}', 'x')).toEqual({});
  });
  test('keep every digit of integers beyond 2^53, as bigint', () => {
    expect(parseJson('{"hard": 18446744073709551615, "soft": -9223372036854775808, "small": 9007199254740991}', 'x')).toEqual({
      hard: 18446744073709551615n,
      soft: -9223372036854775808n,
      small: 9007199254740991n,
    });
  });
  test('keep digits that are text, next to long integers, as they are', () => {
    const text =
      '{"id": "12345678901234567890", "\\ue000": "\uE0011234567890123456", "n": [12345678901234567890, 1.2345678901234567, "a\\\\"]}';
    expect(parseJson(text, 'x')).toEqual({
      id: '12345678901234567890',
      '\uE000': '\uE0011234567890123456',
      n: [12345678901234567890n, 1.2345678901234567, 'a\\'],
    });
  });
  test('leave out properties that are null, and keep null entries of lists', () => {
    expect(parseJson('{"a": null, "b": {"c" :\n null}, "d": [null], "e": "null"}', 'x')).toEqual({ b: {}, d: [null], e: 'null' });
    expect(parseJson('{"a": null, "b": 18446744073709551615}', 'x')).toEqual({ b: 18446744073709551615n });
  });
});

describe('what is wrong with a text is said with its line and column:', () => {
  test.each([
    ['', 'config.json: is empty'],
    [' \n', 'config.json: is empty'],
    ['{\n  "a": 1,\n  "b": ]\n}', 'config.json: line 3, column 8: unexpected token "]"'],
    ['{]', 'config.json: line 1, column 2: unexpected token "]"'],
    ['{"a": 1', 'config.json: line 1, column 8: unexpected end of text'],
    ['{"a": 1}}', 'config.json: line 1, column 9: unexpected token "}"'],
    ['{"a": 1,}', 'config.json: line 1, column 9: unexpected token "}"'],
    ['[1, 2,]', 'config.json: line 1, column 7: unexpected token "]"'],
    ['{"a" 1}', 'config.json: line 1, column 6: unexpected token "1"'],
    ['{a: 1}', 'config.json: line 1, column 2: unexpected token "a"'],
    ["{'a': 1}", 'config.json: line 1, column 2: unexpected token "\'"'],
    ['[1 2]', 'config.json: line 1, column 4: unexpected token "2"'],
    ['[nul]', 'config.json: line 1, column 2: unexpected token "nul"'],
    ['[01]', 'config.json: line 1, column 2: unexpected token "01"'],
    ['[1.]', 'config.json: line 1, column 2: unexpected token "1."'],
    ['[NaN]', 'config.json: line 1, column 2: unexpected token "NaN"'],
    ['// no\n{}', 'config.json: line 1, column 1: unexpected token "/"'],
    ['{"a": "b', 'config.json: line 1, column 7: this string does not end'],
    ['{"a": "b\n"}', 'config.json: line 1, column 9: control character U+000A in a string'],
    ['["a\\x"]', 'config.json: line 1, column 4: unknown escape in a string'],
    ['["\\u12"]', 'config.json: line 1, column 3: unknown escape in a string'],
    ['\uFEFF\uFEFF{}', 'config.json: line 1, column 1: unexpected token U+FEFF'],
    ['{}\0', 'config.json: line 1, column 3: unexpected token U+0000'],
    ['{"n": 18446744073709551615', 'config.json: line 1, column 27: unexpected end of text'],
  ])('%j', (text, expected) => {
    expect(problem(text)).toBe(expected);
  });
});

describe('texts meant to break a parser', () => {
  test('10 MB of open brackets are refused', () => {
    expect(problem('['.repeat(10_000_000))).toBe('config.json: line 1, column 10001: nested too deeply');
  });
  test('10 MB of brackets that are closed again are refused as well', () => {
    const text = `{"\\"[": ${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}}`;
    expect(problem(text)).toBe('config.json: line 1, column 10008: nested too deeply');
  });
  test('deep nesting, closed again, is no crash', () => {
    const text = `{"x": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(problem(text)).toMatch(/valid|nested too deeply$/);
    expect(problem(`[18446744073709551615, null, ${text}]`)).toMatch(/valid|nested too deeply$/);
  });
  test('a string of megabytes is parsed', () => {
    expect(problem(`["${'a\\n'.repeat(500_000)}", 18446744073709551615]`)).toBe('valid');
    expect(problem(`["${'a\\n'.repeat(500_000)}"`)).toContain('unexpected end of text');
  });
});

test('nothing is found wrong with what is JSON', () => {
  for (const text of ['{}', '[]', ' {"a":[{},[],"\\"\\\\\\u00e9",-0.5e+3,true,false,null]} ', '"x"', '0']) {
    expect(findJsonProblem(text)).toBeNull();
  }
});

test.each([
  '{"hard":18446744073709551615,"soft":-9223372036854775808,"small":5,"text":"18446744073709551615"}',
  '{"\ue000":"\ue00012345678901234567","n":[12345678901234567890,1.5,"a\\\\",null,true]}',
  '{}',
])('what is read can be written again: %s', (text) => {
  expect(formatJson(parseJson(text, 'x'))).toBe(text);
});
