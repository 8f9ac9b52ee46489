// The launcher by itself, with a stand-in for the engine that shows what it was given, and the launcher with the engine
// in the surroundings that make a JS engine run somebody else's code.
import { spawnSync, type SpawnSyncReturns, type StdioOptions } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const dist = process.env['TSRUN_DIST'] ?? join(import.meta.dirname, '../../dist');
const tsrun = join(dist, 'tsrun');
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tsrun-launcher-'));
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

/** A launcher with a stand-in engine in `directory`; the engine writes what it got to `directory`/seen. */
function standIn(directory: string, libexec = 'libexec', launcher = 'tsrun'): string {
  mkdirSync(join(directory, libexec), { recursive: true });
  mkdirSync(join(directory, launcher, '..'), { recursive: true });
  copyFileSync(tsrun, join(directory, launcher));
  const engine = join(directory, libexec, 'tsrun-js');
  const seen = join(directory, 'seen');
  const show = [
    // looked up before the redirection below changes it
    'output=$(readlink /proc/$$/fd/1)',
    `{ tr '\\0' '\\n' </proc/$$/environ; echo "cwd $(readlink /proc/$$/cwd)"; echo "argument $*";`,
    `echo "fd0 $(readlink /proc/$$/fd/0)"; echo "fd1 $output"; echo "fd2 $(readlink /proc/$$/fd/2)"; } >'${seen}'`,
  ];
  writeFileSync(engine, `#!/bin/sh\n${show.join('\n')}\n`);
  chmodSync(engine, 0o755);
  return join(directory, launcher);
}

function lines(directory: string): string[] {
  return readFileSync(join(directory, 'seen'), 'utf8').trimEnd().split('\n');
}

describe('the launcher', () => {
  let home = '';
  let launcher = '';

  beforeAll(() => {
    home = join(scratch, 'stand-in');
    launcher = standIn(home);
  });

  it('needs no interpreter', () => {
    expect(readFileSync(tsrun).includes('/ld-')).toBe(false);
  });

  it('goes to / and hands on where it was, its name and the arguments', () => {
    expect(call(launcher, ['a', '--version', 'b c'], { cwd: scratch }).status).toBe(0);
    const seen = lines(home);
    expect(seen).toContain('cwd /');
    expect(seen).toContain(`TSRUN_LAUNCH_CWD=${scratch}`);
    expect(seen).toContain('TSRUN_LAUNCH_NAME=tsrun');
    expect(seen).toContain('argument a --version b c');
  });

  it('is called by the name of a symlink and finds its parts all the same', () => {
    symlinkSync(launcher, join(scratch, 'other-name'));
    expect(call(join(scratch, 'other-name'), []).status).toBe(0);
    expect(lines(home)).toContain('TSRUN_LAUNCH_NAME=other-name');
  });

  it('finds its parts where it is installed', () => {
    const prefix = join(scratch, 'prefix');
    expect(call(standIn(prefix, 'libexec/tsrun', 'bin/tsrun'), []).status).toBe(0);
    expect(lines(prefix)).toContain('TSRUN_LAUNCH_NAME=tsrun');
  });

  it('says what is missing', () => {
    const alone = join(scratch, 'alone');
    copyFileSync(tsrun, alone);
    const { status, stderr } = call(alone, []);
    expect(status).toBe(1);
    expect(stderr).toBe(`tsrun: find libexec/tsrun-js beside ${alone}: No such file or directory\n`);
  });

  it.each(['BUN_OPTIONS', 'BUN_BE_BUN', 'NODE_OPTIONS', 'JSC_x', 'MIMALLOC_VERBOSE', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'GLIBC_TUNABLES'])(
    'keeps %s from the engine',
    (name) => {
      // by way of env, so that nothing of the test's own takes it in
      expect(call('/usr/bin/env', [launcher], { env: { [name]: '' } }).status).toBe(0);
      const seen = lines(home);
      expect(seen).toContain(`TSRUN_ENV_${name}=`);
      expect(seen.some((line) => line.startsWith(`${name}=`))).toBe(false);
    },
  );

  it('lets nobody else speak for it', () => {
    const env = {
      TSRUN_LAUNCH_NAME: '/evil',
      TSRUN_LAUNCH_LIBEXEC: '/evil',
      TSRUN_LAUNCH_X: '1',
      TSRUN_ENV_PATH: '/evil',
      BUN_JSC_useJIT: '1',
    };
    call(launcher, [], { env });
    const seen = lines(home);
    expect(seen.filter((line) => line.startsWith('TSRUN_LAUNCH_NAME='))).toEqual(['TSRUN_LAUNCH_NAME=tsrun']);
    expect(seen.some((line) => /^TSRUN_(LAUNCH_X|LAUNCH_LIBEXEC|ENV_PATH)=/.test(line))).toBe(false);
    expect(seen.filter((line) => line.startsWith('BUN_'))).toEqual(['BUN_JSC_useJIT=0']);
    expect(seen).toContain('TSRUN_ENV_BUN_JSC_useJIT=1');
  });

  it('records open descriptors, limits and ignored signals', () => {
    const close = 'for fd in /proc/$$/fd/*; do fd=${fd##*/}; ((fd > 2)) && eval "exec $fd>&-"; done';
    const { status } = shell(
      `${close}; ulimit -S -n 500; ulimit -H -n 600; trap '' PIPE XFSZ; exec 5</dev/null 6</dev/null 9</dev/null; exec ${launcher}`,
    );
    expect(status).toBe(0);
    const seen = lines(home);
    expect(seen).toContain('TSRUN_LAUNCH_FDS=5-6,9');
    expect(seen).toContain('TSRUN_LAUNCH_NOFILE=500:600');
    expect(seen).toContain('TSRUN_LAUNCH_IGNORED=13,25');
  });

  it('opens /dev/null in place of closed standard descriptors', () => {
    expect(shell(`exec ${launcher} <&- >&- 2>&-`).status).toBe(0);
    expect(lines(home)).toEqual(expect.arrayContaining(['fd0 /dev/null', 'fd1 /dev/null', 'fd2 /dev/null']));
  });

  it('starts in a directory that was removed, without a name for it', () => {
    expect(shell(`mkdir ${scratch}/gone && cd ${scratch}/gone && rmdir ${scratch}/gone && exec ${launcher}`).status).toBe(0);
    expect(lines(home).some((line) => line.startsWith('TSRUN_LAUNCH_CWD='))).toBe(false);
    expect(lines(home)).toContain('cwd /');
  });
});

