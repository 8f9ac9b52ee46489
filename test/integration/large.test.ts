// Inputs that nobody means: large ones work or are refused, in one line, and what is short of stack or memory says so. Never a crash, and
// nothing left behind.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { harness, hosts, skipped, whyNoContainers, type Called, type Change, type TestHost } from './harness.js';

const h = harness('large');

const many = <T>(count: number, each: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => each(at));
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** The text of a config in which the annotation `deep` is so many lists in each other. */
function deepConfig(depth: number): string {
  const config = h.config((c) => (c.annotations = { deep: '@' }));
  return JSON.stringify(config).replace('"@"', nested(depth));
}

/** The one line of an error, as its words. */
function words({ stderr }: Called): string {
  const lines = stderr.trimEnd().split('\n');
  expect(lines, stderr.slice(0, 1000)).toHaveLength(1);
  const quoted = /level=error msg=(".*")$/.exec(lines[0] ?? '')?.[1];
  const text = quoted === undefined ? (lines[0] ?? '') : (JSON.parse(quoted) as string);
  expect(text).not.toMatch(/internal error|undefined|\[object|TypeError|RangeError|    at /);
  expect(text.length).toBeLessThan(1000);
  return text;
}

/** Calls it with a limit of its own (man 1 bash, ulimit). */
function limited(host: TestHost, limit: string, args: readonly string[], input?: string): Called {
  const command = ['--norc', '-c', `ulimit ${limit}; exec "$@"`, 'bash', ...host.command, '--root', h.root, ...args];
  const { status, signal, stdout, stderr } = spawnSync('bash', command, {
    encoding: 'utf8',
    input,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  expect(signal, stderr.slice(0, 1000)).toBe(null);
  return { status: status ?? -1, stdout, stderr };
}

describe.skipIf(skipped('large', whyNoContainers())).each(hosts)('under $name', (host) => {
  const refused: readonly (readonly [string, Change, RegExp])[] = [
    ['a million variables', (c) => (c.process.env = many(1_000_000, (at) => `A${at}=x`)), /argument list too long$/],
    ['a million arguments', (c) => (c.process.args = ['true', ...many(1_000_000, () => 'x')]), /argument list too long$/],
    [
      'a hundred thousand rules of seccomp',
      (c) =>
        (c.linux.seccomp = {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: many(100_000, (value) => ({
            names: ['getcwd'],
            action: 'SCMP_ACT_ERRNO' as const,
            args: [{ index: 0, value, op: 'SCMP_CMP_EQ' as const }],
          })),
        }),
      /\/linux\/seccomp\/syscalls: more than a filter has room for: 100000 names/,
    ],
    [
      'a hundred thousand devices',
      (c) =>
        (c.linux.resources = {
          devices: many(100_000, (at) => ({ allow: at % 2 === 1, type: 'c' as const, major: at, minor: at, access: 'r' })),
        }),
      /device filter|argument list too long/,
    ],
    [
      'a hundred thousand settings of cgroups',
      (c) => (c.linux.resources = { unified: Object.fromEntries(many(100_000, (at) => [`pids.x${at}`, '1'])) }),
      /pids/,
    ],
    [
      'sixty thousand mounts of nothing',
      (c) => c.mounts.push(...many(60_000, () => ({ destination: '/tmp', type: 'bind', source: '/no/such/source', options: ['bind'] }))),
      /no such file or directory/,
    ],
  ];
  it.each(refused)('refuses %s', async (_, change, expected) => {
    const result = h.run([change], { host });
    expect(words(result)).toMatch(expected);
    expect(result.status).toBe(1);
    await h.expectNothingLeft();
  });

  it('masks a hundred thousand paths', async () => {
    const result = h.run([(c) => (c.linux.maskedPaths = many(100_000, (at) => `/proc/no/${at}`))], { host });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    await h.expectNothingLeft();
  });

  it('takes ten megabytes of small values', async () => {
    const annotations = Object.fromEntries(many(300_000, (at) => [`org.example.${at}`, 'x'.repeat(10)]));
    const result = h.run([(c) => (c.annotations = annotations)], { host });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    await h.expectNothingLeft();
  });

  it.each(['256', '1024', '8192', 'unlimited'])('has an error for nesting, with ulimit -s %s', async (stack) => {
    for (const depth of [200, 2000, 9000, 100_000, 1_000_000]) {
      const result = limited(host, `-s ${stack}`, ['run', '--bundle', h.bundleOf(deepConfig(depth)), h.id()]);
      expect(result.status).toBe(1);
      const tooDeep = /config\.json: (line 1, column \d+: )?nested too deeply$/;
      // a stack may be enough to read it, and then it is the wrong value
      expect(words(result)).toMatch(depth > 100_000 ? tooDeep : new RegExp(`${tooDeep.source}|/annotations/deep: must be a string`));
    }
    await h.expectNothingLeft();
  });

  it('has an error for nesting in a process and in resources', () => {
    const id = h.running();
    const file = h.path(h.id('process'));
    writeFileSync(file, JSON.stringify({ ...h.config().process, deep: '@' }).replace('"@"', nested(1_000_000)));
    expect(h.refusal(['exec', '--process', file, id], 255, { host })).toMatch(/nested too deeply$/);
    const input = `{"pids": ${nested(1_000_000)}}`;
    expect(h.refusal(['update', '--resources', '-', id], 1, { host, input })).toMatch(/nested too deeply$/);
    expect(h.state(id).status).toBe('running');
  });
});

const [executable] = hosts.filter(({ name }) => name === 'tsrun');

describe.skipIf(skipped('large, of the executable', executable === undefined ? 'is for the executable' : whyNoContainers()))(
  'the executable',
  () => {
    const host = executable ?? { name: 'tsrun', command: [] };

    it('says when the stack is too small for anything', async () => {
      const result = limited(host, '-s 128', ['run', '--bundle', h.bundle(), h.id()]);
      expect(words(result)).toBe('tsrun: the limit of the stack (ulimit -s) is too small, 256 KiB will do');
      expect(result.status).toBe(1);
      await h.expectNothingLeft();
    });

    it('runs a container with the stack that it says will do', async () => {
      expect(limited(host, '-s 256', ['run', '--bundle', h.bundle(), h.id()])).toMatchObject({ status: 0, stderr: '' });
      await h.expectNothingLeft();
    });

    // kibibytes of address space: from too few for the engine to too few for what is made of the text. With fewer than the program itself takes,
    // 5,000, execve(2) ends the process.
    it.each([6000, 8000, 10_000, 12_000, 20_000, 50_000, 100_000])('says when there is no memory, with ulimit -v %d', async (size) => {
      const annotations = Object.fromEntries(many(300_000, (at) => [`org.example.${at}`, 'x'.repeat(10)]));
      const result = limited(host, `-v ${size}`, ['run', '--bundle', h.bundle((c) => (c.annotations = annotations)), h.id()]);
      expect(words(result)).toMatch(/out of memory$|cannot allocate memory$/i);
      expect(result.status).toBe(1);
      await h.expectNothingLeft();
    });
  },
);
