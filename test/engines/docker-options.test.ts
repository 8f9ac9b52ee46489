// What `docker run` and `docker exec` can ask for, whatever the cgroup driver: with tsrun as with runc.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipped } from '../integration/harness.js';
import { alike, cgroupMountOptions, Docker, IMAGE, plain, rootDisk, SEEN, whyNoEngine } from './harness.js';

describe.skipIf(skipped('options of docker', whyNoEngine('dockerd', 'containerd', 'docker')))('docker with both runtimes', () => {
  let docker: Docker;

  beforeAll(async () => {
    docker = await Docker.start('cgroupfs');
  });

  afterAll(async () => {
    await docker.stop();
  });

  it('says in its status why nothing ran', async () => {
    expect((await docker.run(IMAGE, 'nosuch')).status).toBe(127);
    expect((await docker.run(IMAGE, '/etc/passwd')).status).toBe(126);
    expect((await docker.run(IMAGE, '/etc')).status).toBe(126);
    expect((await docker.run('--memory', '1m', IMAGE, 'true')).status).toBe(125);
  });

  it('hands on the signal that ended a program', async () => {
    expect((await docker.shell('kill -TERM $$', '--init')).status).toBe(143);
    expect((await docker.shell('kill -KILL $$', '--pid', 'host')).status).toBe(137);
  });

  it('takes away what a hardened container must not have', async () => {
    const data = join(docker.scratch, 'shared');
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'file'), 'content\n');
    const flags = ['--read-only', '--user', '1000:1000', '--group-add', '7', '--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE'];
    flags.push('--security-opt', 'no-new-privileges', '--tmpfs', '/scratch:size=1m,mode=1777', '--volume', `${data}:/data:ro`);
    flags.push('--ulimit', 'nofile=100:200', '--ulimit', 'core=0', '--hostname', 'box', '--workdir', '/tmp', '--env', 'A=b');
    flags.push('--sysctl', 'net.ipv4.ip_unprivileged_port_start=80', '--network', 'none', '--oom-score-adj', '500', '--init');
    const script = [
      SEEN,
      'hostname; ip -o link | wc -l; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /data/file; df /scratch | tail -1',
      'touch /x 2>&1; touch /data/x 2>&1; touch /scratch/x && echo scratch; chown 0 /scratch/x 2>&1',
    ].join('\n');
    const { stdout } = await docker.shell(script, ...flags);
    expect(stdout).toContain('uid=1000(user) gid=1000(user) groups=7,1000(user)');
    expect(stdout).toContain('touch: /x: Read-only file system');
    expect(stdout).toContain('CapBnd:\t0000000000000400');
    expect(stdout).toContain('NoNewPrivs:\t1');
    expect(stdout).toContain('scratch\n');
  });

  it('gives a privileged container everything', async () => {
    const script = [
      SEEN.replace(/ls -l \/dev.*\n/, '').replace(/awk.*\n/, ''),
      "awk '{ print $2, $3 }' /proc/mounts | sort; mount -t tmpfs none /tmp && echo mounted",
      `mknod /tmp/null c 1 3 && echo x > /tmp/null && echo device; head -c1 ${rootDisk()} | wc -c; mkdir /sys/fs/cgroup/x && echo cgroup`,
    ].join('\n');
    const { stdout } = await docker.shell(script, '--privileged');
    expect(stdout).toContain('CapEff:\t000001ffffffffff');
    expect(stdout).toMatch(/mounted\ndevice\n1\ncgroup/);
  });

  it('lets through the devices that were asked for, and denies the rest', async () => {
    const script = [
      'head -c1 /dev/disk | wc -c; echo x 2>&1 > /dev/disk; ls -l /dev/disk | cut -c1-10',
      'mknod /tmp/tun c 10 200; cat /tmp/tun 2>&1; mknod /tmp/mem c 1 1; cat /tmp/mem 2>&1; head -c1 /dev/zero | wc -c',
    ].join('\n');
    const { stdout } = await docker.shell(script, '--device', `${rootDisk()}:/dev/disk:r`, '--device-cgroup-rule', 'c 10:200 rwm');
    expect(stdout).toContain("can't open '/tmp/mem': Operation not permitted");
    expect(stdout).toContain('cat: read error: File descriptor in bad state');
  });

  it('is asked for its features, and makes mounts read-only to their last', async () => {
    expect(docker.log()).not.toMatch(/features/);
    const data = join(docker.scratch, 'tree');
    mkdirSync(join(data, 'below'), { recursive: true });
    spawnSync('mount', ['-t', 'tmpfs', 'none', join(data, 'below')]);
    const mount = `type=bind,source=${data},destination=/data,readonly,bind-propagation=rprivate,bind-recursive=readonly`;
    const { stdout } = await docker.shell('touch /data/x 2>&1; touch /data/below/x 2>&1', '--mount', mount);
    expect(stdout).toBe('touch: /data/x: Read-only file system\ntouch: /data/below/x: Read-only file system\n');
  });

  it('drops the profiles on demand', async () => {
    const flags = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'];
    const { stdout } = await docker.shell(
      'grep Seccomp: /proc/self/status; cat /proc/self/attr/current; unshare -U true; echo $?',
      ...flags,
    );
    expect(stdout).toBe('Seccomp:\t0\nunconfined\n0\n');
  });

  it('loads a profile of its own', async () => {
    const path = join(docker.scratch, 'profile.json');
    const deny = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 };
    writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [deny] }));
    const { stdout } = await docker.shell('mkdir /tmp/x 2>&1; touch /tmp/x && echo touched', '--security-opt', `seccomp=${path}`);
    // the words of EOPNOTSUPP are the C library's
    expect(stdout).toMatch(/^mkdir: can't create directory '\/tmp\/x': .*not supported\ntouched\n$/i);
  });

  it("shares the machine's namespaces", async () => {
    const before = cgroupMountOptions();
    const script = 'for name in net pid ipc uts; do readlink /proc/self/ns/$name; done; hostname';
    const { stdout } = await docker.shell(script, '--network', 'host', '--pid', 'host', '--ipc', 'host', '--uts', 'host');
    expect(stdout).toContain(readFileSync('/proc/sys/kernel/hostname', 'utf8'));
    // with tsrun alone: runc before 1.2 takes nsdelegate and memory_recursiveprot from the machine's own mount
    const { status, stdout: cgroup } = await docker.call('run', '--rm', '--runtime', 'tsrun', '--cgroupns', 'host', IMAGE, 'cat', '/proc/self/cgroup'); // prettier-ignore
    expect({ status, cgroup: plain(cgroup, 'tsrun') }).toEqual({ status: 0, cgroup: '0::/docker/ID\n' });
    expect(cgroupMountOptions()).toBe(before);
  });

  it("shares another container's namespaces", async () => {
    const seen = await alike(async (runtime) => {
      const name = `shared-${runtime}`;
      const flags = ['--detach', '--name', name, '--runtime', runtime, '--ipc', 'shareable'];
      await docker.ok('run', ...flags, IMAGE, 'sh', '-c', 'trap "exit 9" TERM; sleep 1000 & wait');
      const others = ['--network', `container:${name}`, '--pid', `container:${name}`, '--ipc', `container:${name}`];
      const { status, stdout } = await docker.call('run', '--rm', '--runtime', runtime, ...others, IMAGE, 'sh', '-c', 'ps -o comm > /tmp/ps; sort -u /tmp/ps'); // prettier-ignore
      await docker.ok('kill', '--signal', 'TERM', name);
      return { status, stdout, code: await docker.ok('wait', name), rm: plain(await docker.ok('rm', name), runtime) };
    });
    expect(seen).toEqual({ status: 0, stdout: 'COMMAND\nps\nsh\nsleep\n', code: '9\n', rm: 'shared-RUNTIME\n' });
  });

  it('gives a terminal to a container and to what is executed in it', async () => {
    expect(await docker.run('--tty', IMAGE, 'sh', '-c', 'tty; exit 4')).toMatchObject({ status: 4, stdout: '/dev/pts/0\r\n' });
    const seen = await alike(async (runtime) => {
      const name = `terminal-${runtime}`;
      await docker.ok('run', '--detach', '--tty', '--name', name, '--runtime', runtime, IMAGE, 'sleep', '1000');
      const exec = await docker.call('exec', '--tty', name, 'sh', '-c', 'tty; test -t 0 && echo terminal; exit 5');
      const user = await docker.call('exec', '--user', '1000:1000', '--workdir', '/tmp', '--env', 'A=b', name, 'sh', '-c', SEEN);
      const privileged = await docker.call('exec', '--privileged', name, 'grep', '^Cap', '/proc/self/status');
      await docker.ok('rm', '--force', name);
      return { exec, user, privileged };
    });
    expect(seen.exec).toMatchObject({ status: 5, stdout: '/dev/pts/1\r\nterminal\r\n' });
    expect(seen.user.stdout).toContain('uid=1000(user)');
    expect(seen.privileged.stdout).toContain('CapEff:\t000001ffffffffff');
  });

  it('asks a container whether it is well', async () => {
    const health = await alike(async (runtime) => {
      const name = `health-${runtime}`;
      const flags = ['--health-cmd', 'test -e /tmp/well', '--health-interval', '2s', '--health-retries', '1'];
      await docker.ok('run', '--detach', '--name', name, '--runtime', runtime, ...flags, IMAGE, 'sh', '-c', 'touch /tmp/well; sleep 1000');
      let status = 'starting';
      for (let round = 0; round < 40 && status === 'starting'; round++) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        status = await docker.inspect<string>(name, '.State.Health.Status');
      }
      await docker.ok('rm', '--force', name);
      return status;
    });
    expect(health).toBe('healthy');
  });

  it('shows what a container takes', async () => {
    const shown = await alike(async (runtime) => {
      const name = `taken-${runtime}`;
      await docker.ok('run', '--detach', '--name', name, '--runtime', runtime, '--memory', '64m', IMAGE, 'sleep', '1000');
      const stats = await docker.ok('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', name);
      await docker.ok('rm', '--force', name);
      return stats.replace(/^[\d.]+\wiB/, 'SOME');
    });
    expect(shown).toBe('SOME / 64MiB 1\n');
  });
});
