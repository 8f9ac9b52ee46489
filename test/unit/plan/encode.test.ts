import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { planCreate } from '../../../src/plan/create.js';
import { encodeSteps } from '../../../src/plan/encode.js';
import type { MountStep, Step } from '../../../src/plan/steps.js';
import type { Spec } from '../../../src/spec/types.js';
import { host } from './host.js';

const mount: MountStep = {
  op: 'mount',
  destination: '/d',
  kind: 'bind',
  type: '',
  source: '/s',
  inside: true,
  tree: -1,
  treeIfDenied: true,
  set: 1,
  clear: 0,
  replace: 4,
  setRecursive: 2,
  clearRecursive: 0,
  propagation: [0x40000, 0x44000],
  copyUp: false,
  idmap: 'maps',
  idmapRecursive: false,
  data: ['size=1'],
};
const program: Step = { op: 'program', args: ['sh', '-c', 'exit 1'], env: [], preserved: 2, home: false };

/** The fields; the last one is ended by a NUL like all others. */
function fields(steps: readonly Step[], slots: readonly string[] = []): string[] {
  const text = encodeSteps(steps, slots);
  expect(text.endsWith('\0')).toBe(true);
  return text.slice(0, -1).split('\0');
}

describe('the header', () => {
  it('names the format and its version, and counts all fields and steps', () => {
    expect(fields([])).toEqual(['tsrun-plan', '1', '4', '0']);
    expect(fields([{ op: 'pivotRoot' }, { op: 'mask', path: '/p' }]).slice(0, 4)).toEqual(['tsrun-plan', '1', '9', '2']);
  });

  it('counts what is there', () => {
    const all = fields([mount, program, { op: 'exec' }], ['maps']);
    expect(all[2]).toBe(String(all.length));
    expect(all[3]).toBe('3');
  });

  it('counts one field less than there are when a value has a NUL in it', () => {
    const smuggled = fields([{ op: 'hostname', name: ['h', 'exec', '0'].join('\0') }]);
    expect(Number(smuggled[2])).toBeLessThan(smuggled.length);
  });
});

describe('a step', () => {
  it('is its name, the number of its arguments and these', () => {
    expect(fields([{ op: 'exec' }]).slice(4)).toEqual(['exec', '0']);
    expect(fields([{ op: 'sysctl', path: 'a/b', value: '' }]).slice(4)).toEqual(['sysctl', '2', 'a/b', '']);
  });

  it('has numbers in decimal, and booleans as 0 and 1', () => {
    const [, , ...console] = fields([{ op: 'console', slot: 'none', rows: 25, columns: 0, uid: 4294967294, bind: true }]).slice(4);
    expect(console).toEqual(['-1', '25', '0', '4294967294', '1']);
    expect(fields([{ op: 'root', path: '/r', clone: true, slave: false }]).at(-1)).toBe('0');
  });

  it('writes large flag words without an exponent', () => {
    expect(fields([{ op: 'unshare', flags: 2 ** 53 - 1 }]).at(-1)).toBe('9007199254740991');
  });

  it('has the length of an array before its items, which count as arguments', () => {
    expect(fields([program]).slice(4)).toEqual(['program', '7', '3', 'sh', '-c', 'exit 1', '0', '2', '0']);
  });

  it('names a slot by its number; -1: none', () => {
    const seccomp: Step = { op: 'seccomp', flags: 0, listener: '', handOver: false, direct: false, mayBlockReport: true };
    expect(fields([{ op: 'filter', slot: 'b' }], ['a', 'b']).slice(6)).toEqual(['1']);
    expect(fields([seccomp], ['a', 'b']).slice(6)).toEqual(['0', '-1', '0', '0', '1']);
    expect(fields([{ ...seccomp, listener: 'a' }], ['a', 'b']).slice(6)).toEqual(['0', '0', '0', '0', '1']);
  });

  it('has its fields in the order of the wire, whatever that of the object', () => {
    const expected = [
      'mount',
      '20',
      '/d',
      'bind',
      '',
      '/s',
      '1',
      '-1',
      '1',
      '1',
      '0',
      '4',
      '2',
      '0',
      '2',
      '262144',
      '278528',
      '0',
      '1',
      '0',
      '1',
      'size=1',
    ];
    expect(fields([mount], ['x', 'maps']).slice(4)).toEqual(expected);
    const reversed = Object.fromEntries(Object.entries(mount).reverse()) as unknown as Step;
    expect(fields([reversed], ['x', 'maps']).slice(4)).toEqual(expected);
  });
});

