import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { loadAll } from '../../../src/cli/index.js';
import { manual } from '../../../src/cli/man.js';

const hasMandoc = spawnSync('mandoc', ['-?']).error === undefined;
if (!hasMandoc) process.stdout.write('skipped: the manual page: needs mandoc\n');

test.skipIf(!hasMandoc)('mandoc finds nothing wrong', async () => {
  const { stdout } = spawnSync('mandoc', ['-Tlint', '-Wstyle'], { input: await manual('tsrun'), encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('every visible flag of every visible command is there, and no other', async () => {
  const page = await manual('tsrun');
  for (const { definition } of await loadAll()) {
    if (definition.hidden === true) continue;
    expect(page).toContain(`.SS \\fB${definition.name}\\fR`);
    for (const flag of definition.flags) {
      if (flag.hidden !== true) expect(page).toContain(`\\fB\\-\\-${flag.name.replaceAll('-', '\\-')}\\fR`);
    }
  }
  expect(page).not.toContain('rootless\\fR \\fIMODE');
  expect(page).not.toContain('\\-\\-all');
});

test('it bears the name the program was called by', async () => {
  expect(await manual('oci')).toMatch(/^\.TH OCI 8 \d{4}-\d\d-\d\d "oci \d/);
});
