/** The cgroupfs driver on a kernel with every controller. A limit is shown by a process that hits it. */
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { dist, harness, shell, SLEEP, until, type Change, type Config } from '../integration/harness.js';

const h = harness('cgroupfs');
const MOUNT = '/sys/fs/cgroup';
const read = (path: string): string => readFileSync(path, 'utf8').trim();

const at =
  (path: string): Change =>
  ({ linux }) => {
    linux.cgroupsPath = path;
  };
const limits =
  (resources: Config['linux']['resources']): Change =>
  ({ linux }) => {
    linux.resources = resources ?? {};
  };
const pids = (limit: number): Change => limits({ pids: { limit } });

/** Ten processes more; a shell that cannot make one says "can't fork" and ends. */
const FORKS = '(for i in 1 2 3 4 5 6 7 8 9 10; do sleep 10 & done)';

const processes: { kill: (signal: 'SIGKILL') => void }[] = [];
const directories: string[] = [];

function cgroup(path = `/${h.id('cg')}`): string {
  mkdirSync(MOUNT + path);
  directories.push(MOUNT + path);
  return path;
}

function sleeper(path: string): void {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  processes.push(child);
  writeFileSync(`${MOUNT}${path}/cgroup.procs`, String(child.pid));
}

afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  for (const path of directories.splice(0).reverse()) {
    h.clean();
    await until(() => !existsSync(path) || read(`${path}/cgroup.events`).includes('populated 0'));
    if (existsSync(path)) rmdirSync(path);
  }
});

describe('the tree', () => {
  it('every level gives all controllers to the next, and the limit at the end holds', () => {
    const top = cgroup();
    const id = h.running([shell(SLEEP), at(`${top}/a/b/c`), pids(6)]);
    const all = read(`${MOUNT}/cgroup.controllers`);
    for (const level of ['', '/a', '/a/b']) expect(read(`${MOUNT}${top}${level}/cgroup.subtree_control`)).toBe(all);
    expect(read(`${MOUNT}${top}/a/b/c/pids.max`)).toBe('6');
    const refused = h.tsrun(['exec', id, 'sh', '-c', FORKS]);
    expect(refused.stderr).toContain("can't fork");
    expect(read(`${MOUNT}${top}/a/b/c/pids.events`)).not.toBe('max 0');
    h.ok(['delete', '--force', id]);
    expect(existsSync(`${MOUNT}${top}/a/b/c`)).toBe(false);
    for (const level of ['/a/b', '/a']) if (existsSync(MOUNT + top + level)) rmdirSync(MOUNT + top + level);
  });

  it('what is in use or frozen is refused, in words that callers know', () => {
    const used = cgroup();
    sleeper(used);
    const refusal = (path: string): string => h.run([at(path)]).stderr;
    expect(refusal(used)).toContain(`container's cgroup is not empty: 1 process(es) found in ${MOUNT}${used}`);
    const ice = cgroup();
    writeFileSync(`${MOUNT}${ice}/cgroup.freeze`, '1');
    expect(refusal(ice)).toContain("container's cgroup unexpectedly frozen");
    expect(refusal(`${ice}/below`)).toContain("container's cgroup unexpectedly frozen");
    expect(existsSync(`${MOUNT}${ice}/below`)).toBe(false);
    expect(h.states()).toEqual([]);
  });
});

