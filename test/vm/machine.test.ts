/** What the virtual machine promises: everything that the other tests in this folder do without asking. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { describe, expect, it } from 'vitest';

import { skipped } from '../integration/harness.js';

const read = (path: string): string => readFileSync(path, 'utf8').trim();
const output = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' }).trim();

/** By its kernel: user-mode Linux of the newest or of the oldest version, or Debian's own under QEMU. */
const kind = release().endsWith('-amd64') ? 'emulated' : release().startsWith('7.') ? 'newest' : 'oldest';

/** What user-mode Linux lacks of these has a test in the emulated machine only: it has no huge pages, before 6.16 no second processor. */
const CONTROLLERS = {
  emulated: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'],
  newest: ['cpuset', 'cpu', 'io', 'memory', 'pids', 'rdma', 'misc', 'dmem'],
  oldest: ['cpu', 'io', 'memory', 'pids', 'rdma', 'misc'],
};

describe('the machine', () => {
  it('has a kernel that nobody patched but Debian', () => {
    if (kind === 'emulated') expect(output('dpkg-query', '--search', `/boot/vmlinuz-${release()}`)).toMatch(/^linux-image-/);
    else expect(release()).toMatch(/^(7\.2|6\.1)\.\d+$/);
  });

  it('has processors, and nodes of memory where it is asked for them', () => {
    const online = read('/sys/devices/system/cpu/online');
    expect(online).toBe({ emulated: `0-${availableParallelism() - 1}`, newest: `0-${availableParallelism() - 1}`, oldest: '0' }[kind]);
    if (kind === 'emulated') expect(read('/sys/devices/system/node/online')).toBe('0-1');
  });

  it.skipIf(skipped('CRIU', kind === 'emulated' ? undefined : 'user-mode Linux has none of what it asks for'))(
    'has what checkpoint and restore need',
    () => {
      expect(output('criu', 'check')).toMatch(/^(Looks good\.)?$/);
    },
  );

  it("has the newest of Debian's crun and runc beside the release's own", () => {
    for (const name of ['crun', 'runc']) {
      const [own, newest] = [name, `/opt/peers/bin/${name}`].map((path) =>
        /(\d+)\.(\d+)/.exec(output(path, '--version'))?.slice(1).map(Number),
      );
      const [[major = 0, minor = 0] = [], [newMajor = 0, newMinor = 0] = []] = [own, newest];
      expect(newMajor * 1000 + newMinor, name).toBeGreaterThan(major * 1000 + minor);
    }
  });

  it('has cgroup v2 and nothing else', () => {
    const mounts = read('/proc/self/mountinfo').split('\n');
    const cgroups = mounts
      .filter((line) => / - cgroup2? /.test(line))
      .map((line) => `${line.split(' ')[4] ?? ''} ${line.split(' - ')[1]?.split(' ')[0] ?? ''}`);
    expect(cgroups).toEqual(['/sys/fs/cgroup cgroup2']);
    expect(read('/proc/self/cgroup')).toMatch(/^0::\/.*$/);
  });

  it('has every controller', () => {
    const controllers = read('/sys/fs/cgroup/cgroup.controllers').split(' ');
    expect(controllers).toEqual(expect.arrayContaining(CONTROLLERS[kind]));
    expect(existsSync('/proc/pressure/memory')).toBe(true);
  });

  it('is run by systemd, with a bus for the system and one for the user', () => {
    expect(read('/proc/1/comm')).toBe('systemd');
    expect(output('systemctl', 'is-system-running')).toBe('running');
    expect(existsSync('/run/dbus/system_bus_socket')).toBe(true);
    expect(existsSync('/run/user/1000/bus')).toBe(true);
  });

  it('has AppArmor, and seccomp', () => {
    expect(read('/sys/module/apparmor/parameters/enabled')).toBe('Y');
    expect(read('/sys/kernel/security/lsm').split(',')).toContain('apparmor');
    expect(read('/proc/sys/kernel/seccomp/actions_avail').split(' ')).toContain('user_notif');
  });

  it('gives every capability to us', () => {
    const [, bounding] = /^CapBnd:\t(\w+)$/m.exec(read('/proc/self/status')) ?? [];
    const [, effective] = /^CapEff:\t(\w+)$/m.exec(read('/proc/self/status')) ?? [];
    const all = (1n << (BigInt(read('/proc/sys/kernel/cap_last_cap')) + 1n)) - 1n;
    expect(BigInt(`0x${bounding ?? ''}`)).toBe(all);
    expect(BigInt(`0x${effective ?? ''}`)).toBe(all);
  });

  it('has an ordinary user with subordinate ids', () => {
    expect(output('id', '--user', 'user')).toBe('1000');
    expect(read('/etc/subuid')).toMatch(/^user:\d+:65536$/m);
    expect(output('runuser', '-u', 'user', '--', 'unshare', '--user', '--map-root-user', 'id', '--user')).toBe('0');
  });
});