const compiler = ['g++', 'clang++', 'clang++-14'].find((name) => spawnSync(name, ['--version']).status === 0);
if (compiler === undefined) process.stdout.write('skipped: the native reader: needs a C++ compiler\n');

describe.skipIf(compiler === undefined)('the native reader', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsrun-read-plan-'));
  const native = join(import.meta.dirname, '../../../native');
  const reader = join(directory, 'read_plan');

  beforeAll(() => {
    const sources = [join(import.meta.dirname, '../../fixtures/read_plan.cc'), join(native, 'base/plan_reader.cc')];
    const { status, stderr } = spawnSync(compiler ?? '', ['-std=c++20', '-O0', '-I', native, '-o', reader, ...sources], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  }, 120_000);

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  /** The steps it finds, each with its arguments; or why it refuses. */
  function read(text: string): string[][] | string {
    const { status, stdout, stderr } = spawnSync(reader, { input: text, encoding: 'utf8' });
    if (status !== 0) return stderr.trim();
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
  }

  it('finds what was written', () => {
    expect(read(encodeSteps([{ op: 'pivotRoot' }, { op: 'hostname', name: 'Zürich' }, program], []))).toEqual([
      ['pivotRoot'],
      ['hostname', 'Zürich'],
      ['program', '3', 'sh', '-c', 'exit 1', '0', '2', '0'],
    ]);
    expect(read(encodeSteps([], []))).toEqual([]);
  });

  it('finds all of a real plan', () => {
    const file = join(import.meta.dirname, '../../fixtures/captures/docker-plain/1-create/config.json');
    const { steps, slots } = planCreate(
      JSON.parse(readFileSync(file, 'utf8')) as Spec,
      { ...host, apparmor: true },
      {
        id: 'c',
        bundle: '/b',
        cgroupManager: 'cgroupfs',
        noPivot: false,
        keyring: 'k',
        filterFirst: false,
        preserveFds: 0,
        listenFds: 0,
        notify: '',
      },
    );
    const names = slots.map(({ name }) => name);
    const found = read(encodeSteps(steps, names));
    expect(found).toHaveLength(steps.length);
    steps.forEach((step, at) => {
      // one by one, they are what they are together
      expect(found[at]).toEqual((read(encodeSteps([step], names)) as string[][])[0]);
      expect(found[at]?.[0]).toBe(step.op);
    });
  });

  it('refuses a plan with a NUL in a value, before any step', () => {
    expect(read(encodeSteps([{ op: 'pivotRoot' }, { op: 'hostname', name: 'a\0b' }], []))).toBe('malformed plan: its number of fields');
    expect(read(encodeSteps([{ op: 'hostname', name: '\0' }], []))).toBe('malformed plan: its number of fields');
  });

  // with | for NUL
  it.each<[string, string, string]>([
    ['nothing', '', 'its end'],
    ['an unfinished field', 'tsrun-plan|1|4|0', 'its end'],
    ['another format', 'else|1|4|0|', 'its header'],
    ['another version', 'tsrun-plan|2|4|0|', 'its header'],
    ['a short header', 'tsrun-plan|1|4|', 'its header'],
    ['a wrong count of fields', 'tsrun-plan|1|5|0|', 'its number of fields'],
    ['more steps than there are', 'tsrun-plan|1|6|2|exec|0|', 'a step is missing'],
    ['fewer steps than there are', 'tsrun-plan|1|6|0|exec|0|', 'something after its last step'],
    ['arguments beyond the end', 'tsrun-plan|1|6|1|exec|1|', "a step's number of arguments"],
    ['a number that is none', 'tsrun-plan|1|6|1|exec|x|', "a step's number of arguments"],
    ['a number with a leading zero', 'tsrun-plan|1|6|1|exec|00|', "a step's number of arguments"],
  ])('refuses %s', (_name, text, words) => {
    expect(read(text.replaceAll('|', '\0'))).toBe(`malformed plan: ${words}`);
  });
});
