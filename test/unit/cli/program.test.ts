import { beforeEach, describe, expect, test, vi } from 'vitest';

import { definitions } from '../../../src/cli/all.js';
import { runProgram } from '../../../src/cli/program.js';
import { TsrunError } from '../../../src/errors.js';
import * as createModule from '../../../src/lifecycle/create.js';
import * as deleteModule from '../../../src/lifecycle/delete.js';
import * as execModule from '../../../src/lifecycle/exec.js';
import * as killModule from '../../../src/lifecycle/kill.js';
import * as listModule from '../../../src/lifecycle/list.js';
import * as psModule from '../../../src/lifecycle/ps.js';
import * as runModule from '../../../src/lifecycle/run.js';
import * as specModule from '../../../src/lifecycle/spec.js';
import * as startModule from '../../../src/lifecycle/start.js';
import * as stateModule from '../../../src/lifecycle/state.js';
import * as updateModule from '../../../src/lifecycle/update.js';
import type { StateReport } from '../../../src/lifecycle/state.js';
import { appended, fake, reset, systemError, written } from './native.js';

vi.mock('../../../src/native.js', () => ({ native: () => fake, overNative: () => undefined }));
vi.mock('../../../src/lifecycle/create.js', () => ({ create: vi.fn() }));
vi.mock('../../../src/lifecycle/run.js', () => ({ run: vi.fn(() => 0) }));
vi.mock('../../../src/lifecycle/start.js', () => ({ start: vi.fn() }));
vi.mock('../../../src/lifecycle/state.js', () => ({ state: vi.fn() }));
vi.mock('../../../src/lifecycle/list.js', () => ({ list: vi.fn(() => []) }));
vi.mock('../../../src/lifecycle/kill.js', () => ({ kill: vi.fn() }));
vi.mock('../../../src/lifecycle/delete.js', () => ({ deleteContainer: vi.fn() }));
vi.mock('../../../src/lifecycle/exec.js', () => ({ exec: vi.fn(() => 0) }));
vi.mock('../../../src/lifecycle/ps.js', () => ({ pids: vi.fn(() => []) }));
vi.mock('../../../src/lifecycle/update.js', () => ({ update: vi.fn() }));
vi.mock('../../../src/lifecycle/spec.js', () => ({ writeSpec: vi.fn() }));

const { create } = vi.mocked(createModule);
const { deleteContainer } = vi.mocked(deleteModule);
const { exec } = vi.mocked(execModule);
const { kill } = vi.mocked(killModule);
const { list } = vi.mocked(listModule);
const { pids } = vi.mocked(psModule);
const { run } = vi.mocked(runModule);
const { writeSpec } = vi.mocked(specModule);
const { start } = vi.mocked(startModule);
const { state } = vi.mocked(stateModule);
const { update } = vi.mocked(updateModule);

beforeEach(reset);

const environment: Record<string, string> = { PATH: '/usr/bin:/bin' };
const call = (...words: string[]) => callAs('tsrun', ...words);
const callAs = (program: string, ...words: string[]) => runProgram(words, { program, cwd: '/cwd', variable: (name) => environment[name] });
const anyWarn = expect.any(Function) as () => void;
const errorLine = (message: string) => `time="2026-08-01T10:20:30Z" level=error msg=${JSON.stringify(message)}\n`;

const report: StateReport = {
  owner: 'root',
  created: '2026-08-01T10:20:30.123456789Z',
  rootfs: '/b/rootfs',
  bundle: '/b',
  status: 'running',
  pid: 42,
  id: 'web',
  ociVersion: '1.3.0',
};

