// --debug: the story of a call, a line for each thing that was done and how long it took.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, shell, skipped, whyNoContainers, type Change, type Harness } from './harness.js';

const h: Harness = harness('debug');

/** Messages of text lines, each of which must have its time to the microsecond. */
function told(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const found = /^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z" level=debug msg=(".*")$/.exec(line);
      expect(line).toBe(found?.[0]);
      return JSON.parse(found?.[1] ?? '""') as string;
    });
}

/** The numbers of init's steps, and that of their total. */
function steps(messages: readonly string[]): { numbers: number[]; total: number } {
  const all = messages.map((message) => /^step (\d+)(?: of (\d+))?, \w+.*: \d+\.\d{3} ms$/.exec(message)).filter((each) => each !== null);
  return { numbers: all.map((each) => Number(each[1])), total: Number(all[0]?.[2] ?? 0) };
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe.skipIf(skipped('debug', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  it('run tells of every step up to the program, in text, and writes to nobody’s standard output', () => {
    const { status, stdout, stderr } = h.tsrun(['--debug', 'run', '--bundle', h.bundle(shell('echo hello')), h.id()], on);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'hello\n' });
    const messages = told(stderr);
    expect(messages[0]).toMatch(/^tsrun \d+\.\d+\.\d+ \(.*\): .*--debug run --bundle /);
    expect(messages.at(-1)).toBe('exit status 0');
    const { numbers, total } = steps(messages);
    // but for the last, which becomes the program
    expect(numbers).toEqual(upTo(1, total - 1));
    for (const telling of [/^mkdir .*: \d+\.\d{3} ms$/, /^spawnInit process \d+: /, /, mount \/proc new: /, /^removeTree /]) {
      expect(messages).toContainEqual(expect.stringMatching(telling));
    }
  });

  it('create and start share the steps, in JSON, in the file that --log names', () => {
    const id = h.id();
    const log = h.path(`${id}.json`);
    const to = ['--debug', '--log', log, '--log-format', 'json'];
    const created = h.tsrun([...to, 'create', '--bundle', h.bundle(shell(SLEEP)), id], on);
    expect(created).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const lines = (): { level: string; msg: string; time: string }[] =>
      readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { level: string; msg: string; time: string });
    const first = lines();
    for (const { level, time } of first) {
      expect(level).toBe('debug');
      expect(new Date(time).getTime()).toBeGreaterThan(Date.now() - 600_000);
    }
    const made = steps(first.map(({ msg }) => msg));
    expect(h.tsrun([...to, 'start', id], on)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const started = steps(
      lines()
        .slice(first.length)
        .map(({ msg }) => msg),
    );
    expect([...made.numbers, ...started.numbers]).toEqual(upTo(1, made.total - 1));
    // init goes on telling a start that does not ask
    const other = h.id();
    h.ok(['--debug', 'create', '--bundle', h.bundle(shell(SLEEP)), other], on);
    expect(h.tsrun(['start', other], on)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const exec = h.tsrun(['--debug', 'exec', other, 'true'], on);
    expect(exec.status).toBe(0);
    const executed = steps(told(exec.stderr));
    expect(executed.numbers).toEqual(upTo(1, executed.total - 1));
  });

  it('a failure is told behind what led to it', () => {
    const change: Change = (config) => (config.process.args = ['/no/such/program']);
    const { status, stderr } = h.tsrun(['--debug', 'run', '--bundle', h.bundle(change), h.id()], on);
    expect(status).toBe(1);
    expect(stderr).toMatch(/level=debug msg="step \d+ of \d+, cwd \//);
    expect(stderr).toMatch(/level=error msg=".*\/no\/such\/program.*no such file or directory"/);
    expect(stderr.trimEnd().split('\n').at(-1)).toContain('msg="exit status 1"');
  });

  it('an unknown property of the config makes a line', () => {
    const change: Change = (config) => Object.assign(config.process, { argz: ['x'] });
    const { stderr } = h.tsrun(['--debug', 'run', '--bundle', h.bundle(change), h.id()], on);
    expect(told(stderr)).toContain('/process/argz: unknown property, ignored');
  });

  it('what may be secret is not', () => {
    const secret: Change = (config) => {
      config.process.env = [...(config.process.env ?? []), 'TOKEN=hunter2'];
      config.process.args = ['sh', '-c', 'exit 0 # hunter2'];
      config.hooks = { createRuntime: [{ path: '/bin/true', args: ['true', 'hunter2'], env: ['TOKEN=hunter2'] }] };
    };
    const { status, stderr } = h.tsrun(['--debug', 'run', '--bundle', h.bundle(secret), h.id()], on);
    expect(status).toBe(0);
    expect(stderr).toContain('runHook /bin/true: exit status 0');
    expect(stderr).not.toContain('hunter2');
  });

  it('nothing is told of what a filter might forbid to tell', () => {
    const change: Change = (config) => {
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['write', 'sendto', 'sendmsg'], action: 'SCMP_ACT_KILL_PROCESS' }],
      };
    };
    expect(h.tsrun(['--debug', 'run', '--bundle', h.bundle(change), h.id()], on).status).toBe(0);
  });

  it('without it nothing is told', () => {
    expect(h.run([], on)).toMatchObject({ status: 0, stderr: '' });
  });

  it('a log on a full disk keeps nothing from running', () => {
    const { status, stdout } = h.tsrun(['--debug', '--log', '/dev/full', 'run', '--bundle', h.bundle(shell('echo hello')), h.id()], on);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'hello\n' });
  });

  it('a failure tells where it came from, by lines of the TypeScript', () => {
    const { status, stderr } = h.tsrun(['--debug', 'create', '--bundle', '/nonexistent/bundle', h.id()], on);
    expect(status).toBe(1);
    const stack = told(stderr.replace(/^.*level=error.*\n/m, '')).find((message) => message.startsWith('TsrunError: ')) ?? '';
    const frames = stack.split('\n');
    expect(frames[0]).toBe('TsrunError: bundle: /nonexistent/bundle: no such file or directory');
    expect(stack).toMatch(/\ncaused by Error: resolve \/nonexistent\/bundle: no such file or directory\n/);
    if (host.name === 'node') return;
    // each frame below another is a line that calls it
    const places = frames.slice(2, 6).map((frame) => /^ {4}at (\w+) \((src\/[\w/-]+\.ts):(\d+)\)$/.exec(frame) ?? []);
    for (const [at, [, , file = '', line = '0']] of places.entries()) {
      const callee = at === 0 ? 'throw' : (places[at - 1]?.[1] ?? '?');
      const source = readFileSync(join(import.meta.dirname, '../..', file), 'utf8').split('\n');
      expect(source[Number(line) - 1]).toContain(callee);
    }
  });
});
