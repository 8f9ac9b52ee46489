/** What the virtual machine promises: everything that the other tests in this folder do without asking. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(path, 'utf8').trim();
const output = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' }).trim();

describe('the machine', () => {
  it("has Debian's own kernel", () => {
    expect(release()).toMatch(/^6\.\d+\.\d+.*-amd64$/);
    expect(output('dpkg-query', '--search', `/boot/vmlinuz-${release()}`)).toMatch(/^linux-image-/);
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
    expect(controllers).toEqual(expect.arrayContaining(['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc']));
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
