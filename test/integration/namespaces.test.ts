// Namespaces: new ones, joined ones, the host's; user namespaces with and without privileges; what lives in them.
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { NamespaceType } from '../../src/spec/types.js';
import {
  SLEEP,
  USER,
  asUser,
  executes,
  harness,
  hosts,
  shell,
  skipped,
  until,
  whyNoContainers,
  whyNoUser,
  without,
  type Change,
  type Config,
} from './harness.js';

const h = harness('namespaces');

/** The types, and their names in /proc/PID/ns. */
const files: Readonly<Record<NamespaceType, string>> = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
  cgroup: 'cgroup',
  time: 'time',
};
const types = Object.keys(files) as NamespaceType[];

const printNamespaces = `for n in ${Object.values(files).join(' ')}; do readlink /proc/self/ns/$n; done`;

/** `uts:[123]` by type. */
function parse(text: string): Record<string, string> {
  const lines = text.trim().split('\n');
  return Object.fromEntries(types.map((type, at) => [type, lines[at] ?? '']));
}

function ours(): Record<string, string> {
  return Object.fromEntries(types.map((type) => [type, readlinkSync(`/proc/self/ns/${files[type]}`)]));
}

const helpers: ChildProcess[] = [];
afterEach(() => {
  for (const child of helpers.splice(0)) child.kill('SIGKILL');
});