describe('the program', () => {
  test.each(['--version', '-v', '-version'])('%s', async (word) => {
    expect(await callAs('runc', word, 'list')).toBe(0);
    expect(written[1]).toMatch(/^runc version \d+\.\d+\.\d+\S*\ncommit: \S+\nspec: 1\.3\.0\nengine: node \d+\.\d+\.\d+\n$/);
    expect(list).not.toHaveBeenCalled();
  });

  test.each([[], ['--help'], ['-h'], ['help'], ['h']])('help: %s', async (...words) => {
    expect(await callAs('oci', ...words)).toBe(0);
    expect(written[1]).toMatch(/^Usage: oci \[FLAGS\] COMMAND/);
    for (const definition of definitions) {
      expect(written[1].includes(`\n  ${definition.name} `)).toBe(definition.hidden !== true);
    }
    expect(written[1]).not.toContain('--rootless');
    expect(written[2]).toBe('');
  });

  test('an unknown command is status 3', async () => {
    expect(await call('no-such-command', 'web')).toBe(3);
    expect(written[2]).toContain('unknown command');
    expect(written[1]).toBe('');
  });

  test('a wrong flag: help on stdout, a line on stderr, status 1', async () => {
    expect(await call('--foo', 'list')).toBe(1);
    expect(written[1]).toContain('Usage: tsrun [FLAGS] COMMAND');
    expect(written[2]).toBe(errorLine('flag provided but not defined: -foo'));
  });

  test.each([
    [['--log-format', 'xml'], 'invalid value "xml" for flag -log-format: must be one of text, json'],
    [['--cgroup-manager=none'], 'invalid value "none" for flag -cgroup-manager: must be one of cgroupfs, systemd, disabled'],
    [['--rootless', 'maybe'], 'invalid value "maybe" for flag -rootless: must be auto, true or false'],
    [['--log-level', 'loud'], 'invalid value "loud" for flag -log-level: must be one of error, warning, info, debug'],
  ])('%j', async (words, message) => {
    expect(await call(...words, 'list')).toBe(1);
    expect(written[2]).toBe(errorLine(message));
  });

  test('--log names a file', async () => {
    state.mockImplementationOnce(() => {
      throw new TsrunError('container does not exist');
    });
    expect(await call('--log', 'log.json', '--log-format=json', 'state', 'web')).toBe(1);
    expect(appended.get('/cwd/log.json')).toBe('{"level":"error","msg":"container does not exist","time":"2026-08-01T10:20:30Z"}\n');
    expect(written[2]).toBe('container does not exist\n');
  });

  test('--log that cannot be written', async () => {
    expect(await call('--log', '/nope/x', 'list')).toBe(1);
    expect(written[2]).toBe(errorLine('open /nope/x: no such file or directory'));
    expect(list).not.toHaveBeenCalled();
  });

  test('--debug says where a failure came from', async () => {
    start.mockImplementationOnce(() => {
      throw new TsrunError('no');
    });
    await call('--debug', 'start', 'web');
    expect(written[2]).toContain('level=debug msg="TsrunError: no\\n ');
  });
});

describe('arguments of every command', () => {
  test.each([
    ['create', [], 'exactly 1'],
    ['create', ['a', 'b'], 'exactly 1'],
    ['run', [], 'exactly 1'],
    ['start', [], 'exactly 1'],
    ['state', ['a', 'b'], 'exactly 1'],
    ['delete', [], 'exactly 1'],
    ['list', ['a'], 'exactly 0'],
    ['spec', ['a'], 'exactly 0'],
    ['exec', [], 'a minimum of 1'],
    ['ps', [], 'a minimum of 1'],
    ['kill', [], 'a minimum of 1'],
    ['kill', ['a', 'KILL', 'b'], 'a maximum of 2'],
  ])('%s %j', async (name, words, count) => {
    expect(await callAs('runc', name, ...words)).toBe(1);
    expect(written[1]).toMatch(new RegExp(`^Usage: runc ${name} `));
    expect(written[2]).toBe(errorLine(`runc: "${name}" requires ${count} argument(s)`));
  });

  test('every command has help, and nothing else happens', async () => {
    for (const definition of definitions) {
      reset();
      expect(await call(definition.name, '--help')).toBe(0);
      expect(written[1]).toContain(`Usage: tsrun ${definition.name} `);
      expect(written[1]).toContain('Examples:');
      expect(written[2]).toBe('');
      const direct = written[1];
      reset();
      expect(await call('help', definition.name)).toBe(0);
      expect(written[1]).toBe(direct);
    }
    expect(create).not.toHaveBeenCalled();
  });

  test('help comes before the number of arguments and before flags that are wrong later', async () => {
    expect(await call('create', 'a', 'b', '--help')).toBe(0);
  });

  test.each(['create', 'run', 'start', 'state', 'delete', 'kill', 'exec', 'ps'])('%s checks the name', async (name) => {
    await call(name, 'a/b', ...(name === 'exec' ? ['true'] : []));
    expect(written[2]).toContain('invalid container ID format');
  });

  test('summaries and help texts are single lines without a full stop', () => {
    for (const definition of definitions) {
      for (const text of [definition.summary, ...definition.flags.map(({ help }) => help)]) {
        expect(text).not.toMatch(/^[A-Z][a-z]+\b|[^.]\.$|\n/);
      }
    }
  });
});

