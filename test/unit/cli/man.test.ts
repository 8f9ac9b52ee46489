import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { shown } from '../../../src/cli/all.js';
import { manual } from '../../../src/cli/man.js';

const hasMandoc = spawnSync('mandoc', ['-?']).error === undefined;
if (!hasMandoc) process.stdout.write('skipped: the manual page: needs mandoc\n');

test.skipIf(!hasMandoc)('mandoc finds nothing wrong', () => {
  const { stdout } = spawnSync('mandoc', ['-Tlint', '-Wstyle'], { input: manual('tsrun'), encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('every visible flag of every visible command is there, and no other', () => {
  const page = manual('tsrun');
  for (const definition of shown) {
    expect(page).toContain(`.SS \\fB${definition.name}\\fR`);
    for (const flag of definition.flags) {
      if (flag.hidden !== true) expect(page).toContain(`\\fB\\-\\-${flag.name.replaceAll('-', '\\-')}\\fR`);
    }
  }
  expect(page).not.toContain('rootless\\fR \\fIMODE');
  expect(page).not.toContain('\\-\\-all');
});

test('it bears the name the program was called by', () => {
  expect(manual('oci')).toMatch(/^\.TH OCI 8 \d{4}-\d\d-\d\d "oci \d/);
});
