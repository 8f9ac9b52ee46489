/** The device filter on a kernel with everything: what bpftool sees, what processes may open and make, and how it is replaced. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';

import type { Native } from '../../src/native.js';
import { ACCESS, TYPE } from '../../src/plan/device_program.js';
import { deviceRules, planDeviceFilter } from '../../src/plan/devices.js';
import type { DeviceRule } from '../../src/spec/types.js';
import { addon } from '../fixtures/addon.js';
import { asUser, harness, hosts, shell, SLEEP, until, USER, type Change } from '../integration/harness.js';
import { interpret } from '../unit/plan/device_list.js';

const h = harness('devices');
const native: Native = addon;
const MOUNT = '/sys/fs/cgroup';

interface Program {
  readonly id: number;
  readonly attach_type: string;
  readonly attach_flags: string;
}

/** The device programs attached to a cgroup itself. */
function attached(cgroup: string): Program[] {
  const text = execFileSync('bpftool', ['--json', 'cgroup', 'show', cgroup], { encoding: 'utf8' }).trim();
  const programs = text === '' ? [] : (JSON.parse(text) as Program[]);
  return programs.filter(({ attach_type }) => attach_type === 'cgroup_device' || attach_type === 'device');
}

function programs(): number[] {
  const all = JSON.parse(execFileSync('bpftool', ['--json', 'prog', 'show'], { encoding: 'utf8' })) as { id: number; type: string }[];
  return all.filter(({ type }) => type === 'cgroup_device').map(({ id }) => id);
}

const cgroupOf = (id: string): string =>
  MOUNT +
  readFileSync(`/proc/${h.state(id).pid}/cgroup`, 'utf8')
    .trim()
    .slice('0::'.length);

const deny: DeviceRule = { allow: false, access: 'rwm' };
const rule = (allow: boolean, type: 'b' | 'c', major: number, minor: number | undefined, access: string): DeviceRule => ({
  allow,
  type,
  major,
  ...(minor === undefined ? {} : { minor }),
  access,
});

const devices =
  (rules: readonly DeviceRule[]): Change =>
  ({ linux }) => {
    linux.resources = { devices: rules.map((one) => ({ ...one })) };
  };

const mayMknod: Change = ({ process }) => {
  for (const set of ['bounding', 'effective', 'permitted'] as const)
    process.capabilities = { ...process.capabilities, [set]: [...(process.capabilities?.[set] ?? []), 'CAP_MKNOD'] };
};

const made: string[] = [];
const open: number[] = [];

/** An empty cgroup of the test's own, open. */
function cgroup(parent = MOUNT): { path: string; fd: number } {
  const path = `${parent}/${h.id('cg')}`;
  mkdirSync(path);
  made.push(path);
  const fd = native.openCgroup(path);
  open.push(fd);
  return { path, fd };
}

const filter = (...rules: DeviceRule[]): Uint8Array => planDeviceFilter(rules) ?? new Uint8Array();

afterEach(async () => {
  for (const fd of open.splice(0)) native.close(fd);
  for (const path of made.splice(0).reverse()) {
    await until(() => readFileSync(`${path}/cgroup.events`, 'utf8').includes('populated 0'));
    rmdirSync(path);
  }
});

