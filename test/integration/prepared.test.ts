// The heap that the executable begins with: where it lies, that nobody can ask for another, and that without one all is the same.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SLEEP, dist, harness, hosts, shell, skipped, until, whyNoContainers, type TestHost } from './harness.js';

const h = harness('prepared');
const tree = join(import.meta.dirname, '../..');
/** kHeapBegin of native/executable/heap.h. */
const BEGIN = 0x400000000;
const whyNot = hosts[0]?.name === 'tsrun' ? whyNoContainers() : 'is for the executable';

interface Mapping {
  readonly begin: number;
  readonly rights: string;
  readonly path: string;
}

describe.skipIf(skipped('the prepared heap', whyNot))('the prepared heap', () => {
  /** The mappings of a call that stays with its container. */
  async function mappings(): Promise<Mapping[]> {
    const call = h.spawn(['run', '--bundle', h.bundle(shell(`echo up; ${SLEEP}`)), h.id()]);
    expect(await until(() => call.out().includes('up'))).toBe(true);
    const lines = readFileSync(`/proc/${call.pid}/maps`, 'utf8').trim().split('\n');
    call.kill('SIGTERM');
    expect((await call.ended).status).toBe(0);
    return lines.map((line) => {
      const [, begin = '', rights = '', path = ''] = /^(\w+)-\w+ (\S+) \S+ \S+ \S+ *(.*)$/.exec(line) ?? [];
      return { begin: parseInt(begin, 16), rights, path };
    });
  }

  it('is always at one address and never executable; code, stack and all other memory never are where they were', async () => {
    const [one, other] = [await mappings(), await mappings()];
    for (const all of [one, other]) {
      const own = all.filter(({ begin }) => BEGIN <= begin && begin < BEGIN + 2 ** 30);
      expect(own.map(({ rights, path }) => ({ rights, path }))).toEqual([{ rights: 'rw-p', path: join(dist, 'tsrun') }]);
      expect(own[0]?.begin).toBe(BEGIN);
      expect(all.filter(({ rights }) => rights.includes('w') && rights.includes('x'))).toEqual([]);
    }
    const places = (all: readonly Mapping[]): number[] =>
      all.filter(({ begin, path }) => begin !== BEGIN && path !== '[vsyscall]').map(({ begin }) => begin);
    expect(places(one).filter((begin) => places(other).includes(begin))).toEqual([]);
  });

  it('is what the program has, not what a caller asks for', () => {
    const file = h.path('heap');
    expect(spawnSync(join(dist, 'tsrun'), [file], { encoding: 'utf8' }).stderr).toContain('unknown command');
    expect(existsSync(file)).toBe(false);
  });
});

const whyNoBuild = existsSync(join(tree, 'build/executable/compile')) ? undefined : 'the program was built elsewhere';

describe.skipIf(skipped('without a prepared heap', whyNot ?? whyNoBuild))('without a prepared heap', () => {
  let plain: { host: TestHost };

  beforeAll(() => {
    execFileSync(process.execPath, [join(tree, 'scripts/build.mjs'), '--target', 'plain', 'executable'], { stdio: 'inherit' });
    const directory = h.path('plain');
    cpSync(join(dist, 'libexec'), join(directory, 'libexec'), { recursive: true });
    cpSync(join(tree, 'build/plain/dist/tsrun'), join(directory, 'tsrun'));
    plain = { host: { name: 'tsrun', command: [join(directory, 'tsrun')] } };
  }, 120_000);
  afterAll(() => {
    h.clean();
  });

  it('says the same, and where an error came from', () => {
    for (const words of [['--version'], ['--help'], ['state', '--help'], ['features'], ['state', 'nobody'], ['nonsense']]) {
      const untimed = ({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }) => ({
        status,
        // dist/ may be of the commit before, while somebody works on it
        stdout: stdout.replace(/\b[0-9a-f]{40}\b/, ''),
        stderr: stderr.replace(/time="[^"]*"/g, ''),
      });
      expect(untimed(h.tsrun(words, plain))).toEqual(untimed(h.tsrun(words)));
    }
    for (const host of [plain, {}])
      expect(h.tsrun(['--debug', 'state', 'nobody'], host).stderr).toMatch(/ at readState \(src\/state\/store\.ts:\d+\)/);
  });

  it('a container goes through its life', () => {
    expect(h.run([shell('echo hello; exit 3')], plain)).toMatchObject({ status: 3, stdout: 'hello\n', stderr: '' });
    const id = h.id();
    h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id], plain);
    h.ok(['start', id], plain);
    expect(h.ok(['exec', id, 'echo', 'inside'], plain)).toBe('inside\n');
    h.ok(['delete', '--force', id], plain);
  });

  it('a call that finds too little memory to start with says so in a line, or it does all that it has to', () => {
    // what does not even get past the C library's own start is not ours to say
    const script = `ulimit -c 0; for size in $(seq 4800 12 7200); do (ulimit -v $size && exec "$0" --version) 2>&1; done`;
    const words = ['tsrun: start the engine: Cannot allocate memory', 'tsrun: InternalError: out of memory'];
    for (const program of [plain.host.command[0] ?? '', join(dist, 'tsrun')]) {
      const lines = spawnSync('/bin/sh', ['-c', script, program], { encoding: 'utf8' }).stdout.split('\n');
      const told = lines.filter((line) => !/^(tsrun version|commit|spec|engine): ?|^tsrun version|glibc|Killed|fault|^$/.test(line));
      expect(told.filter((line) => !words.includes(line))).toEqual([]);
      expect(lines.some((line) => line.startsWith('tsrun version'))).toBe(true);
    }
  });

  it('two preparations leave the same bytes, wherever the kernel placed the program', () => {
    const prepare = join(tree, 'build/executable/prepare');
    const [one, other] = ['one', 'other'].map((name) => {
      execFileSync(prepare, [h.path(name)], { env: { NOTIFY_SOCKET: `/${name}`, HOME: `/${name}` } });
      return readFileSync(h.path(name));
    });
    expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
    expect(readdirSync(join(tree, 'build/executable'))).toContain('heap.payload');
    expect(one?.equals(readFileSync(join(tree, 'build/executable/heap.payload')))).toBe(true);
  });
});
