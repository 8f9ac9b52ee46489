// The executable by itself: what it is made of, and that nothing around it makes it load code or be something else.
import { spawnSync, type SpawnSyncReturns, type StdioOptions } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const dist = process.env['TSRUN_DIST'] ?? join(import.meta.dirname, '../../dist');
const tsrun = join(dist, 'tsrun');
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tsrun-executable-'));
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

interface Surroundings {
  cwd?: string;
  env?: Record<string, string>;
  stdio?: StdioOptions;
}

function call(program: string, args: string[], { cwd = '/', env = {}, stdio = 'pipe' }: Surroundings = {}): SpawnSyncReturns<string> {
  return spawnSync(program, args, { cwd, stdio, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', ...env } });
}

/** Through a shell, for what only a shell arranges before the exec. */
function shell(script: string, surroundings?: Surroundings): SpawnSyncReturns<string> {
  return call('/bin/bash', ['--norc', '-c', script], surroundings);
}

describe('the executable', () => {
  const bytes = readFileSync(tsrun);
  const compiler = join(import.meta.dirname, '../../build/executable/compile');

  /** A word of the ELF header or of a program header. */
  const word = (at: number, size: 2 | 4 | 8): number => (size === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, size));

  it('needs no interpreter and no library, and its place in memory is random', () => {
    const [shared, interpreter] = [3, 3];
    expect(word(16, 2)).toBe(shared);
    const kinds = Array.from({ length: word(56, 2) }, (_, at) => word(word(32, 8) + at * word(54, 2), 4));
    expect(kinds).toContain(1);
    expect(kinds).not.toContain(interpreter);
  });

  it('is small', () => {
    expect(statSync(tsrun).size).toBeLessThan(6_000_000);
  });

  it('knows the time in UTC without a file of time zones', () => {
    const zone = join(scratch, 'zone');
    expect(call('mkfifo', [zone]).status).toBe(0);
    // it would wait for somebody to write to that
    const before = Math.floor(Date.now() / 1000) * 1000;
    const told = spawnSync(tsrun, ['--root', scratch, '--log-format', 'json', 'state', 'nobody'], {
      encoding: 'utf8',
      env: { TZ: `:${zone}` },
      timeout: 10_000,
    });
    expect(told.error).toBeUndefined();
    const { time } = JSON.parse(told.stderr) as { time: string };
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
  });

  it('has no parser for JavaScript', () => {
    // what only the parser says; the program that compiles the scripts ahead has it
    for (const words of ['unexpected token in expression', 'invalid property name', 'missing formal parameter']) {
      expect([words, readFileSync(compiler).includes(words), bytes.includes(words)]).toEqual([words, true, false]);
    }
  });

  it('names no file of the machine that it was built on', () => {
    const tree = join(import.meta.dirname, '../..');
    for (const path of [`${tree}/native/`, `${tree}/build/`, `${tree}/src/`, `${tmpdir()}/tsrun-`])
      expect(bytes.includes(path), path).toBe(false);
  });
});

describe('whatever its surroundings', () => {
  let version = '';
  const evil = (): string => join(scratch, 'evil');

  /** What every one of these must come to: the version, nothing on stderr, and nobody else's code run. */
  function expectUntouched(result: SpawnSyncReturns<string>): void {
    expect(result.stderr).toBe('');
    expect(result.stdout).toBe(version);
    expect(result.status).toBe(0);
  }

  beforeAll(() => {
    version = call(tsrun, ['--version']).stdout;
    const directory = evil();
    mkdirSync(join(directory, 'node_modules/commander'), { recursive: true });
    const code = 'console.log("EVIL"); process.exit(66);\n';
    for (const name of ['evil.js', 'core', 'core.js', 'state.js', 'node_modules/commander/index.js']) {
      writeFileSync(join(directory, name), code);
    }
    writeFileSync(join(directory, '.env'), 'NODE_OPTIONS=--require=./evil.js\nTSRUN_EXECUTABLE=/evil\n');
    writeFileSync(join(directory, 'package.json'), '{"name": "evil", "type": "module", "imports": {"#x": "./evil.js"}, "main": "evil.js"}');
  });

  it('prints the version', () => {
    expect(version).toMatch(/^tsrun version \d+\.\d+\.\d+/);
  });

  it('runs nothing out of the working directory', () => {
    expectUntouched(call(tsrun, ['--version'], { cwd: evil() }));
  });

  it('runs nothing out of the home directory', () => {
    expectUntouched(call(tsrun, ['--version'], { env: { HOME: evil(), XDG_CONFIG_HOME: evil() } }));
  });

  it.each([
    ['NODE_OPTIONS', '--require EVIL/evil.js'],
    ['NODE_PATH', 'EVIL/node_modules'],
    ['QJS_LIBRARY_PATH', 'EVIL'],
    ['LD_PRELOAD', 'EVIL/evil.so'],
    ['LD_LIBRARY_PATH', 'EVIL:'],
    ['LD_AUDIT', 'EVIL/evil.so'],
    ['LD_DEBUG', 'all'],
    ['LD_BIND_NOW', '1'],
    ['LD_SHOW_AUXV', '1'],
    ['LD_TRACE_LOADED_OBJECTS', '1'],
    ['GLIBC_TUNABLES', 'glibc.malloc.check=3'],
    ['MALLOC_CHECK_', '3'],
    ['GCONV_PATH', 'EVIL'],
    ['LOCPATH', 'EVIL'],
    ['TZ', 'EVIL/evil.js'],
    ['TSRUN_EXECUTABLE', 'EVIL'],
  ])('is not moved by %s=%s', (name, value) => {
    // a shell with exec, not env(1): a dynamic program in between would itself be moved by some of them
    const assignment = `${name}='${value.replace('EVIL', evil())}'`;
    expectUntouched(shell(`unset BASH_ENV; export ${assignment}; exec ${tsrun} --version`, { cwd: evil() }));
  });

  it('starts in a directory that was removed, and says so where that matters', () => {
    expectUntouched(shell(`mkdir ${scratch}/lost && cd ${scratch}/lost && rmdir ${scratch}/lost && exec ${tsrun} --version`));
    const { status, stderr } = shell(`mkdir ${scratch}/gone && cd ${scratch}/gone && rmdir ${scratch}/gone && exec ${tsrun} create x`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/level=error msg="[^\n]*working directory[^\n]*"\n$/);
  });

  it('starts with standard input closed', () => {
    expectUntouched(shell(`exec ${tsrun} --version <&-`));
  });

  it('writes to no file that it opened in place of a closed standard output', () => {
    expect(shell(`${tsrun} --version >&- 2>&-; echo "status $?"`).stdout).toBe('status 0\n');
  });

  it('says that standard output is full', () => {
    const { status, stderr } = shell(`exec ${tsrun} --version >/dev/full`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^time="[^"]*" level=error msg="write descriptor 1: no space left on device"\n$/);
    expect(shell(`${tsrun} --version >/dev/full 2>/dev/full; echo "status $?"`).stdout).toBe('status 1\n');
  });

  it('works from wherever the folder is moved, and by a symlink', () => {
    const moved = join(scratch, 'moved folder');
    cpSync(dist, moved, { recursive: true });
    expectUntouched(call(join(moved, 'tsrun'), ['--version']));
    mkdirSync(join(scratch, 'links'));
    symlinkSync(join(moved, 'tsrun'), join(scratch, 'links/tsrun'));
    expectUntouched(call(join(scratch, 'links/tsrun'), ['--version'], { cwd: evil() }));
    // by PATH alone
    expectUntouched(shell(`PATH='${moved}':$PATH tsrun --version`));
  });

  it('has the name of the symlink that it is called by, or its own where that is empty', () => {
    symlinkSync(tsrun, join(scratch, 'other-name'));
    expect(call(join(scratch, 'other-name'), ['--version']).stdout).toMatch(/^other-name version /);
    expect(shell(`exec -a '' ${tsrun} --version`).stdout).toMatch(/^tsrun version /);
    expect(shell(`exec -a 'a/' ${tsrun} --version`).stdout).toMatch(/^tsrun version /);
  });
});

describe('input that nests deeply or is large', () => {
  /** `create` with this config.json; never a crash, and one line that says what is wrong. */
  function refusal(config: string, limits = 'true'): string {
    const bundle = mkdtempSync(join(scratch, 'bundle-'));
    writeFileSync(join(bundle, 'config.json'), config);
    const { status, signal, stderr } = shell(`${limits}; exec ${tsrun} --root ${scratch}/state create --bundle ${bundle} x`);
    expect({ status, signal }).toEqual({ status: 1, signal: null });
    expect(stderr.split('\n')).toHaveLength(2);
    return JSON.parse(/level=error msg=(".*")\n$/.exec(stderr)?.[1] ?? '""') as string;
  }
  const nested = (open: string, close: string, depth: number): string =>
    open.repeat(depth) + (close === ']' ? '' : '1') + close.repeat(depth);

  it.each(['256', '1024', '8192', 'unlimited'])('is refused with a stack of %s KiB', (size) => {
    const limits = `ulimit -s ${size}`;
    for (const depth of [3_000, 30_000, 300_000]) {
      for (const [open, close] of [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const) {
        expect(refusal(nested(open, close, depth), limits)).toMatch(
          /config\.json: (line 1, column \d+: )?nested too deeply$|: must be an object, is |is required$/,
        );
        const annotation = `{"ociVersion": "1.0.0", "annotations": {"a": ${nested(open, close, depth)}}}`;
        expect(refusal(annotation, limits)).toMatch(
          /config\.json: (line 1, column \d+: )?nested too deeply$|\/annotations\/a: |is required$/,
        );
      }
    }
  });

  it('is refused where it is large, in little time', () => {
    const long = JSON.stringify({ ociVersion: '1.0.0', mounts: Array.from({ length: 200_000 }, () => ({ destination: '/x' })) });
    expect(refusal(long)).toMatch(/is required$/);
    expect(refusal(`[${'0,'.repeat(4_000_000)}0]`)).toMatch(/must be an object/);
  });

  it('says so where the stack is too small for anything', () => {
    const { status, stderr } = shell(`ulimit -s 100; exec ${tsrun} --version`);
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'tsrun: the limit of the stack (ulimit -s) is too small, 256 KiB will do\n' });
  });

  it('has words as long as the kernel passes on', () => {
    const id = 'x'.repeat(100_000);
    const { status, stderr } = shell(`ulimit -s 8192; exec ${tsrun} --root ${scratch}/state state ${id}`);
    expect(status).toBe(1);
    expect(stderr).toContain('container id is longer than 255 characters');
  });
});
