// The engine and the plans for aarch64, by emulation: what TypeScript decides there is what it decides under Node, and text, numbers and
// bytes are those of this machine's engine. Node's own tests of Node-API are run there by hand (test/engine/node-suite.mjs).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engineHost } from '../../scripts/engine-host.mjs';
import { missingFor, targetOf } from '../../scripts/lib/target.mjs';
import { encodedPlan } from './plan.js';
import { skipped } from '../integration/harness.js';

const missing = missingFor('aarch64');
const reason = missing.length > 0 ? `no ${missing.join(' and no ')}: sh scripts/setup aarch64` : undefined;

const captures = join(import.meta.dirname, '../fixtures/captures');
const configs = readdirSync(captures, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('/config.json'))
  .sort()
  .map((path) => join(captures, path));

/** What is printed where engines may differ by the machine: floating point, sizes of integers, the order of bytes, the stack's end. */
const SAMPLES = `(() => {
  const say = (...what) => host.print(JSON.stringify(what, (_, value) => (typeof value === 'bigint' ? value + 'n' : value)));
  for (const number of [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, -0, 1e21, 123456789.125]) {
    say(String(number), number.toString(2).length, number.toFixed(3), number.toPrecision(17), Object.is(number, -0), number | 0, number >>> 0);
  }
  for (const number of [NaN, Infinity, -Infinity, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 63, 1e300]) say(String(number), number | 0, number >>> 0, number << 3);
  for (const name of ['sin', 'exp', 'log', 'cbrt', 'fround', 'hypot', 'round', 'trunc', 'clz32']) say(name, Math[name](0.5), Math[name](-2.5), Math[name](1e9));
  say(2n ** 200n, -(2n ** 64n) / 3n, BigInt.asIntN(64, 2n ** 63n), BigInt.asUintN(64, -1n), BigInt('0xffffffffffffffff'));
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.PI);
  say([...new Uint8Array(view.buffer)], [...new Uint8Array(new Uint32Array([0x01020304]).buffer)], [...new Uint8Array(new Float64Array([-1.5]).buffer)]);
  say('grüße \\u{1f600}'.length, [...'a\\u{1f600}b'], 'İ'.toLowerCase(), 'ß'.toUpperCase(), 'äöü'.normalize('NFD').length, '\\ud800'.isWellFormed());
  say('2026-11-24T12:00:00.5Z'.match(/(?<year>\\d{4})-(\\d\\d).*?(?<=T)(\\d+)/u).slice(1), 'aBc'.replace(/b/i, (x) => x + x), /\\p{Lu}/u.test('Ä'));
  say([10, 9, 1, -0, NaN].sort(), [3, 1, 2].toSorted((a, b) => a - b), new Date(Date.UTC(2026, 10, 24)).toISOString(), JSON.parse('[1e-7,-0,1.0]'));
  const deep = (depth) => (depth === 0 ? 0 : 1 + deep(depth - 1));
  say(deep(500));
  try { (function forever() { forever(); })(); } catch (error) { say(error instanceof RangeError || error.name); }
  try { JSON.parse('['.repeat(1e6)); } catch (error) { say(error.name); }
})()`;

describe.skipIf(skipped('the engine for aarch64', reason))('on aarch64', () => {
  let scratch = '';
  let there: readonly string[] = [];
  let here: readonly string[] = [];

  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'tsrun-aarch64-'));
    there = [...targetOf('aarch64').runner, engineHost({ target: 'aarch64' })];
    here = [engineHost()];
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const lines = ([file = '', ...words]: readonly string[], script: string, args: readonly string[] = []): string[] => {
    const path = join(scratch, 'script.js');
    writeFileSync(path, script);
    const { error, status, stdout, stderr } = spawnSync(file, [...words, path, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
    if (error !== undefined) throw error;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  };

  it('reckons as here', () => {
    const said = lines(there, SAMPLES);
    expect(said.length).toBeGreaterThan(30);
    expect(said).toEqual(lines(here, SAMPLES));
  });

  it('plans what engines ask for as Node does', async () => {
    const contents = `import { encodedPlan } from './plan.ts';
      for (const path of host.words) host.print(JSON.stringify(encodedPlan(host.read(path))));`;
    const stdin = { contents, resolveDir: import.meta.dirname, loader: 'ts' } as const;
    const { outputFiles } = await esbuild.build({
      stdin,
      bundle: true,
      write: false,
      format: 'iife',
      target: 'es2023',
      platform: 'neutral',
    });
    const plans = lines(there, outputFiles[0]?.text ?? '', configs);
    expect(configs.length).toBeGreaterThan(10);
    expect(plans.map((line) => JSON.parse(line) as unknown)).toEqual(configs.map((path) => encodedPlan(readFileSync(path, 'utf8'))));
  });
});
