// Node-API over QuickJS-ng (native/engine) does what Node's does: the same addon, the same cases, in both.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import { engineHost, probeAddon } from '../../../scripts/engine-host.mjs';

const directory = join(import.meta.dirname, '../../engine');
const sanitize = process.env['TSRUN_ENGINE_SANITIZE'] ?? '';

let hosts: Record<string, [string, ...string[]]>;

// compiled at the first time, then there is nothing to do
beforeAll(() => {
  hosts = {
    node: [process.execPath, '--expose-gc', join(directory, 'run-node.cjs')],
    engine: [engineHost({ sanitize }), join(directory, 'run-host.js')],
  };
  probeAddon();
}, 900_000);

/** Runs the cases of a file: a line each, and what was said at the end. */
function run(host: string, file: string): { lines: string[]; status: number | null; stderr: string } {
  const [program, ...words] = hosts[host] ?? ['false'];
  const args = [...words, join(directory, 'cases.js'), join(directory, 'assert.js'), probeAddon(), file];
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
  return { lines: stdout.trim().split('\n'), status, stderr };
}

describe('Node-API', () => {
  const files = readdirSync(join(directory, 'cases')).map((name) => join(directory, 'cases', name));
  for (const file of files) {
    test(`${basename(file, '.js')}, in Node and over the engine`, { timeout: 60_000 }, () => {
      const node = run('node', file);
      expect(node.lines.filter((line) => line.startsWith('not ok')), 'in Node').toEqual([]); // prettier-ignore
      expect(node.status, node.stderr).toBe(0);
      expect(node.lines.filter((line) => line.startsWith('ok ')).length).toBeGreaterThan(0);
      const engine = run('engine', file);
      expect(engine.lines).toEqual(node.lines);
      // the host fails also where memory of the engine's is left at the end
      expect([engine.status, engine.stderr]).toEqual([0, '']);
    });
  }
});