describe('create', () => {
  test('with nothing: the bundle is where the user stood', async () => {
    expect(await call('create', 'web')).toBe(0);
    expect(create).toHaveBeenCalledWith({
      id: 'web',
      root: '/run/tsrun',
      bundle: '/cwd',
      noPivot: false,
      noNewKeyring: false,
      untrusted: false,
      cgroupManager: 'cgroupfs',
      rootless: 'auto',
      warn: anyWarn,
    });
  });

  test('with everything, before and after the name', async () => {
    // prettier-ignore
    const status = await call('--root', 'state', '--systemd-cgroup', '--rootless=true',
      'create', '-b', 'bundle', '--config', 'c.json', '-console-socket', 'c.sock', 'web',
      '--pidfd-socket', '/p.sock', '--pid-file=pid', '-no-pivot', '--no-new-keyring', '--untrusted', '--preserve-fds', '2');
    expect(status).toBe(0);
    expect(create).toHaveBeenCalledWith({
      id: 'web',
      root: '/cwd/state',
      bundle: '/cwd/bundle',
      config: '/cwd/c.json',
      consoleSocket: '/cwd/c.sock',
      pidfdSocket: '/p.sock',
      pidFile: '/cwd/pid',
      noPivot: true,
      noNewKeyring: true,
      untrusted: true,
      preserveFds: 2,
      cgroupManager: 'systemd',
      rootless: true,
      warn: anyWarn,
    });
  });

  test.each(['abc', '-1', '1.5', '', '99999999999999999999'])('--preserve-fds %s', async (value) => {
    expect(await call('create', '--preserve-fds', value, 'web')).toBe(1);
    expect(written[2]).toBe(errorLine(`invalid value "${value}" for flag -preserve-fds: parse error`));
  });

  test('a failure names the program and what it did', async () => {
    create.mockImplementationOnce(() => {
      throw systemError('EPERM', 1, 'unable to start container process: mount proc', 'Operation not permitted');
    });
    expect(await callAs('runc', 'create', 'web')).toBe(1);
    expect(written[2]).toBe(errorLine('runc create failed: unable to start container process: mount proc: operation not permitted'));
    expect(written[1]).toBe('');
  });

  test('warnings go to the log', async () => {
    create.mockImplementationOnce(({ warn }) => warn('ignoring it'));
    await call('create', 'web');
    expect(written[2]).toContain('level=warning msg="ignoring it"');
  });

  test('/ is no place for state', async () => {
    expect(await call('--root', '/', 'create', 'web')).toBe(1);
    expect(create).not.toHaveBeenCalled();
  });

  test('only --cgroup-manager says more than --systemd-cgroup', async () => {
    await call('--systemd-cgroup', '--cgroup-manager', 'disabled', 'create', 'web');
    expect(create.mock.lastCall?.[0].cgroupManager).toBe('disabled');
  });
});

describe('run', () => {
  test('returns the status of the program', async () => {
    run.mockReturnValueOnce(137);
    expect(await call('run', 'web')).toBe(137);
    expect(run).toHaveBeenCalledWith(expect.objectContaining({ detach: false, keep: false, noSubreaper: false }));
  });

  test('its own flags', async () => {
    await call('run', '-d', '--keep', '-no-subreaper', 'web');
    expect(run).toHaveBeenCalledWith(expect.objectContaining({ id: 'web', detach: true, keep: true, noSubreaper: true }));
  });

  test('a failure', async () => {
    run.mockImplementationOnce(() => {
      throw new TsrunError('no');
    });
    expect(await call('run', 'web')).toBe(1);
    expect(written[2]).toBe(errorLine('tsrun run failed: no'));
  });
});