describe('the launcher and the engine', () => {
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
    writeFileSync(join(directory, 'evil.js'), code);
    writeFileSync(join(directory, 'node_modules/commander/index.js'), code);
    writeFileSync(join(directory, 'bunfig.toml'), 'preload = ["./evil.js"]\n[run]\npreload = ["./evil.js"]\n');
    writeFileSync(join(directory, '.bunfig.toml'), 'preload = ["./evil.js"]\n');
    writeFileSync(
      join(directory, '.env'),
      'BUN_OPTIONS=--preload=./evil.js\nNODE_OPTIONS=--require=./evil.js\nTSRUN_LAUNCH_LIBEXEC=/evil\n',
    );
    writeFileSync(join(directory, 'package.json'), '{"name": "evil", "type": "module", "imports": {"#x": "./evil.js"}, "main": "evil.js"}');
    writeFileSync(join(directory, 'tsconfig.json'), '{"compilerOptions": {"paths": {"*": ["./evil.js"]}, "jsx": 1}');
  });

  it('print the version', () => {
    expect(version).toMatch(/\d+\.\d+\.\d+/);
  });

  it('run nothing out of the working directory', () => {
    expectUntouched(call(tsrun, ['--version'], { cwd: evil() }));
  });

  it('run nothing out of the home directory', () => {
    expectUntouched(call(tsrun, ['--version'], { env: { HOME: evil(), XDG_CONFIG_HOME: evil() } }));
  });

  it.each([
    ['BUN_BE_BUN', '1'],
    ['BUN_OPTIONS', '--preload EVIL/evil.js'],
    ['BUN_INSPECT', 'ws://127.0.0.1:1/'],
    ['BUN_JSC_noSuchOption', '1'],
    ['BUN_JSC_dumpOptions', '2'],
    ['NODE_OPTIONS', '--require EVIL/evil.js'],
    ['NODE_PATH', 'EVIL/node_modules'],
    ['LD_LIBRARY_PATH', 'EVIL:'],
    ['LD_DEBUG', 'libs'],
    ['MIMALLOC_VERBOSE', '1'],
    ['TSRUN_LAUNCH_LIBEXEC', 'EVIL'],
  ])('are not moved by %s=%s', (name, value) => {
    expectUntouched(call('/usr/bin/env', [`${name}=${value.replace('EVIL', evil())}`, tsrun, '--version'], { cwd: evil() }));
  });

  it('load no library out of LD_PRELOAD', () => {
    // the loader complains about a library that it cannot load, so any attempt shows; env itself comes before
    const result = call('/usr/bin/env', [`LD_PRELOAD=${evil()}/evil.so`, tsrun, '--version']);
    expectUntouched(result);
  });

  it('load no addon that the environment names, also when the engine is started without the launcher', () => {
    const engine = join(dist, 'libexec/tsrun-js');
    // execve keeps the pid, so that the record looks like the launcher's own
    const record = `TSRUN_LAUNCH_PID=$$ TSRUN_LAUNCH_LIBEXEC='${evil()}'`;
    const { status, stderr } = shell(`mkdir -m 700 ${scratch}/none && ${record} exec ${engine} --root ${scratch}/none list`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('start in a directory that was removed', () => {
    expectUntouched(shell(`mkdir ${scratch}/lost && cd ${scratch}/lost && rmdir ${scratch}/lost && exec ${tsrun} --version`));
  });

  it('start with standard input closed', () => {
    expectUntouched(shell(`exec ${tsrun} --version <&-`));
  });

  it('start with standard output closed', () => {
    const result = shell(`${tsrun} --version >&- 2>&-; echo "status $?"`);
    expect(result.stdout).toMatch(/^status [01]\n$/);
  });

  it('work from wherever the folder is moved, and by a symlink', () => {
    const moved = join(scratch, 'moved folder');
    cpSync(dist, moved, { recursive: true });
    expectUntouched(call(join(moved, 'tsrun'), ['--version']));
    mkdirSync(join(scratch, 'links'));
    symlinkSync(join(moved, 'tsrun'), join(scratch, 'links/tsrun'));
    expectUntouched(call(join(scratch, 'links/tsrun'), ['--version'], { cwd: evil() }));
    // by PATH alone
    expectUntouched(shell(`PATH='${moved}':$PATH tsrun --version`));
  });
});