describe('the device filter', () => {
  it('is one program on the cgroup, as long as planned, and goes with it', async () => {
    const rules = [deny, rule(true, 'c', 10, 229, 'rwm')];
    const id = h.running([shell(SLEEP), devices(rules)]);
    const [program, ...more] = attached(cgroupOf(id));
    expect(more).toEqual([]);
    expect(program?.attach_flags).toBe('multi');
    const shown = JSON.parse(execFileSync('bpftool', ['--json', 'prog', 'show', 'id', String(program?.id)], { encoding: 'utf8' })) as {
      type: string;
      bytes_xlated: number;
    };
    expect(shown).toMatchObject({ type: 'cgroup_device', bytes_xlated: filter(...rules).length });
    expect(programs()).toContain(program?.id);
    h.ok(['delete', '--force', id]);
    // the kernel lets go of a removed cgroup's programs later (kernel/bpf/cgroup.c, cgroup_bpf_release)
    expect(await until(() => !programs().includes(program?.id ?? 0))).toBe(true);
  });

  it('is none for a container that may use all devices', () => {
    const id = h.running([shell(SLEEP), devices([{ allow: true, access: 'rwm' }])]);
    expect(attached(cgroupOf(id))).toEqual([]);
  });

  it('decides every open as a plain reading of the list does', () => {
    const rules = [
      deny,
      rule(true, 'c', 10, 229, 'r'),
      rule(true, 'c', 10, 237, 'w'),
      rule(true, 'b', 7, undefined, 'rw'),
      rule(false, 'b', 7, 1, 'w'),
      rule(false, 'c', 1, 7, 'rw'),
    ];
    // null, full (a default device, denied), fuse, loop-control, three loops, a disk
    const nodes = [
      ['c', 1, 3],
      ['c', 1, 7],
      ['c', 10, 229],
      ['c', 10, 237],
      ['b', 7, 0],
      ['b', 7, 1],
      ['b', 7, 2],
      ['b', 254, 0],
    ] as const;
    const opens = [
      ['<', ACCESS.r],
      ['>>', ACCESS.w],
      ['<>', ACCESS.r | ACCESS.w],
    ] as const;
    const lines = nodes.flatMap(([type, major, minor]) => {
      const node = `/dev/t-${type}-${major}-${minor}`;
      return [`mknod ${node} ${type} ${major} ${minor} || echo no node`, ...opens.map(([how]) => `try '${how}' ${node}`)];
    });
    const script = `try() { case $(eval ": $1 $2" 2>&1) in *'not permitted'*) echo no;; *) echo yes;; esac; }; ${lines.join('; ')}`;
    const { status, stdout, stderr } = h.run([shell(script), devices(rules), mayMknod]);
    expect([status, stderr]).toEqual([0, '']);
    const list = deviceRules(rules);
    const expected = nodes.flatMap(([type, major, minor]) =>
      opens.map(([, access]) => (interpret(list, { type: TYPE[type], major, minor, access }) ? 'yes' : 'no')),
    );
    expect(stdout.trim().split('\n')).toEqual(expected);
    expect(expected).toContain('no');
  });

  it('holds in a user namespace too', () => {
    const own: Change = ({ linux }) => {
      linux.namespaces?.push({ type: 'user' });
      linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    };
    const bind: Change = ({ mounts }) => {
      mounts.push({ destination: '/dev/fuse', type: 'bind', source: '/dev/fuse', options: ['bind'] });
    };
    const attempt = (rules: DeviceRule[]) => h.run([shell(': <> /dev/fuse && echo opened'), own, bind, devices(rules)]);
    expect(attempt([deny])).toMatchObject({ stdout: '', stderr: expect.stringContaining('not permitted') as string });
    expect(attempt([deny, rule(true, 'c', 10, 229, 'rw')])).toMatchObject({ status: 0, stdout: 'opened\n' });
  });

  it('is left out for an ordinary user, to whom the kernel refuses it', () => {
    const [host] = hosts;
    if (host === undefined) throw new Error('no host');
    const config = h.config(shell('echo ran'), devices([deny]), ({ linux }) => {
      linux.namespaces = [...(linux.namespaces ?? []).filter(({ type }) => type !== 'network'), { type: 'user' }];
      linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: USER, size: 1 }];
    });
    // what one mapped id and the host's network namespace do not allow
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
    for (const mount of config.mounts) mount.options = mount.options?.filter((option) => !option.startsWith('gid=')) ?? [];
    const root = h.path('user-state');
    mkdirSync(root);
    chownSync(root, USER, USER);
    const { status, stdout, stderr } = h.tsrun(['run', '--bundle', h.bundleOf(config), h.id()], { host: asUser(host), root });
    expect([status, stdout, stderr]).toEqual([0, 'ran\n', '']);
  });
});

describe('replacing the filter', () => {
  it('leaves no moment without one, and none behind', async () => {
    const { path, fd } = cgroup();
    native.attachDeviceFilter(fd, filter(deny));
    const [first] = attached(path);
    const script = `
import os, sys
open('${path}/cgroup.procs', 'w').write('0')
print('ready', flush=True)
os.set_blocking(0, False)
rounds = leaks = refused = 0
while True:
    rounds += 1
    for device in ('/dev/fuse', '/dev/loop-control'):
        try:
            os.close(os.open(device, os.O_RDONLY)); leaks += 1
        except PermissionError: pass
    try: os.close(os.open('/dev/null', os.O_RDWR))
    except PermissionError: refused += 1
    if rounds % 10 == 0:
        try:
            if os.read(0, 1) == b'': break
        except BlockingIOError: pass
print(rounds, leaks, refused)
`;
    const opener = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    opener.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
    const closed = new Promise((resolve) => opener.once('close', resolve));
    expect(await until(() => out.includes('ready'))).toBe(true);
    for (let round = 0; round < 100; round++) {
      native.attachDeviceFilter(
        fd,
        round % 2 === 0 ? filter(deny, rule(true, 'c', 10, 200, 'rw')) : filter(deny, rule(true, 'c', 5, 1, 'r')),
      );
      if (round % 10 === 0) await until(() => false, 1);
    }
    opener.stdin.end();
    await closed;
    const [rounds, leaks, refused] = out.split('\n')[1]?.split(' ').map(Number) ?? [];
    expect(rounds).toBeGreaterThan(50);
    expect({ leaks, refused }).toEqual({ leaks: 0, refused: 0 });
    expect(attached(path)).toHaveLength(1);
    expect(await until(() => !programs().includes(first?.id ?? 0))).toBe(true);
  });

  it("keeps a foreign program above: both must allow, and only the container's own goes with it", () => {
    const above = cgroup();
    native.attachDeviceFilter(above.fd, filter(deny, rule(true, 'c', 10, 229, 'rw')));
    const foreign = attached(above.path);
    const name = above.path.slice(MOUNT.length);
    const id = h.running([
      shell(SLEEP),
      devices([deny, rule(true, 'c', 10, 237, 'rw'), rule(true, 'c', 10, 229, 'r')]),
      mayMknod,
      ({ linux }) => {
        linux.cgroupsPath = `${name}/box`;
      },
    ]);
    const attempt = (how: string, minor: number) =>
      h.tsrun(['exec', id, 'sh', '-c', `[ -e /dev/${minor} ] || mknod /dev/${minor} c 10 ${minor}; : ${how} /dev/${minor}`]).status === 0;
    // by both, by the one above only, by the one below only
    expect([attempt('<', 229), attempt('>', 229), attempt('<', 237)]).toEqual([true, false, false]);
    expect(attached(above.path)).toEqual(foreign);
    expect(attached(`${above.path}/box`)).toHaveLength(1);
    h.ok(['delete', '--force', id]);
    expect(attached(above.path)).toEqual(foreign);
  });
});