test('start', async () => {
  expect(await call('start', 'web')).toBe(0);
  expect(start).toHaveBeenCalledWith({ id: 'web', root: '/run/tsrun', warn: expect.any(Function) as unknown });
  expect(fake.mkdir).not.toHaveBeenCalled();
});

describe('kill', () => {
  test.each([
    [['web'], 15, false],
    [['web', 'KILL'], 9, false],
    [['web', 'sigusr1'], 10, false],
    [['--all', 'web', '9'], 9, true],
    [['-a', 'web'], 15, true],
  ])('%j', async (words, signal, all) => {
    expect(await call('kill', ...words)).toBe(0);
    expect(kill).toHaveBeenCalledWith({ id: 'web', root: '/run/tsrun', signal, all });
  });

  test('a negative number is a signal that is none, not a flag', async () => {
    expect(await call('kill', 'web', '-9')).toBe(1);
    expect(written[2]).toBe(errorLine('unknown signal "-9"'));
    expect(kill).not.toHaveBeenCalled();
  });

  test('--all is in no help', async () => {
    await call('kill', '--help');
    expect(written[1]).not.toContain('--all');
  });
});

test('delete', async () => {
  expect(await call('delete', 'web')).toBe(0);
  expect(await call('delete', 'web', '--force')).toBe(0);
  expect(deleteContainer.mock.calls.map(([options]) => [options.id, options.force])).toEqual([
    ['web', false],
    ['web', true],
  ]);
});

describe('state', () => {
  test('JSON, indented, keys in the order callers know', async () => {
    state.mockReturnValueOnce({ ...report, annotations: { a: 'b' } });
    expect(await call('state', 'web')).toBe(0);
    expect(written[1].startsWith('{\n  "ociVersion": "1.3.0",\n  "id": "web",\n')).toBe(true);
    expect(Object.keys(JSON.parse(written[1]) as object)).toEqual([
      'ociVersion',
      'id',
      'pid',
      'status',
      'bundle',
      'rootfs',
      'created',
      'annotations',
      'owner',
    ]);
  });

  test('no annotations, no key', async () => {
    state.mockReturnValueOnce({ ...report, annotations: {} });
    await call('state', 'web');
    expect(JSON.parse(written[1])).not.toHaveProperty('annotations');
  });
});

describe('list', () => {
  test('a table', async () => {
    list.mockReturnValueOnce([report, { ...report, id: 'a-name-that-is-long', pid: 0, status: 'stopped' }]);
    expect(await call('list')).toBe(0);
    expect(written[1]).toBe(
      [
        'ID                    PID         STATUS      BUNDLE      CREATED                          OWNER',
        'web                   42          running     /b          2026-08-01T10:20:30.123456789Z   root',
        'a-name-that-is-long   0           stopped     /b          2026-08-01T10:20:30.123456789Z   root',
        '',
      ].join('\n'),
    );
  });

  test('an empty table is its header', async () => {
    await call('list');
    expect(written[1]).toBe('ID          PID         STATUS      BUNDLE      CREATED     OWNER\n');
  });

  test('JSON on one line', async () => {
    list.mockReturnValueOnce([report]);
    await call('list', '--format=json');
    expect(written[1]).toBe(
      '[{"ociVersion":"1.3.0","id":"web","pid":42,"status":"running","bundle":"/b","rootfs":"/b/rootfs","created":"2026-08-01T10:20:30.123456789Z","owner":"root"}]\n',
    );
  });

  test('JSON of nothing is null', async () => {
    await call('list', '-f', 'json');
    expect(written[1]).toBe('null\n');
  });

  test('names', async () => {
    list.mockReturnValueOnce([report, { ...report, id: 'b' }]);
    await call('list', '-q');
    expect(written[1]).toBe('web\nb\n');
  });
});

