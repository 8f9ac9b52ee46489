// `events` against the kernel that counts: every controller's numbers beside the cgroup's files, real out-of-memory kills, and runc's JSON.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { decodeEvent } from '../fixtures/go-runc.js';
import { harness, shell, skipped, until, whyNoContainers, type Change } from '../integration/harness.js';
import { controllers, of } from './box.js';

const h = harness('vm-events');
const PAGES = '/proc/sys/vm/nr_hugepages';
const pagesBefore = controllers.includes('hugetlb') ? readFileSync(PAGES, 'utf8') : undefined;

/** A directory on a disk: writes to a tmpfs are nobody's. */
const disk = mkdtempSync('/var/tmp/tsrun-events-');
afterAll(() => {
  rmSync(disk, { recursive: true, force: true });
  if (pagesBefore !== undefined) writeFileSync(PAGES, pagesBefore);
});

const MIB = 1 << 20;

function bind(source: string, destination: string): Change {
  return (config) => {
    config.mounts.push({ destination, type: 'bind', source, options: ['bind'] });
  };
}

function limits(memory: number): Change {
  return (config) => {
    config.linux.resources = {
      ...config.linux.resources,
      memory: { limit: memory, swap: memory },
      cpu: { quota: 20_000, period: 100_000, ...of('cpuset', { cpus: '0', mems: '0' }) },
      pids: { limit: 12 },
      ...of('hugetlb', { hugepageLimits: [{ pageSize: '2MB', limit: 4 * MIB }] }),
    };
  };
}

const cgroupOf = (id: string): string => h.cgroups().find((path) => path.endsWith(id)) ?? '';

/** A flat keyed file of a cgroup. */
function counts(path: string, file: string): Record<string, bigint> {
  const lines = readFileSync(join(path, file), 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0] ?? '', BigInt(line.split(' ')[1] ?? 0)]));
}

const number = (path: string, file: string): bigint => BigInt(readFileSync(join(path, file), 'utf8').trim());
const total = (path: string, file: string): number => Number(/^some .*total=(\d+)$/m.exec(readFileSync(join(path, file), 'utf8'))?.[1]);

/** Whether a process has a cgroup's event file open. */
function isWatching(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith('/memory.events'));
  } catch {
    return false;
  }
}

