// The command line as a program: what leaves it by stdout, stderr, the log and the exit status, compiled and under Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const dist = process.env['TSRUN_DIST'] ?? join(import.meta.dirname, '../../dist');
const hosts = [
  { host: 'compiled', program: [join(dist, 'tsrun')] },
  { host: 'node', program: [process.execPath, join(dist, 'lib/cli/main.js')] },
];
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tsrun-cli-'));
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function call(program: readonly string[], words: readonly string[], env: Record<string, string> = {}): Result {
  const [file = '', ...before] = program;
  const { status, stdout, stderr } = spawnSync(file, [...before, ...words], {
    cwd: scratch,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { status, stdout, stderr };
}

describe.each(hosts)('$host', ({ host, program }) => {
  const tsrun = (...words: string[]): Result => call(program, words);
  const root = (): string => join(scratch, `root-${host}`);

  it('prints its version', () => {
    const { status, stdout, stderr } = tsrun('--version');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tsrun version \d+\.\d+\.\d+\S*\ncommit: \S+\nspec: 1\.3\.0\nengine: (quickjs-ng|node) \d+\.\d+\.\d+\n/);
    expect(stderr).toBe('');
  });

  it.each([[], ['--help'], ['create', '--help'], ['help', 'exec']])('prints help: %s', (...words) => {
    const { status, stdout, stderr } = tsrun(...words);
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: tsrun ');
    expect(stderr).toBe('');
  });

  it('knows that there is no such command', () => {
    expect(tsrun('no-such-command').status).toBe(3);
  });

  it('answers a probe for a flag', () => {
    const { status, stdout, stderr } = tsrun('create', '--bundle');
    expect(status).toBe(1);
    expect(stdout).toContain('Usage: tsrun create');
    expect(stderr).toContain('flag needs an argument: -bundle');
  });

  it('reports an error in the log and plainly', () => {
    const log = `log-${host}.json`;
    const { status, stdout, stderr } = tsrun('--root', root(), '--log', log, '--log-format', 'json', 'state', 'nobody');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^[^\n{]*does not exist[^\n]*\n$/);
    const line = JSON.parse(readFileSync(join(scratch, log), 'utf8')) as Record<string, string>;
    expect(Object.keys(line)).toEqual(['level', 'msg', 'time']);
    expect(line).toMatchObject({ level: 'error', msg: stderr.trimEnd() });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(statSync(join(scratch, log)).mode & 0o777).toBe(0o644);
  });

  it('reports a log that cannot be written', () => {
    const { status, stderr } = tsrun('--log', '/nope/log', 'list');
    expect(status).toBe(1);
    expect(stderr).toContain('/nope/log: no such file or directory');
  });

  it('lists nothing where there is nothing, and makes nothing', () => {
    const missing = tsrun('--root', root(), 'list');
    expect(missing).toMatchObject({ status: 1, stdout: '' });
    expect(missing.stderr).toContain(`--root ${root()}: no such file or directory`);
    expect(existsSync(root())).toBe(false);
    mkdirSync(root());
    expect(tsrun('--root', root(), 'list', '--format', 'json')).toEqual({ status: 0, stdout: 'null\n', stderr: '' });
    expect(tsrun('--root', root(), 'list', '-q')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(root())).toEqual([]);
    rmSync(root(), { recursive: true });
  });

  it('forgives a forced delete of nothing', () => {
    expect(tsrun('--root', root(), 'delete', '--force', 'nobody')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['kill', 'nobody', '9'],
    ['start', 'nobody'],
    ['delete', 'nobody'],
    ['ps', '--format', 'json', 'nobody'],
  ])('%s %s: does not exist', (...words) => {
    const { status, stderr } = tsrun('--root', root(), ...words);
    expect(status).toBe(1);
    expect(stderr).toContain('does not exist');
  });

  it('has a status of its own for an exec that failed', () => {
    const { status, stderr } = tsrun('--root', root(), 'exec', 'nobody', 'true');
    expect(status).toBe(255);
    expect(stderr).toMatch(/exec failed: .*does not exist/);
  });

  it('says what create could not do', () => {
    const { status, stderr } = tsrun('--root', root(), 'create', '--bundle', '/nope', 'web');
    expect(status).toBe(1);
    expect(stderr).toMatch(/tsrun create failed: .*no such file or directory/);
    expect(tsrun('--root', root(), 'list', '-q').stdout).toBe('');
  });

  it('refuses / for state', () => {
    expect(tsrun('--root', '/', 'list').status).toBe(1);
  });

  it('writes a config once', () => {
    const bundle = `bundle-${host}`;
    mkdirSync(join(scratch, bundle));
    expect(tsrun('spec', '--bundle', bundle)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(JSON.parse(readFileSync(join(scratch, bundle, 'config.json'), 'utf8'))).toHaveProperty('ociVersion');
    const again = tsrun('spec', '-b', bundle);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('exists');
  });

  it('fails when stdout is full', () => {
    const { status } = spawnSync('/bin/sh', ['-c', '"$@" --help > /dev/full', 'sh', ...program]);
    expect(status).toBe(1);
  });
});

describe('its name', () => {
  it('is the one it is called by', () => {
    const link = join(scratch, 'runc');
    symlinkSync(join(dist, 'tsrun'), link);
    expect(call([link], ['--version']).stdout).toMatch(/^runc version /);
    expect(call([link], ['--help']).stdout).toMatch(/^Usage: runc /);
    expect(call([link], ['--root', join(scratch, 'r'), 'create', '--bundle', '/nope', 'web']).stderr).toContain('runc create failed: ');
    expect(call([link], ['state']).stderr).toContain('runc: \\"state\\" requires exactly 1 argument(s)');
  });
});
