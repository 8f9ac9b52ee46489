// Installing and uninstalling below a prefix: what is installed works from there, and all of it goes again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const top = join(import.meta.dirname, '../..');
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tsrun-install-'));
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function script(name: string, env: Record<string, string>): string[] {
  const { status, stdout, stderr } = spawnSync('sh', [join(top, 'scripts', name)], { encoding: 'utf8', env: { ...process.env, ...env } });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

/** Files below a directory, relative, in order. */
function filesBelow(directory: string): string[] {
  const entries = existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }) : [];
  return entries.filter((path) => !statSync(join(directory, path)).isDirectory()).sort();
}

describe('install.sh', () => {
  it('puts the program, its parts, the manual and the completions below the prefix, and they work there', () => {
    const prefix = join(scratch, 'usr');
    script('install.sh', { PREFIX: prefix });
    expect(filesBelow(prefix)).toEqual([
      'bin/tsrun',
      'libexec/tsrun/tsrun-init',
      'libexec/tsrun/tsrun-systemd',
      'share/bash-completion/completions/tsrun',
      'share/man/man8/tsrun.8',
      'share/zsh/site-functions/_tsrun',
    ]);
    // by a symlink, as many install it into the path
    symlinkSync(join(prefix, 'bin/tsrun'), join(scratch, 'runtime'));
    mkdirSync(join(scratch, 'state'));
    const { stdout, stderr } = spawnSync(join(scratch, 'runtime'), ['--root', join(scratch, 'state'), 'list', '-q'], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
    expect(spawnSync(join(scratch, 'runtime'), ['--version'], { encoding: 'utf8' }).stdout).toMatch(/^runtime version \d+\.\d+\.\d+\n/);
    expect(readFileSync(join(prefix, 'share/man/man8/tsrun.8'), 'utf8')).toContain('.TH');
    script('uninstall.sh', { PREFIX: prefix });
    expect(filesBelow(prefix)).toEqual([]);
  });

  it('puts DESTDIR in front, for packagers', () => {
    const said = script('install.sh', { PREFIX: '/opt/tsrun', DESTDIR: join(scratch, 'package') });
    expect(said).toContain(join(scratch, 'package/opt/tsrun/bin/tsrun'));
    expect(filesBelow(join(scratch, 'package'))).toContain('opt/tsrun/libexec/tsrun/tsrun-init');
    script('uninstall.sh', { PREFIX: '/opt/tsrun', DESTDIR: join(scratch, 'package') });
    expect(filesBelow(join(scratch, 'package'))).toEqual([]);
  });
});