describe.skipIf(skipped('events in the virtual machine', whyNoContainers()))('events', () => {
  it('--stats says what the files of every controller say', async () => {
    const script = `
      i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done
      dd if=/dev/zero of=/disk/x bs=65536 count=32 conv=fsync 2>/dev/null
      head -c 8000000 /dev/zero >/disk/cache; cat /disk/cache >/dev/null
      for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 1000 & done 2>/dev/null; echo >/disk/ready; sleep 1000`;
    // a shell that cannot fork ends: the init stays
    const id = h.running([shell(`sh -c '${script}'; echo >/disk/ready; sleep 1000`), limits(64 * MIB), bind(disk, '/disk')]);
    expect(await until(() => existsSync(join(disk, 'ready')), 120_000)).toBe(true);
    const path = cgroupOf(id);
    if (pagesBefore !== undefined) writeFileSync(PAGES, '4');
    const reserved = pagesBefore === undefined ? 0 : Number(readFileSync(PAGES, 'utf8'));
    const missing = reserved >= 1 ? undefined : 'no huge pages in this kernel, or no memory in one piece for them';
    const huge = skipped('huge pages', missing)
      ? undefined
      : spawn('python3', [
          '-c',
          `import mmap, os, sys, time
open(sys.argv[1] + '/cgroup.procs', 'w').write(str(os.getpid()))
m = mmap.mmap(-1, 2 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000); m[0] = 1
time.sleep(1000)`,
          path,
        ]);
    try {
      if (huge !== undefined) expect(await until(() => number(path, 'hugetlb.2MB.current') > 0n)).toBe(true);
      // nothing moves while it is read
      h.ok(['pause', id]);
      const earlier = counts(path, 'cpu.stat');
      const event = decodeEvent(h.ok(['events', '--stats', id])) as { data: Record<string, Record<string, unknown>> };
      const raw = JSON.parse(h.ok(['events', '--stats', id])) as { data: Record<string, Record<string, unknown>> };

      const cpu = counts(path, 'cpu.stat');
      // the timer of the quota goes on for a few periods without anybody to hold back
      expect(cpu['nr_throttled']).toBeGreaterThan(0n);
      expect(event.data['cpu']).toEqual({
        usage: {
          total: (cpu['usage_usec'] ?? 0n) * 1000n,
          kernel: (cpu['system_usec'] ?? 0n) * 1000n,
          user: (cpu['user_usec'] ?? 0n) * 1000n,
        },
        throttling: {
          periods: expect.toSatisfy(
            (periods) => periods >= (earlier['nr_periods'] ?? 0n) && periods <= (cpu['nr_periods'] ?? 0n),
          ) as bigint,
          throttledPeriods: cpu['nr_throttled'],
          throttledTime: (cpu['throttled_usec'] ?? 0n) * 1000n,
        },
      });
      expect(raw.data['cpu']).toMatchObject({ psi: { some: { total: total(path, 'cpu.pressure') } } });
      expect(total(path, 'cpu.pressure')).toBeGreaterThan(0);
      if (controllers.includes('cpuset')) expect(raw.data['cpuset']).toMatchObject({ cpus: [0], mems: [0] });

      const { usage, swap, raw: stat } = event.data['memory'] as unknown as Record<string, Record<string, bigint>>;
      expect(usage).toMatchObject({ limit: BigInt(64 * MIB), max: number(path, 'memory.peak') });
      expect(usage?.['failcnt']).toBe(counts(path, 'memory.events')['max']);
      expect(Math.abs(Number((usage?.['usage'] ?? 0n) - number(path, 'memory.current')))).toBeLessThan(MIB);
      expect(swap?.['limit']).toBe(BigInt(64 * MIB));
      expect(Object.keys(stat ?? {})).toEqual(Object.keys(counts(path, 'memory.stat')).sort());
      expect(stat?.['file']).toBeGreaterThan(0n);
      expect(raw.data['memory']).toHaveProperty('psi.full.total');

      expect(event.data['pids']).toEqual({ current: number(path, 'pids.current'), limit: 12n });
      expect(counts(path, 'pids.events')['max']).toBeGreaterThan(0n);

      const written = [...readFileSync(join(path, 'io.stat'), 'utf8').matchAll(/^(\d+):(\d+) .*wbytes=(\d+)/gm)];
      const entries = event.data['blkio']?.['ioServiceBytesRecursive'] as { major?: bigint; minor?: bigint; op: string; value?: bigint }[];
      for (const [, major = '', minor = '', bytes = ''] of written) {
        const entry = entries.find(
          (each) => (each.major ?? 0n) === BigInt(major) && (each.minor ?? 0n) === BigInt(minor) && each.op === 'Write',
        );
        expect(entry?.value ?? 0n).toBe(BigInt(bytes));
      }
      expect(written.reduce((sum, [, , , bytes]) => sum + Number(bytes), 0)).toBeGreaterThanOrEqual(2 * MIB);

      const sizes = event.data['hugetlb'] as unknown as Record<string, Record<string, bigint>>;
      if (huge !== undefined) expect(sizes['2MB']).toEqual({ usage: BigInt(2 * MIB), failcnt: 0n });
    } finally {
      huge?.kill('SIGKILL');
    }
  });

  it('tells of a process that the kernel ended for want of memory, and goes on', async () => {
    const go = join(disk, 'go');
    const id = h.running([
      shell('while [ ! -e /disk/go ]; do sleep 0.1; done; tail /dev/zero; rm /disk/go; while :; do sleep 0.1; done'),
      limits(24 * MIB),
      bind(disk, '/disk'),
    ]);
    const stream = h.spawn(['events', '--interval', '1h', id]);
    expect(await until(() => isWatching(stream.pid))).toBe(true);
    writeFileSync(go, '');
    expect(await until(() => stream.out().includes('oom'), 120_000)).toBe(true);
    expect(await until(() => !existsSync(go))).toBe(true);
    expect(h.state(id).status).toBe('running');
    h.ok(['kill', id, 'KILL']);
    expect(await stream.ended).toEqual({ status: 0, stdout: `{"type":"oom","id":"${id}"}\n`, stderr: '' });
  });

  it('tells of the kill that ended the container, though its cgroup is removed at once', async () => {
    const go = join(disk, 'last');
    const id = h.id();
    const bundle = h.bundle(
      shell('while [ ! -e /disk/last ]; do sleep 0.1; done; exec tail /dev/zero'),
      limits(24 * MIB),
      bind(disk, '/disk'),
    );
    const run = h.spawn(['run', '--bundle', bundle, id], { timeout: 200_000 });
    expect(await until(() => h.tsrun(['state', id]).stdout.includes('"running"'))).toBe(true);
    const stream = h.spawn(['events', '--interval', '1h', id], { timeout: 200_000 });
    expect(await until(() => isWatching(stream.pid))).toBe(true);
    writeFileSync(go, '');
    expect((await run.ended).status).toBe(137);
    expect(await stream.ended).toEqual({ status: 0, stdout: `{"type":"oom","id":"${id}"}\n`, stderr: '' });
    await h.expectNothingLeft();
  });

  const runc = spawnSync('runc', ['--version']).status === 0 ? undefined : 'needs runc';
  it.skipIf(skipped("runc's events", runc))('--stats has what runc has in it, in the same types', () => {
    const named = (name: string): Change[] => [
      shell('i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 1000'),
      limits(32 * MIB),
      (config) => {
        config.linux.cgroupsPath = `/${h.tag}/${name}`;
      },
    ];
    const [ours, theirs] = [h.id(), h.id()];
    h.ok(['run', '--detach', '--bundle', h.bundle(...named('ours')), ours]);
    const root = h.path('runc');
    mkdirSync(root, { recursive: true });
    const call = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync('runc', ['--root', root, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (status !== 0) throw new Error(`runc ${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    const started = spawnSync('runc', ['--root', root, 'run', '--detach', '--bundle', h.bundle(...named('theirs')), theirs], {
      stdio: 'ignore',
    });
    expect(started.status).toBe(0);
    try {
      const shape = (value: unknown, at = ''): string[] => {
        if (typeof value !== 'object' || value === null) return [`${at} ${typeof value}`];
        return Object.entries(value).flatMap(([key, each]) => shape(each, `${at}.${key}`));
      };
      // zero in one and not in the other is left out of one: only what is there in every container
      const always = (line: string): string[] =>
        shape(JSON.parse(line)).filter(
          (key) => !/\.(blkio|cache|failcnt|raw\.|kernel|kernelTCP|throttling)/.test(key.replace('.cpu.usage.kernel', '')),
        );
      expect(always(h.ok(['events', '--stats', ours]))).toEqual(expect.arrayContaining(always(call('events', '--stats', theirs))));
    } finally {
      call('delete', '--force', theirs);
    }
  });
});