describe('below a cgroup with processes', () => {
  it('a container without limits runs, and changes nothing there', () => {
    const top = cgroup();
    sleeper(top);
    expect(h.run([shell('echo ran'), at(`${top}/box`)])).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' });
    expect([read(`${MOUNT}${top}/cgroup.type`), read(`${MOUNT}${top}/cgroup.subtree_control`)]).toEqual(['domain', '']);
  });

  it('a limit of a controller that knows threads makes it threaded: the limit holds, exec, ps, kill and delete work', () => {
    const top = cgroup();
    sleeper(top);
    const id = h.running([shell(SLEEP), at(`${top}/box`), pids(6)]);
    expect(read(`${MOUNT}${top}/box/cgroup.type`)).toBe('threaded');
    expect(h.tsrun(['exec', id, 'sh', '-c', FORKS]).stderr).toContain("can't fork");
    const listed = JSON.parse(h.ok(['ps', '--format', 'json', id])) as number[];
    expect(listed).toContain(h.state(id).pid);
    h.ok(['kill', '--all', id, 'KILL']);
    h.ok(['delete', '--force', id]);
    expect(existsSync(`${MOUNT}${top}/box`)).toBe(false);
  });

  it('a limit of another is refused; the message names the cgroup, and nothing is changed', () => {
    const top = cgroup();
    sleeper(top);
    const { status, stderr } = h.run([at(`${top}/box`), limits({ pids: { limit: 10 }, memory: { limit: 1 << 26 } })]);
    expect(status).toBe(1);
    expect(stderr).toContain(`enable the \\"memory\\" controller below ${MOUNT}${top}: `);
    expect(stderr).toContain('this cgroup has processes of its own');
    expect(existsSync(`${MOUNT}${top}/box`)).toBe(false);
    expect([read(`${MOUNT}${top}/cgroup.type`), read(`${MOUNT}${top}/cgroup.subtree_control`)]).toEqual(['domain', '']);
  });
});

describe('the container and its cgroup', () => {
  const ownUsers: Change = ({ linux }) => {
    linux.namespaces?.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  };
  const mounted =
    (...options: string[]): Change =>
    (config) => {
      config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys/fs/cgroup');
      config.mounts.push({
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['nosuid', 'noexec', 'nodev', ...options],
      });
      const namespaces = config.linux.namespaces ?? [];
      if (!namespaces.some(({ type }) => type === 'cgroup')) namespaces.push({ type: 'cgroup' });
    };

  it('a read-write mount in its own namespace: its root owns it, makes cgroups below and limits them', () => {
    const path = `/${h.id('cg')}`;
    const script = `cd /sys/fs/cgroup && mkdir init && echo 0 > init/cgroup.procs && echo +pids > cgroup.subtree_control && mkdir box && echo 4 > box/pids.max \
      && (echo 0 > box/cgroup.procs; ${FORKS}); cat /proc/self/cgroup; echo 1 > pids.max; ${SLEEP}`;
    const id = h.id();
    h.ok(['create', '--bundle', h.bundle(shell(script), ownUsers, mounted('rw'), at(path)), id]);
    const delegated = read('/sys/kernel/cgroup/delegate').split('\n');
    const owners = readdirSync(MOUNT + path).map((file) => [file, statSync(`${MOUNT}${path}/${file}`).uid]);
    expect(statSync(MOUNT + path).uid).toBe(100_000);
    expect(owners).toEqual(owners.map(([file]) => [file, delegated.includes(String(file)) ? 100_000 : 0]));
    h.ok(['delete', '--force', id]);
    const ran = h.run([shell(script.replace(SLEEP, 'true')), ownUsers, mounted('rw'), at(path)]);
    expect(ran.stdout).toBe('0::/init\n');
    expect(ran.stderr).toContain("can't fork");
    // its own limit is not its own to change
    expect(ran.stderr).toMatch(/pids\.max.*(denied|not permitted)/i);
  });

  it('a read-only mount: nothing is handed over, nothing can be written', () => {
    const path = `/${h.id('cg')}`;
    const ran = h.run([shell('cat /proc/self/cgroup; mkdir /sys/fs/cgroup/x || echo refused'), ownUsers, mounted('ro'), at(path)]);
    expect(ran.stdout).toBe('0::/\nrefused\n');
    expect(ran.stderr).toContain('Read-only file system');
  });

  it('a container inside a container, with limits of its own', () => {
    const root = h.ownRoot();
    for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, `${root}/${name}`);
    const inner = h.bundle(shell(`cat /proc/self/cgroup; ${FORKS}`), pids(5), ({ linux }) => {
      delete linux.seccomp;
    });
    const script = `cd /sys/fs/cgroup && mkdir init && echo 0 > init/cgroup.procs; TMPDIR=/run ${dist}/tsrun --root /run/inner run --bundle ${inner} inner; ls -d /sys/fs/cgroup/tsrun`;
    const ran = h.run([
      shell(script),
      mounted('rw'),
      (config) => {
        config.root = { path: root };
        delete config.linux.seccomp;
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
        delete config.linux.resources;
        config.process.capabilities = { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES };
        for (const path of ['/usr', dirname(dist), h.scratch]) {
          config.mounts.push({ destination: path, type: 'bind', source: path, options: ['rbind', 'rw'] });
        }
        config.mounts.push({ destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] });
      },
    ]);
    expect(ran.stdout).toBe('0::/\n');
    expect(ran.stderr).toContain("can't fork");
    // the inner one's cgroup is gone with it
    expect(ran.stderr).toMatch(/cgroup\/tsrun.*: No such file or directory/);
  }, 300_000);
});

