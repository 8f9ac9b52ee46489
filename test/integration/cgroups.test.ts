/** The cgroupfs driver and the device filter on this kernel. Needs root; a host without cgroup v2 skips it. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCgroup, type MadeCgroup } from '../../src/cgroups/cgroupfs.js';
import { freeze, isFrozen, isPopulated, thaw, waitEmpty } from '../../src/cgroups/freezer.js';
import { readCgroupFacts } from '../../src/cgroups/mount.js';
import { killCgroup } from '../../src/cgroups/kill.js';
import { cgroupPids } from '../../src/cgroups/processes.js';
import { removeCgroup } from '../../src/cgroups/remove.js';
import { writeResources } from '../../src/cgroups/write.js';
import { native } from '../../src/native.js';
import { compileDeviceRules, TYPE } from '../../src/plan/device_program.js';
import { planDeviceFilter } from '../../src/plan/devices.js';
import type { CgroupPlan } from '../../src/plan/plan.js';
import type { DeviceRule } from '../../src/spec/types.js';
import { dist } from '../fixtures/addon.js';
import { skipped } from './harness.js';

vi.mock('../../src/native.js', async () => {
  const { addon } = await import('../fixtures/addon.js');
  return { native: () => addon };
});

const facts = readCgroupFacts();
const mount = facts.cgroupMount ?? '';
const base = `/tsrun-test-${process.pid}`;
const top = mount + base;

const plan = (rest: Partial<CgroupPlan> = {}): CgroupPlan => ({
  path: `${base}/box`,
  controllers: facts.controllers,
  writes: [],
  deviceFilter: null,
  deviceFilterOptional: false,
  owner: null,
  optional: false,
  warnings: [],
  ...rest,
});

const running: ChildProcess[] = [];
const open: number[] = [];

function create(rest: Partial<CgroupPlan> = {}): MadeCgroup {
  const made = createCgroup(plan(rest), mount);
  if (made === null) throw new Error('no cgroup');
  open.push(made.fd);
  return made;
}

/** A process that sleeps in the cgroup. */
function sleeper(path: string): number {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  running.push(child);
  writeFileSync(`${path}/cgroup.procs`, String(child.pid));
  return child.pid ?? 0;
}

/** What a shell command says that runs in the cgroup. */
function inside(path: string, command: string): string {
  const { stdout, stderr } = spawnSync('sh', ['-c', `echo 0 > "$0/cgroup.procs"; ${command}`, path], { encoding: 'utf8' });
  return stdout + stderr;
}

