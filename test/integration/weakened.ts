// Shows that the attacks would succeed: each is carried out against a build in which what holds against it has been taken out, and its test
// must fail there. The sources and dist/ stay as they are: a copy of the sources is changed and tsrun-init or the addon compiled from it, of
// which only what is changed is compiled; or a copy of the compiled TypeScript is changed. dist/ is copied by hard links, with
// what was changed in place of its own.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { weaknesses, type Weakness } from '../fixtures/weaknesses.mjs';
import { dist, skipped, whyNoContainers } from './harness.js';
import { noPython } from './attacks.js';

const project = join(import.meta.dirname, '../..');
/** What is compiled, with what, and what has been compiled of it. */
const parts = [
  'native',
  'scripts/static.mk',
  'binding.gyp',
  'build/static',
  'build/Release',
  'build/Makefile',
  'build/config.gypi',
  'build/binding.Makefile',
  'build/tsrun.target.mk',
];
const needed = ['build/static', 'build/Release', 'build/Makefile'];

const missing = needed.find((part) => !existsSync(join(project, part)));
const why = whyNoContainers() ?? noPython ?? (missing === undefined ? undefined : `needs ${missing} (npm run build)`);

interface Outcome {
  readonly name: string;
  readonly status: string;
  readonly words: string;
}

/** Carries out the attacks of a group of weaknesses. */
export function weakenedBuilds(group: Weakness['group']): void {
  describe.skipIf(skipped('weakened builds', why))('a build', () => {
    let base = '';

    beforeAll(() => {
      base = mkdtempSync(join(tmpdir(), 'tsrun-weakened-'));
      chmodSync(base, 0o755);
    });
    afterAll(() => {
      rmSync(base, { recursive: true, force: true });
    });

    it.each(weaknesses.filter((each) => each.group === group))(
      'without $without is open to attack',
      (weakness) => {
        const outcomes = carryOut(weakness, weakened(weakness.edits, mkdtempSync(join(base, 'build-'))));
        // each attack is there, and none is stopped by something else
        for (const attack of weakness.attacks) expect(outcomes.filter(({ name }) => name.includes(attack))).not.toEqual([]);
        expect(outcomes.filter(({ status }) => status !== 'failed')).toEqual([]);
        for (const { words } of outcomes) expect(words).toMatch(weakness.failure);
      },
      300_000,
    );
  });
}

/** A dist/ with these edits, in the directory `base`. */
function weakened(edits: Weakness['edits'], base: string): string {
  // a user namespace's root has to get to what is below it
  chmodSync(base, 0o755);
  const path = join(base, 'dist');
  const tree = join(base, 'tree');
  expect(spawnSync('cp', ['-al', dist, path]).status).toBe(0);
  // executed in containers of which one may overwrite it: not the file that the build has
  rmSync(join(path, 'libexec/tsrun-init'));
  copyFileSync(join(dist, 'libexec/tsrun-init'), join(path, 'libexec/tsrun-init'));
  const sources = edits.map(([file]) => file).filter((file) => file.startsWith('native/'));
  if (sources.length > 0) {
    // with the times, so that make compiles what is changed and no more
    mkdirSync(join(tree, 'scripts'), { recursive: true });
    for (const part of parts) cpSync(join(project, part), join(tree, part), { recursive: true, preserveTimestamps: true });
    symlinkSync(join(project, 'node_modules'), join(tree, 'node_modules'));
  }
  for (const [file, from, to] of edits) {
    const place = join(file.startsWith('native/') ? tree : path, file);
    const text = readFileSync(place, 'utf8');
    expect([file, text.split(from).length]).toEqual([file, 2]);
    // another file than the one that dist/ shares
    rmSync(place);
    writeFileSync(
      place,
      text.replace(from, () => to.replace('$&', from)),
    );
  }
  const isHosts = (file: string): boolean => file.startsWith('native/addon/') || file.endsWith('_host.cc');
  if (sources.some(isHosts)) {
    make(['-C', 'build', 'BUILDTYPE=Release', '-o', 'Makefile'], tree);
    rmSync(join(path, 'libexec/tsrun.node'));
    copyFileSync(join(tree, 'build/Release/tsrun.node'), join(path, 'libexec/tsrun.node'));
  }
  if (sources.some((file) => !isHosts(file))) {
    rmSync(join(path, 'libexec/tsrun-init'));
    make(['-f', 'scripts/static.mk', 'BUILD=build/static', `DIST=${path}`, `${path}/libexec/tsrun-init`], tree);
  }
  return path;
}

function make(args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync('make', ['-s', ...args], { cwd, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

/** What became of the tests of attacks with that dist/. */
function carryOut({ attacks, files }: Weakness, path: string): Outcome[] {
  const report = join(path, 'report.json');
  const scratch = join(path, 'scratch');
  mkdirSync(scratch);
  const pattern = attacks.map((each) => each.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const vitest = join(project, 'node_modules/.bin/vitest');
  const tests = files.map((file) => `test/integration/${file}.test.ts`);
  const args = ['run', '--project', 'integration', ...tests, '-t', pattern, '--reporter=json', `--outputFile=${report}`];
  const env = {
    ...process.env,
    TSRUN_DIST: path,
    // The compiled TypeScript is what Node runs.
    TSRUN_TEST_HOST: 'node',
    // What it leaves, having failed, goes with the rest.
    TMPDIR: scratch,
    TSRUN_TEST_CACHE: process.env['TSRUN_TEST_CACHE'] ?? tmpdir(),
    TSRUN_ONLOOKER_ROUNDS: '20',
    TSRUN_ATTACK_ROUNDS: '100',
  };
  spawnSync(vitest, args, { cwd: project, env, encoding: 'utf8' });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { assertionResults: { fullName: string; status: string; failureMessages?: string[] }[] }[];
  };
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed' || status === 'failed')
    .map(({ fullName, status, failureMessages = [] }) => ({ name: fullName, status, words: failureMessages.join('\n') }));
}