/** A namespace of that type with a process in it, or one whose children are in it; the path of its file. */
async function foreign(type: NamespaceType): Promise<string> {
  const flag = {
    pid: ['--pid', '--fork', '--kill-child'],
    network: ['--net'],
    mount: ['--mount'],
    ipc: ['--ipc'],
    uts: ['--uts'],
    user: ['--user'],
    cgroup: ['--cgroup'],
    time: ['--time', '--fork', '--kill-child'],
  }[type];
  const child = spawn('unshare', [...flag, 'sleep', '1000'], { stdio: 'ignore' });
  helpers.push(child);
  const file = `/proc/${child.pid ?? 0}/ns/${type === 'pid' || type === 'time' ? `${files[type]}_for_children` : files[type]}`;
  // before, a mount namespace still has the propagation of ours
  await executes(child.pid ?? 0, 'sleep');
  expect(readlinkSync(file)).not.toBe(readlinkSync(`/proc/self/ns/${files[type]}`));
  if (type === 'user') for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid ?? 0}/${map}`, '0 0 65536\n');
  return file;
}

const withUser: Change = (config) => {
  config.linux.namespaces?.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 65536 }];
};

const withTime: Change = (config) => {
  config.linux.namespaces?.push({ type: 'time' });
};

describe.skipIf(skipped('namespaces', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  it('all eight are new', async () => {
    const { status, stdout, stderr } = h.run([withUser, withTime, shell(printNamespaces)], on);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [inside, outside] = [parse(stdout), ours()];
    for (const type of types) {
      expect(inside[type]).toMatch(/^\w+:\[\d+\]$/);
      expect({ type, is: inside[type] }).not.toEqual({ type, is: outside[type] });
    }
    await h.expectNothingLeft();
  });

  it('exec enters all eight', () => {
    const id = h.running([withUser, withTime, shell(SLEEP)], on);
    const inside = h.ok(['exec', id, 'sh', '-c', printNamespaces], on);
    const first = h.ok(['exec', id, 'sh', '-c', printNamespaces.replaceAll('self', '1')], on);
    expect(parse(inside)).toEqual(parse(first));
    for (const type of types) expect(parse(inside)[type]).not.toBe(ours()[type]);
  });

  it('a new network namespace has its loopback device up, one that is given stays as it is', () => {
    const local = shell('ip link show lo | grep -c UP');
    expect(Number(h.run([local], on).stdout)).toBeGreaterThan(0);
    const id = h.running([shell(SLEEP)], on);
    const given = `/proc/${h.state(id).pid}/ns/net`;
    execFileSync('nsenter', [`--net=${given}`, 'busybox', 'ip', 'link', 'set', 'lo', 'down']);
    const joining: Change = (config) => {
      for (const namespace of config.linux.namespaces ?? []) if (namespace.type === 'network') namespace.path = given;
    };
    expect(Number(h.run([joining, local], on).stdout)).toBe(0);
  });

  it("those that are not named are the host's", async () => {
    const rest = without('pid', 'network', 'ipc', 'uts', 'cgroup');
    const { status, stdout, stderr } = h.run([rest, (config) => delete config.hostname, shell(printNamespaces)], on);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { mount, ...others } = parse(stdout);
    expect(mount).not.toBe(ours()['mount']);
    expect(others).toEqual({ ...ours(), mount: undefined });
    await h.expectNothingLeft();
  });

  it('without any, there is only another root', async () => {
    const bare: Change = (config) => {
      delete config.hostname;
      config.linux.namespaces = [];
      config.mounts = [];
      delete config.linux.maskedPaths;
      delete config.linux.readonlyPaths;
      config.root = { path: h.ownRoot() };
    };
    const { status, stdout, stderr } = h.run(
      [bare, shell('ls / | grep -c . ; test -e /etc/passwd && test ! -e /proc/1 && echo other root')],
      on,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+\nother root\n$/);
    await h.expectNothingLeft();
  });

  const noUnshare = spawnSync('unshare', ['--help'], { encoding: 'utf8' }).stdout.includes('--time')
    ? undefined
    : 'needs unshare(1) of util-linux 2.36';

  describe.skipIf(skipped('joined namespaces', noUnshare))('by a path', () => {
    function joining(type: NamespaceType, path: string): Change {
      return (config) => {
        const others = (config.linux.namespaces ?? []).filter((namespace) => namespace.type !== type);
        config.linux.namespaces = [...others, { type, path }];
        if (type === 'uts') delete config.hostname;
      };
    }

    it.each(types)('a %s namespace is joined', async (type) => {
      const path = await foreign(type);
      const { status, stdout, stderr } = h.run([joining(type, path), shell(printNamespaces)], on);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(parse(stdout)[type]).toBe(readlinkSync(path));
      // a joined mount namespace is the container's and its maker's, with all that was mounted
      for (const child of helpers.splice(0)) child.kill('SIGKILL');
      await h.expectNothingLeft();
    });

    /** A namespace with one id has no group for terminals. */
    const withoutGroups: Change = (config) => {
      for (const mount of config.mounts) mount.options = mount.options?.filter((option) => !option.startsWith('gid='));
    };

    it('a user namespace in which groups cannot be set is joined', async () => {
      const child = spawn('unshare', ['--user', '--map-root-user', 'sleep', '1000'], { stdio: 'ignore' });
      helpers.push(child);
      const proc = `/proc/${child.pid ?? 0}`;
      await executes(child.pid ?? 0, 'sleep');
      expect(readFileSync(`${proc}/setgroups`, 'utf8')).toBe('deny\n');
      const { status, stdout, stderr } = h.run([joining('user', `${proc}/ns/user`), withoutGroups, shell(printNamespaces)], on);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(parse(stdout).user).toBe(readlinkSync(`${proc}/ns/user`));
      for (const helper of helpers.splice(0)) helper.kill('SIGKILL');
      await h.expectNothingLeft();
    });

    it('several are joined at once', async () => {
      const joined = ['pid', 'network', 'ipc', 'uts'] as const;
      const changes: Change[] = [];
      const wanted: Record<string, string> = {};
      for (const type of joined) {
        const path = await foreign(type);
        changes.push(joining(type, path));
        wanted[type] = readlinkSync(path);
      }
      const { stdout, stderr } = h.run([...changes, withTime, shell(printNamespaces)], on);
      expect(stderr).toBe('');
      expect(parse(stdout)).toMatchObject(wanted);
      await h.expectNothingLeft();
    });

    it('those of another container are joined, by its pid', async () => {
      const id = h.running(undefined, on);
      const { pid } = h.state(id);
      const pod = (['network', 'ipc', 'uts', 'pid'] as const).map((type) => joining(type, `/proc/${pid}/ns/${files[type]}`));
      const { status, stdout, stderr } = h.run([...pod, shell(`hostname; ${printNamespaces}`)], on);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.split('\n')[0]).toBe('tsrun');
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
    });

    it.each(types)('one of the wrong kind for %s is refused', async (type) => {
      const other = type === 'uts' ? 'ipc' : 'uts';
      const { status, stderr } = h.run([joining(type, await foreign(other))], on);
      expect(status).toBe(1);
      expect(stderr).toMatch(/namespace.*\/proc\/\d+\/ns\/\w+/);
      await h.expectNothingLeft();
    });

    it('what is no namespace is refused', async () => {
      for (const [path, words] of [
        ['/no/such/namespace', /no such file or directory/],
        ['/etc/passwd', /not a namespace/],
        ['/', /not a namespace|is a directory/],
      ] as const) {
        const { status, stderr } = h.run([joining('network', path)], on);
        expect({ path, status }).toEqual({ path, status: 1 });
        expect(stderr).toMatch(words);
      }
      await h.expectNothingLeft();
    });
  });

  describe('a user namespace', () => {
    const ranges: Change = (config) => {
      config.linux.namespaces?.push({ type: 'user' });
      config.linux.uidMappings = [
        { containerID: 0, hostID: 100000, size: 1000 },
        { containerID: 1000, hostID: 200000, size: 500 },
        { containerID: 70000, hostID: 300000, size: 1 },
      ];
      config.linux.gidMappings = [
        { containerID: 0, hostID: 100000, size: 1000 },
        { containerID: 1000, hostID: 400000, size: 500 },
      ];
    };

    it('has all the ranges of its mappings', async () => {
      const user: Change = (config) => (config.process.user = { uid: 1000, gid: 1000, additionalGids: [7] });
      const { status, stdout, stderr } = h.run([ranges, user, shell('cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g; id -G')], on);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.trim().replace(/ +/g, ' ')),
      ).toEqual(['0 100000 1000', '1000 200000 500', '70000 300000 1', '0 100000 1000', '1000 400000 500', '1000', '1000', '1000 7']);
      await h.expectNothingLeft();
    });

    it('shows outside as the mapped ids', () => {
      const id = h.running([ranges, (config) => (config.process.user = { uid: 1001, gid: 1002 }), shell(SLEEP)], on);
      const status = readFileSync(`/proc/${h.state(id).pid}/status`, 'utf8');
      expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).toBe('200001');
      expect(/^Gid:\t(\d+)/m.exec(status)?.[1]).toBe('400002');
      expect(h.ok(['exec', id, 'id', '-u'], on)).toBe('1001\n');
      expect(h.ok(['exec', '--user', '70000:0', id, 'id', '-u'], on)).toBe('70000\n');
    });

    it('refuses a user that is not mapped', async () => {
      const { status, stderr } = h.run([ranges, (config) => (config.process.user = { uid: 5000, gid: 0 })], on);
      expect(status).toBe(1);
      expect(stderr).toMatch(/5000/);
      await h.expectNothingLeft();
    });
  });

  describe.skipIf(skipped('a user namespace below another', noUnshare))('a user namespace below another', () => {
    it('is mapped by the root of the one above, who is nobody to the machine', async () => {
      const above = spawn('unshare', ['--user', '--mount', 'sleep', '1000'], { stdio: 'ignore' });
      try {
        const pid = above.pid ?? 0;
        await executes(pid, 'sleep');
        for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, '0 100000 65536\n');
        const home = h.path(h.id('below').slice(h.tag.length + 1));
        mkdirSync(home, { mode: 0o755 });
        // as Podman does with --userns=keep-id
        const ids = [
          { containerID: 0, hostID: 1, size: 1000 },
          { containerID: 1000, hostID: 0, size: 1 },
        ];
        const keepId: Change = (config) => {
          config.linux.namespaces?.push({ type: 'user' });
          config.linux.uidMappings = ids;
          config.linux.gidMappings = ids;
          config.root.path = h.ownRoot({ uid: 100001, gid: 100001 });
        };
        const bundle = h.bundle(keepId, shell('cat /proc/self/uid_map /proc/self/gid_map'));
        chownSync(home, 100000, 100000);
        const command = ['nsenter', '-t', String(pid), '-U', '-m', '-S', '0', '-G', '0', '--', ...host.command];
        const options = { host: { name: host.name, command }, root: join(home, 'state') };
        const { status, stdout, stderr } = h.tsrun(['run', '--bundle', bundle, h.id()], options);
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        expect(stdout.replace(/ +/g, ' ')).toBe(' 0 1 1000\n 1000 0 1\n'.repeat(2));
      } finally {
        above.kill();
      }
      await h.expectNothingLeft();
    });
  });

  describe('without privileges', () => {
    const uid = USER;
    const user = asUser(host);

    describe.skipIf(skipped('containers of ordinary users', whyNoUser()))('an ordinary user', () => {
      let home = '';
      let root = '';
      beforeEach(() => {
        home = h.path(h.id('home').slice(h.tag.length + 1));
        mkdirSync(home);
        chownSync(home, uid, uid);
        chmodSync(home, 0o755);
        root = join(home, 'state');
      });

      /** What `spec --rootless` writes for the user, with changes, in a bundle of his. */
      function bundle(...changes: Change[]): string {
        const path = join(home, 'bundle');
        mkdirSync(path);
        chownSync(path, uid, uid);
        const made = h.tsrun(['spec', '--rootless', '--bundle', path], { host: user, root });
        expect(made).toMatchObject({ status: 0, stderr: '' });
        const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as Config;
        config.process.terminal = false;
        config.root.path = h.rootfs;
        for (const change of changes) change(config);
        writeFileSync(join(path, 'config.json'), JSON.stringify(config));
        return path;
      }

      it('runs a container as root of his own', () => {
        const { status, stdout, stderr } = h.tsrun(
          ['run', '--bundle', bundle(shell(`id -u; cat /proc/self/uid_map; hostname; ${printNamespaces}`)), h.id()],
          { host: user, root },
        );
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        const [id, map, name, ...rest] = stdout.split('\n');
        expect([id, map?.trim().replace(/ +/g, ' '), name]).toEqual(['0', `0 ${uid} 1`, 'tsrun']);
        for (const type of ['user', 'mount', 'pid'] as const) expect(parse(rest.join('\n'))[type]).not.toBe(ours()[type]);
      });

      it('goes through the whole life of one', async () => {
        const id = h.id();
        const as = { host: user, root };
        try {
          h.ok(['create', '--bundle', bundle(shell(SLEEP)), id], as);
          h.ok(['start', id], as);
          expect(JSON.parse(h.ok(['state', id], as))).toMatchObject({ status: 'running' });
          expect(h.ok(['exec', id, 'sh', '-c', 'id -u; hostname'], as)).toBe('0\ntsrun\n');
          h.ok(['kill', id, 'KILL'], as);
          expect(await until(() => h.ok(['state', id], as).includes('"stopped"'))).toBe(true);
        } finally {
          h.ok(['delete', '--force', id], as);
        }
        await h.expectNothingLeft();
      });

      it('is told when he asks for what he may not have', () => {
        const path = bundle((config) => {
          config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65536 }];
          config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 65536 }];
        });
        const { status, stderr } = h.tsrun(['run', '--bundle', path, h.id()], { host: user, root });
        expect(status).toBe(1);
        expect(stderr).toMatch(/id ?map|uid_map|newuidmap|subuid/i);
      });
    });
  });

  describe('in them', () => {
    it('a hostname and a domainname', () => {
      const names: Change = (config) => {
        config.hostname = 'a-host';
        config.domainname = 'a-domain';
      };
      expect(h.run([names, shell('hostname; cat /proc/sys/kernel/domainname')], on)).toMatchObject({
        status: 0,
        stdout: 'a-host\na-domain\n',
        stderr: '',
      });
    });

    it('offsets of clocks', () => {
      const offsets: Change = (config) => {
        config.linux.timeOffsets = { boottime: { secs: 1_000_000, nanosecs: 0 }, monotonic: { secs: 2_000_000 } };
      };
      const before = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
      const { stdout, stderr } = h.run([withTime, offsets, shell('cat /proc/uptime; cat /proc/self/timens_offsets')], on);
      expect(stderr).toBe('');
      const inside = Number(stdout.split(' ')[0]);
      expect(inside).toBeGreaterThanOrEqual(before + 1_000_000 - 1);
      expect(stdout).toMatch(/monotonic +2000000 +0\nboottime +1000000 +0\n/);
    });

    it('sysctls', () => {
      const sysctl: Change = (config) => {
        config.linux.sysctl = {
          'net.ipv4.ip_forward': '1',
          'net/ipv4/ip_unprivileged_port_start': '80',
          'kernel.shm_rmid_forced': '1',
          'fs.mqueue.msg_max': '77',
        };
      };
      const paths = ['net/ipv4/ip_forward', 'net/ipv4/ip_unprivileged_port_start', 'kernel/shm_rmid_forced', 'fs/mqueue/msg_max'];
      const outside = paths.map((path) => readFileSync(`/proc/sys/${path}`, 'utf8'));
      expect(h.run([sysctl, shell(paths.map((path) => `cat /proc/sys/${path}`).join('; '))], on)).toMatchObject({
        status: 0,
        stdout: '1\n80\n1\n77\n',
        stderr: '',
      });
      expect(paths.map((path) => readFileSync(`/proc/sys/${path}`, 'utf8'))).toEqual(outside);
    });

    const noKeys = spawnSync('cat', ['/proc/keys']).status === 0 ? undefined : 'the kernel has no /proc/keys';

    it.skipIf(skipped('session keyrings', noKeys))('a session keyring of its own, unless asked not to', () => {
      const open: Change = (config) => delete config.linux.maskedPaths;
      // with an id for each: the kernel takes its time to remove a keyring that nobody has
      const [mine, none] = [h.id(), h.id()];
      const seen = (id: string, ...flags: string[]): string =>
        h.ok(['run', ...flags, '--bundle', h.bundle(open, shell('cat /proc/keys')), id], on);
      expect(seen(mine)).toContain(`_ses.${mine}`);
      expect(seen(none, '--no-new-keyring')).not.toContain(`_ses.${none}`);
    });

    it('loopback comes up, and nothing else is there', () => {
      const { stdout } = h.run([shell('ls /sys/class/net; cat /sys/class/net/lo/flags')], on);
      // IFF_UP | IFF_LOOPBACK
      expect(stdout).toMatch(/lo\n/);
      expect(stdout).not.toMatch(/eth|ens/);
    });
  });
});