const CAPABILITIES = [
  'SYS_ADMIN',
  'SYS_RESOURCE',
  'SETUID',
  'SETGID',
  'SETPCAP',
  'SETFCAP',
  'MKNOD',
  'NET_ADMIN',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'KILL',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'BPF',
  'AUDIT_WRITE',
  'NET_BIND_SERVICE',
].map((name) => `CAP_${name}`);

describe('an ordinary user under user@.service', () => {
  /** tsrun called by the user in a scope of his own systemd, or in our cgroup. */
  function asUser(scope: boolean, changes: readonly Change[]): { status: number | null; stdout: string; stderr: string } {
    const config = h.config(...changes, ({ linux }) => {
      linux.namespaces = [...(linux.namespaces ?? []).filter(({ type }) => type !== 'network'), { type: 'user' }];
      linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
    });
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
    for (const mount of config.mounts) mount.options = mount.options?.filter((option) => !option.startsWith('gid=')) ?? [];
    const bundle = h.bundleOf(config);
    const root = h.path('user');
    mkdirSync(root, { recursive: true });
    chownSync(root, 1000, 1000);
    const enter = scope ? ['systemd-run', '--user', '--scope', '--quiet', '--property', 'Delegate=yes'] : [];
    const { status, stdout, stderr } = spawnSync(
      'runuser',
      [
        '-u',
        'user',
        '--',
        'env',
        'XDG_RUNTIME_DIR=/run/user/1000',
        ...enter,
        `${dist}/tsrun`,
        '--root',
        root,
        'run',
        '--bundle',
        bundle,
        h.id(),
      ],
      { encoding: 'utf8', cwd: '/', timeout: 120_000 },
    );
    return { status, stdout, stderr };
  }
  const userCgroups = (): string[] =>
    readdirSync(`${MOUNT}/user.slice/user-1000.slice/user@1000.service/app.slice`).filter((name) => name.includes(h.tag));

  it('his container has a cgroup where he may make one, and its limits hold', () => {
    const ran = asUser(true, [
      shell(`cat /proc/self/cgroup; ${FORKS}; dd if=/dev/zero of=/dev/null bs=100M count=1; echo status $?`),
      limits({ pids: { limit: 6 }, memory: { limit: 40 << 20, swap: 40 << 20 } }),
    ]);
    expect(ran.stderr).not.toContain('level=error');
    // seen from its own cgroup namespace
    expect(ran.stdout.trim().split('\n')).toEqual(['0::/', 'status 137']);
    expect(ran.stderr).toContain("can't fork");
    expect(userCgroups()).toEqual([]);
  });

  it('outside of what is his, a limit is refused and a container without one runs', () => {
    const refused = asUser(false, [pids(6)]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/make cgroup \/.*: .*permission denied/);
    expect(asUser(false, [shell('echo ran'), limits({})])).toMatchObject({ status: 0, stdout: 'ran\n' });
  });
});