describe.skipIf(skipped('cgroupfs', process.getuid?.() !== 0 || mount === '' ? 'needs root and cgroup v2' : undefined))('cgroupfs', () => {
  beforeAll(() => {
    expect(statSync(mount).isDirectory()).toBe(true);
  });
  beforeEach(() => {
    mkdirSync(top);
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    for (const fd of open.splice(0)) native().close(fd);
    // only our own: the directory this test made
    if (existsSync(top)) {
      killCgroup(top);
      removeCgroup(top);
    }
  });

  test('makes every level, and undoes what it made', () => {
    const made = create({ path: `${base}/a/b/c` });
    expect(made.path).toBe(`${top}/a/b/c`);
    expect(made.warnings).toEqual([]);
    expect(readdirSync(`/proc/self/fd`)).toContain(String(made.fd));
    for (const level of [top, `${top}/a`, `${top}/a/b`]) {
      const enabled = readFileSync(`${level}/cgroup.subtree_control`, 'utf8').trim().split(' ').join(' ');
      expect(enabled.split(' ').filter(Boolean).sort()).toEqual([...facts.controllers].sort());
    }
    made.undo();
    expect(existsSync(`${top}/a`)).toBe(false);
    expect(existsSync(top)).toBe(true);
    made.undo();
  });

  test('a failing write undoes all and names the property', () => {
    const write = { file: 'cgroup.max.depth', value: 'deep', controller: '', pointer: '/linux/resources/unified/cgroup.max.depth' };
    expect(() => create({ path: `${base}/a/b`, writes: [write] })).toThrow(
      /^\/linux\/resources\/unified\/cgroup\.max\.depth: .*invalid argument/i,
    );
    expect(existsSync(`${top}/a`)).toBe(false);
  });

  test('values reach the files, in order, and only then', () => {
    const write = (value: string) => ({ file: 'cgroup.max.descendants', value, controller: '', pointer: '/x' });
    const made = create({ writes: [write('5'), write('7')] });
    expect(readFileSync(`${made.path}/cgroup.max.descendants`, 'utf8')).toBe('7\n');
    const missing = { ...write('9'), file: 'cgroup.no-such-file' };
    writeResources(made.path, [
      { ...missing, tolerate: ['ENOENT'] },
      { ...missing, instead: { file: 'cgroup.max.depth', value: '4' } },
    ]);
    expect(readFileSync(`${made.path}/cgroup.max.depth`, 'utf8')).toBe('4\n');
    const above = { files: ['cgroup.max.descendants'], limit: '7', what: 'memory' };
    expect(() => writeResources(made.path, [write('1'), { ...write('2'), above }])).toThrow('rejecting memory limit 7 <= usage 7');
    expect(readFileSync(`${made.path}/cgroup.max.descendants`, 'utf8')).toBe('7\n');
  });

  test.skipIf(skipped('a limit of a controller', facts.controllers.includes('hugetlb') ? undefined : 'cgroup v2 has no hugetlb here'))(
    'a limit of a controller',
    () => {
      const sizes = readdirSync('/sys/kernel/mm/hugepages');
      if (!sizes.includes('hugepages-2048kB')) return;
      const write = (file: string) => ({ file, value: '4194304', controller: 'hugetlb', pointer: '/x' });
      const made = create({ writes: [write('hugetlb.2MB.max'), write('hugetlb.2MB.rsvd.max')] });
      expect(readFileSync(`${made.path}/hugetlb.2MB.rsvd.max`, 'utf8')).toBe('4194304\n');
    },
  );

  // threads can be divided by the others, next to processes (cgroup-v2.rst, "Threads")
  const controller = facts.controllers.find((name) => !['cpu', 'cpuset', 'perf_event', 'pids'].includes(name)) ?? '';
  test.skipIf(skipped('controllers of a parent with processes', controller === '' ? 'cgroup v2 has none for processes here' : undefined))(
    'a parent with processes cannot give a controller',
    () => {
      sleeper(top);
      const write = { file: `${controller}.x`, value: '1', controller, pointer: '/x' };
      expect(() => create({ writes: [write] })).toThrow(/enable the ".*" controller below .*has processes of its own/);
      expect(existsSync(`${top}/box`)).toBe(false);
      // without a limit it is not needed
      expect(create().path).toBe(`${top}/box`);
    },
  );

  test('an existing cgroup must be unused, and stays', () => {
    mkdirSync(`${top}/box`);
    create().undo();
    expect(existsSync(`${top}/box`)).toBe(true);
    mkdirSync(`${top}/box/sub`);
    sleeper(`${top}/box/sub`);
    expect(() => create()).toThrow("container's cgroup is not empty: 1 process(es) found");
    killCgroup(top);
    expect(waitEmpty(top, 5000)).toBe(true);
    freeze(`${top}/box`);
    expect(() => create()).toThrow("container's cgroup unexpectedly frozen");
    expect(existsSync(`${top}/box`)).toBe(true);
  });

  test('below a threaded cgroup it becomes threaded; its processes are found and killed all the same', () => {
    mkdirSync(`${top}/box`);
    writeFileSync(`${top}/box/cgroup.type`, 'threaded');
    const { path } = create({ path: `${base}/box/x/new`, controllers: [] });
    expect(readFileSync(`${path}/cgroup.type`, 'utf8')).toBe('threaded\n');
    const pids = [sleeper(path), sleeper(path)];
    expect(cgroupPids(path)).toEqual(pids.toSorted((a, b) => a - b));
    killCgroup(path);
    expect(waitEmpty(path, 5000)).toBe(true);
    removeCgroup(path);
  });

  test('below a frozen one it is refused', () => {
    mkdirSync(`${top}/ice`);
    freeze(`${top}/ice`);
    expect(() => create({ path: `${base}/ice/new` })).toThrow("container's cgroup unexpectedly frozen");
    expect(existsSync(`${top}/ice/new`)).toBe(false);
  });

  test('hands over the directory and the listed files only', () => {
    const { path } = create({ owner: { uid: 12345, gid: -1 } });
    const listed = readFileSync('/sys/kernel/cgroup/delegate', 'utf8').trim().split('\n');
    expect(statSync(path)).toMatchObject({ uid: 12345, gid: 0 });
    for (const file of readdirSync(path))
      expect([file, statSync(`${path}/${file}`).uid]).toEqual([file, listed.includes(file) ? 12345 : 0]);
  });

  test('processes: list, freeze, kill, wait, remove', () => {
    const { path } = create();
    mkdirSync(`${path}/sub`);
    expect(isPopulated(path)).toBe(false);
    const pids = [sleeper(path), sleeper(`${path}/sub`)];
    expect(cgroupPids(path)).toEqual(pids.toSorted((a, b) => a - b));
    expect(waitEmpty(path, 20)).toBe(false);
    expect(() => removeCgroup(path, 20)).toThrow(/it still has processes: /);
    freeze(path);
    expect(isFrozen(path)).toBe(true);
    thaw(path);
    expect(isFrozen(path)).toBe(false);
    freeze(path);
    killCgroup(path);
    expect(waitEmpty(path, 5000)).toBe(true);
    removeCgroup(path);
    expect(existsSync(path)).toBe(false);
    // gone is fine everywhere
    removeCgroup(path);
    killCgroup(path);
    expect(waitEmpty(path, 0)).toBe(true);
    expect(cgroupPids(path)).toEqual([]);
  });

  test('two callers do not take the parent from each other', () => {
    const first = create({ path: `${base}/shared/one` });
    const second = create({ path: `${base}/shared/two` });
    first.undo();
    expect(existsSync(second.path)).toBe(true);
    second.undo();
    expect(existsSync(`${top}/shared`)).toBe(true);
    rmdirSync(`${top}/shared`);
  });

  describe('bpf(2), which writes past a short attribute on Linux 6.17 to 7.1', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tsrun-bpf-'));
    const fixture = join(import.meta.dirname, '../fixtures/bpf_canary.cc');
    // where there is no compiler, as in the virtual machine, it has been brought along
    const brought = fixture.replace(/\.cc$/, '');
    const canary = existsSync(brought) ? brought : join(scratch, 'bpf_canary');
    const native = join(import.meta.dirname, '../../native');
    const bytesLost = (how: 'full' | 'short'): string => {
      const { path } = create({ path: `${base}/canary-${how}`, deviceFilter: planDeviceFilter([]) });
      return execFileSync(canary, [path, how], { encoding: 'utf8' }).trim();
    };
    beforeAll(() => {
      if (canary !== brought) execFileSync('g++', ['-std=c++20', '-O1', '-I', native, '-o', canary, fixture]);
    });
    afterAll(() => {
      rmSync(scratch, { recursive: true });
    });

    test('never past ours, all of which is zero before (kernel 6.17)', () => {
      expect(bytesLost('full')).toBe('0');
    });

    test('past a short one, which shows that this would be seen', () => {
      // succeeds (kernel 6.17): an attribute of the size that the command needs
      // the 4 bytes of the number of programs
      expect(bytesLost('short')).toBe('4');
    });
  });

  describe('the device filter', () => {
    const deny: DeviceRule = { allow: false, access: 'rwm' };
    const read = 'head -c 1 /dev/zero | wc -c; head -c 1 /dev/kmsg | wc -c';
    const filter = (...rules: DeviceRule[]) => planDeviceFilter(rules);

    test('denies what is not listed', () => {
      const kmsg: DeviceRule = { allow: true, type: 'c', major: 1, minor: 11, access: 'r' };
      const { path, fd } = create({ deviceFilter: filter(deny) });
      expect(inside(path, 'echo ok > /dev/null && head -c 1 /dev/zero | wc -c')).toBe('1\n');
      expect(inside(path, 'head -c 1 /dev/kmsg')).toMatch(/not permitted/);
      // replaced, not added
      for (const rules of [[deny, kmsg], [deny], [deny, kmsg]]) native().attachDeviceFilter(fd, filter(...rules) ?? new Uint8Array());
      expect(inside(path, read)).not.toMatch(/not permitted/);
      native().attachDeviceFilter(fd, filter(deny) ?? new Uint8Array());
      expect(inside(path, read)).toMatch(/not permitted/);
    });

    test('tells reading from writing, and an open for both is both', () => {
      const rule = (access: string): DeviceRule => ({ allow: true, type: 'c', major: 1, minor: 11, access });
      const { path, fd } = create({ deviceFilter: filter(deny, rule('r')) });
      const attempt = () => ['<', '>>', '<>'].map((how) => !inside(path, `: ${how} /dev/kmsg`).includes('not permitted'));
      expect(attempt()).toEqual([true, false, false]);
      native().attachDeviceFilter(fd, filter(deny, rule('r'), rule('w')) ?? new Uint8Array());
      expect(attempt()).toEqual([true, true, true]);
    });

    test('holds in cgroups below', () => {
      const { path } = create({ deviceFilter: filter(deny) });
      mkdirSync(`${path}/sub`);
      expect(inside(`${path}/sub`, 'head -c 1 /dev/kmsg')).toMatch(/not permitted/);
    });

    test('the verifier takes long lists', () => {
      const mixed = Array.from({ length: 1000 }, (_, minor) => ({
        allow: minor % 2 === 0,
        type: TYPE.c,
        major: minor % 97,
        minor,
        access: 1 + (minor % 7),
      }));
      const plain = Array.from({ length: 5000 }, (_, minor) => ({ allow: true, type: TYPE.b, major: 8 + (minor % 3), minor, access: 7 }));
      const programs = [mixed, plain].map((rules) =>
        compileDeviceRules([...rules, { allow: true, type: TYPE.c, major: 1, minor: 3, access: 7 }]),
      );
      for (const [index, deviceFilter] of programs.entries()) {
        const { path } = create({ path: `${base}/box${index}`, deviceFilter });
        expect(inside(path, 'echo x > /dev/null && echo fine')).toBe('fine\n');
      }
    });

    test('a program that the verifier refuses is an error with its reason, and undone', () => {
      const loop = new Uint8Array([0x05, 0, 0xff, 0xff, 0, 0, 0, 0]);
      expect(() => create({ deviceFilter: loop })).toThrow(/^make cgroup .*load the device filter \(.+\)/);
      expect(existsSync(`${top}/box`)).toBe(false);
      expect(() => create({ deviceFilter: new Uint8Array(7) })).toThrow(/load the device filter/);
    });
  });

  test.skipIf(skipped('a caller without rights', existsSync(join(dist, 'lib/cgroups/cgroupfs.js')) ? undefined : 'needs dist/lib'))(
    'a caller without rights does without, if nothing was asked for',
    () => {
      mkdirSync(`${top}/box`);
      chmodSync(top, 0o755);
      const script = `
      process.setgid(65534); process.setuid(65534);
      const m = await import(process.argv[1] + '/cgroups/cgroupfs.js');
      try { console.log(String(m.createCgroup(JSON.parse(process.argv[2]), process.argv[3]))); } catch (error) { console.log(error.message); }`;
      const lib = join(dist, 'lib');
      const asNobody = (rest: Partial<CgroupPlan>) =>
        spawnSync(
          process.execPath,
          ['--input-type=module', '-e', script, lib, JSON.stringify(plan({ path: `${base}/new`, ...rest })), mount],
          {
            encoding: 'utf8',
          },
        ).stdout;
      expect(asNobody({ optional: true })).toBe('null\n');
      expect(asNobody({ optional: false })).toMatch(/^make cgroup .*permission denied/i);
    },
  );
});