describe('ps', () => {
  const table =
    'UID          PID    PPID CMD\nroot           1       0 init\nroot          42       1 sleep 42\nroot         421       1 42\n';

  beforeEach(() => {
    pids.mockReturnValue([42]);
    fake.output.mockReturnValue(table);
    fake.stat.mockImplementation((path) => (path === '/bin/ps' ? ({ kind: 'file', mode: 0o755 } as ReturnType<typeof fake.stat>) : null));
  });

  test('shows the lines of ps -ef that are the container’s', async () => {
    expect(await call('ps', 'web')).toBe(0);
    expect(fake.output).toHaveBeenCalledWith('/bin/ps', ['-ef']);
    expect(written[1]).toBe('UID          PID    PPID CMD\nroot          42       1 sleep 42\n');
  });

  test('what follows the container is for ps', async () => {
    await call('ps', 'web', '-o', 'pid,args', '--format');
    expect(fake.output).toHaveBeenCalledWith('/bin/ps', ['-o', 'pid,args', '--format']);
  });

  test('JSON needs no ps', async () => {
    pids.mockReturnValueOnce([1, 42]);
    expect(await call('ps', '--format', 'json', 'web')).toBe(0);
    expect(written[1]).toBe('[1,42]\n');
    expect(fake.output).not.toHaveBeenCalled();
  });

  test('no PID column', async () => {
    fake.output.mockReturnValueOnce('CMD\nsleep\n');
    expect(await call('ps', 'web', '-o', 'cmd')).toBe(1);
    expect(written[2]).toBe(errorLine("couldn't find PID field in ps output"));
  });

  test('no ps', async () => {
    fake.stat.mockReturnValue(null);
    expect(await call('ps', 'web')).toBe(1);
    expect(written[2]).toBe(errorLine('exec: "ps": executable file not found in $PATH'));
  });
});

describe('exec', () => {
  test('words after the container are the program’s', async () => {
    exec.mockReturnValueOnce(3);
    expect(await call('exec', '-t', 'web', 'ls', '-l', '--detach', '--help')).toBe(3);
    expect(exec).toHaveBeenCalledWith(
      expect.objectContaining({ id: 'web', tty: true, detach: false, args: ['ls', '-l', '--detach', '--help'] }),
    );
  });

  test('with everything', async () => {
    // prettier-ignore
    await call('exec', '--cwd', 'rel', '-e', 'A=1', '--env', 'B=a=b', '-u', '1000:100', '-g', '5', '--additional-gids=6', '-p', 'p.json', '-d',
      '--pid-file', 'pid', '--console-socket', 'c', '--pidfd-socket', 'd', '--process-label', 'l', '--apparmor', 'a', '--no-new-privs',
      '-c', 'CAP_KILL', '--cap', 'CAP_CHOWN', '--preserve-fds=1', '--cgroup', 'sub', '--ignore-paused', 'web');
    expect(exec).toHaveBeenCalledWith({
      id: 'web',
      root: '/run/tsrun',
      process: '/cwd/p.json',
      untrusted: false,
      cwd: 'rel',
      env: ['A=1', 'B=a=b'],
      tty: false,
      user: { uid: 1000, gid: 100 },
      additionalGids: [5, 6],
      detach: true,
      pidFile: '/cwd/pid',
      consoleSocket: '/cwd/c',
      pidfdSocket: '/cwd/d',
      processLabel: 'l',
      apparmor: 'a',
      noNewPrivs: true,
      caps: ['CAP_KILL', 'CAP_CHOWN'],
      preserveFds: 1,
      cgroup: 'sub',
      ignorePaused: true,
      warn: anyWarn,
    });
  });

  test.each([
    [['web'], 'process args cannot be empty'],
    [['-u', 'bob', 'web', 'id'], '--user: user must be a number, is "bob"'],
    [['-u', '0:', 'web', 'id'], '--user: group must be a number, is ""'],
    [['-u', '4294967295', 'web', 'id'], '--user: user must be a number, is "4294967295"'],
    [
      ['--cgroup', 'cpu:a', '--cgroup', 'memory:b', 'web', 'id'],
      '--cgroup: cgroup v2 has one hierarchy: give one path, without controllers',
    ],
  ])('%j', async (words, message) => {
    expect(await call('exec', ...words)).toBe(255);
    expect(written[2]).toBe(errorLine(`exec failed: ${message}`));
  });

  test('a user alone', async () => {
    await call('exec', '-u', '7', 'web', 'id');
    expect(exec.mock.lastCall?.[0].user).toEqual({ uid: 7 });
  });

  test('a failure is status 255', async () => {
    exec.mockImplementationOnce(() => {
      throw new TsrunError('container does not exist');
    });
    expect(await call('exec', 'web', 'true')).toBe(255);
    expect(written[2]).toBe(errorLine('exec failed: container does not exist'));
  });
});

describe('update', () => {
  const given = (): unknown => update.mock.lastCall?.[0].resources;

  test('with everything', async () => {
    // prettier-ignore
    await call('update', '--blkio-weight', '300', '--cpu-period', '100000', '--cpu-quota=-1', '--cpu-burst', '0', '--cpu-share', '512',
      '--cpu-rt-period', '5', '--cpu-rt-runtime=4', '--cpuset-cpus', '0-1', '--cpuset-mems', '0', '--cpu-idle', '1', '--memory', '64m',
      '--memory-reservation', '1.5k', '--memory-swap', '-1', '--pids-limit', '-1', '--kernel-memory', '1g', '--kernel-memory-tcp', '2', 'web');
    expect(update).toHaveBeenCalledWith({
      id: 'web',
      root: '/run/tsrun',
      resources: {
        memory: { limit: 67108864, reservation: 1536, swap: -1, kernel: 1073741824, kernelTCP: 2 },
        cpu: {
          shares: 512,
          quota: -1,
          burst: 0,
          period: 100000,
          realtimeRuntime: 4,
          realtimePeriod: 5,
          cpus: '0-1',
          mems: '0',
          idle: 1,
        },
        pids: { limit: -1 },
        blockIO: { weight: 300 },
      },
      warn: anyWarn,
    });
  });

  test.each([
    [[], {}],
    [['--memory', '', '--cpuset-cpus', '', '--cpu-idle='], {}],
    [['--pids-limit', '0'], { pids: { limit: 0 } }],
    [['-r', 'r.json'], { file: '/cwd/r.json' }],
    [['--resources=-', '--memory', '5'], { file: '-' }],
  ])('%j', async (words, resources) => {
    expect(await call('update', ...words, 'web')).toBe(0);
    expect(given()).toEqual(resources);
  });

  test.each([
    [['--memory', 'much'], "invalid value for memory: invalid size: 'much' (sizes are like 64m, -1 is no limit)"],
    [['--cpu-quota', '1k'], 'invalid value for cpu-quota: must be a number, is "1k"'],
    [['--cpu-share', '-1'], 'invalid value for cpu-share: must be a positive number, is "-1"'],
    [['--l3-cache-schema', 'L3:0=f'], 'Intel RDT/CAT: l3 cache schema is not enabled: --l3-cache-schema is not supported yet'],
    [['--mem-bw-schema', 'MB:0=5'], 'Intel RDT/MBA: memory bandwidth schema is not enabled: --mem-bw-schema is not supported yet'],
  ])('refuses %j', async (words, message) => {
    expect(await call('update', ...words, 'web')).toBe(1);
    expect(written[2]).toBe(errorLine(message));
    expect(update).not.toHaveBeenCalled();
  });
});

test('spec', async () => {
  expect(await call('spec')).toBe(0);
  expect(await call('spec', '-b', 'b', '--rootless')).toBe(0);
  expect(writeSpec.mock.calls).toEqual([[{ bundle: '/cwd', rootless: false }], [{ bundle: '/cwd/b', rootless: true }]]);
});

test('features', async () => {
  expect(await call('features')).toBe(0);
  const { ociVersionMax, mountOptions } = JSON.parse(written[1]) as { ociVersionMax: string; mountOptions: string[] };
  expect({ ociVersionMax, rro: mountOptions.includes('rro') }).toEqual({ ociVersionMax: '1.3.0', rro: true });
  // dockerd and CRI-O read both streams as one
  expect(written[2]).toBe('');
  expect(await call('features', 'a')).toBe(1);
});

test('completion', async () => {
  expect(await call('completion', 'fish')).toBe(1);
  expect(written[2]).toBe(errorLine('unknown shell "fish": must be bash or zsh'));
});
