// Attacks on what a process gets or can see: descriptors, capabilities, users, environment, sockets, the runtime's own files. Where
// that can be done without another build, each is first seen to succeed against a weaker plan, then to fail.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addon } from '../fixtures/addon.js';
import { SLEEP, dist, harness, hosts, shell, skipped, until, whyNoContainers, without, type Change, type TestHost } from './harness.js';

const h = harness('attack-process');

interface Weakness {
  readonly drop?: readonly string[];
  readonly set?: Readonly<Record<string, Readonly<Record<number, string>>>>;
  readonly add?: readonly (readonly string[])[];
  readonly request?: Readonly<Record<string, unknown>>;
}

/** tsrun with a weaker plan. */
function weakened(weakness: Weakness): TestHost {
  const change = JSON.stringify({ dist, ...weakness });
  return { name: 'node', command: [process.execPath, join(import.meta.dirname, '../fixtures/weakened.mjs'), change] };
}

function capabilities(...names: string[]): Change {
  return ({ process }) => {
    process.capabilities = { bounding: names, effective: names, permitted: names };
  };
}

function variables(...env: string[]): Change {
  return ({ process }) => {
    process.env = ['PATH=/bin', ...env];
  };
}

/** A directory of the host with a file in it, which no container may reach. */
function victim(): string {
  const path = h.path(h.id('victim').slice(h.tag.length + 1));
  mkdirSync(path);
  writeFileSync(join(path, 'file'), 'untouched');
  return path;
}

function image(change: (path: string) => void): Change {
  const path = h.ownRoot();
  change(path);
  return ({ root }) => {
    root.path = path;
  };
}

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe.skipIf(skipped('attacks on processes', whyNoContainers())).each(hosts)('under $name', (host) => {
  beforeEach(async () => {
    await h.expectNothingLeft();
  });
  afterEach(async () => {
    h.clean();
    await h.expectNothingLeft();
  });

  describe('descriptors', () => {
    // the host's root, by way of a directory that was open in the runtime
    const climb = shell('for fd in 3 4 5 6 7 8 9; do ls /proc/self/fd/$fd/ 2> /dev/null; done');

    it('of the caller lead out of no container (CVE-2024-21626)', () => {
      const path = victim();
      const directory = openSync(path, 'r');
      try {
        const passed = { passed: [directory] };
        const program = h.config(climb).process;
        // the number of descriptors that stay open stands behind the arguments and the environment
        const place = 2 + (program.args?.length ?? 0) + (program.env?.length ?? 0);
        // succeeds (CVE-2024-21626): a plan that lets one descriptor stay open
        const leaky = weakened({ set: { program: { [place]: '1' } }, request: { preserved: 1, inherited: [3] } });
        expect(h.run([climb], { ...passed, host: leaky }).stdout).toContain('file\n');
        expect(h.run([climb], { ...passed, host }).stdout).toBe('');
        const id = h.running([shell(SLEEP)], { ...passed, host });
        const inside = ['exec', id, 'sh', '-c', 'for fd in 3 4 5 6 7 8 9; do ls /proc/self/fd/$fd/ 2> /dev/null; done'];
        expect(h.tsrun(inside, { ...passed, host }).stdout).toBe('');
      } finally {
        closeSync(directory);
      }
    });

    it('and memory of a first process that waits are closed to the container (CVE-2016-9962)', () => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), id], { host });
      const look =
        'for name in /proc/1/fd/* /proc/1/ns/* /proc/1/cwd /proc/1/root /proc/1/exe; do readlink $name; done; ' +
        'ls /proc/1/cwd/ /proc/1/root/; ls /proc/1/map_files | head -1; cat /proc/1/environ';
      const attack = (target: string): string => h.tsrun(['exec', target, 'sh', '-c', `{ ${look}; } 2> /dev/null`], { host }).stdout;
      expect(attack(id)).toBe('');
      // the same looks show a process that did nothing about it
      const open = h.running([shell(SLEEP)], { host });
      expect(attack(open)).toContain('busybox');
    });
  });

  describe("the runtime's own program", () => {
    /** Keeps the executable of a process open, waits until nothing runs it, and writes to it. */
    const overwrite = (pid: string): string =>
      `exec 9< /proc/${pid}/exe || exit 3; echo open; until [ -e /go/on ]; do :; done; tries=0; ` +
      'until { echo evil > /proc/self/fd/9; } 2> /dev/null || [ $tries = 20000 ]; do tries=$((tries+1)); done; [ $tries = 20000 ] || echo written';

    it('cannot be overwritten by way of /proc/PID/exe (CVE-2019-5736)', async () => {
      const all = capabilities('CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH');
      const programs = ['tsrun', 'libexec/tsrun-init', 'libexec/tsrun-systemd', 'libexec/tsrun.node'].map((name) => join(dist, name));
      const before = programs.map(digest);
      const go = h.path(h.id('go').slice(h.tag.length + 1));
      mkdirSync(go);
      const shared: Change = ({ mounts }) => void mounts.push({ source: go, destination: '/go', type: 'bind', options: ['rbind'] });
      // a file of the host's that is executed inside
      const program = join(go, 'busybox');
      copyFileSync(join(h.rootfs, 'bin/busybox'), program);
      chmodSync(program, 0o755);
      const red = h.running(
        [all, shared, shell(`/go/busybox sh -c 'echo $$ > /go/pid; until [ -e /go/end ]; do :; done' & wait; ${SLEEP}`)],
        { host },
      );
      expect(await until(() => existsSync(join(go, 'pid')) && readFileSync(join(go, 'pid'), 'utf8').endsWith('\n'))).toBe(true);
      const pid = readFileSync(join(go, 'pid'), 'utf8').trim();
      const first = h.spawn(['exec', red, 'sh', '-c', overwrite(pid)], { host });
      expect(await until(() => first.out().includes('open'))).toBe(true);
      writeFileSync(join(go, 'end'), '');
      expect(await until(() => !h.processes().some((line) => /^\d+ \/go\/busybox /.test(line)))).toBe(true);
      writeFileSync(join(go, 'on'), '');
      expect((await first.ended).stdout).toBe('open\nwritten\n');
      expect(readFileSync(program, 'utf8').startsWith('evil')).toBe(true);
      rmSync(join(go, 'on'));

      // and the program that the runtime executes inside
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(all, shared, shell(SLEEP)), id], { host });
      const second = h.spawn(['exec', id, 'sh', '-c', overwrite('1')], { host });
      let over = false;
      void second.ended.then(() => (over = true));
      expect(await until(() => over || second.out().includes('open'))).toBe(true);
      h.ok(['start', id], { host });
      writeFileSync(join(go, 'on'), '');
      expect((await second.ended).stdout).not.toContain('written');
      expect(programs.map(digest)).toEqual(before);
    });

    it('is nothing that an image can have run (CVE-2025-24965, CVE-2026-84042)', () => {
      const noted = h.path(h.id('noted').slice(h.tag.length + 1));
      const evil = `#!/bin/sh\necho ran > ${noted}\n`;
      const host_ = victim();
      writeFileSync(join(host_, 'passwd'), 'root:x:0:0:root:/of-the-host:/bin/sh\n');
      const use = image((root) => {
        for (const name of ['usr/bin/newuidmap', 'usr/bin/newgidmap', 'bin/only-here', '.krun_config.json']) {
          writeFileSync(join(root, name), evil, { mode: 0o755 });
        }
        writeFileSync(join(root, 'etc/ld.so.preload'), '/evil.so\n');
        rmSync(join(root, 'etc/passwd'));
        symlinkSync(join(host_, 'passwd'), join(root, 'etc/passwd'));
      });
      const hook: Change = (config) => {
        config.hooks = { createRuntime: [{ path: '/bin/only-here' }] };
      };
      const hooked = h.run([use, hook], { host });
      expect(existsSync(noted)).toBe(false);
      expect(hooked.stderr).toMatch(/createRuntime hook #0: .*no such file or directory/);
      const result = h.run([use, variables(), shell('echo $HOME')], { host });
      expect(result).toMatchObject({ status: 0, stdout: '/\n' });
      expect(existsSync(noted)).toBe(false);
      // the same line is believed where it is the image's own
      const own = image((root) => {
        rmSync(join(root, 'etc/passwd'));
        writeFileSync(join(root, 'etc/passwd'), readFileSync(join(host_, 'passwd')));
      });
      expect(h.run([own, variables(), shell('echo $HOME')], { host }).stdout).toBe('/of-the-host\n');
    });
  });

  describe('capabilities', () => {
    const show = 'grep CapInh /proc/self/status';
    const none = 'CapInh:\t0000000000000000\n';

    it('are never inheritable unless the config says so, in a container and in an exec (CVE-2022-24769, CVE-2022-29162, CVE-2022-27650)', () => {
      const use = capabilities('CAP_CHOWN', 'CAP_KILL');
      // succeeds (CVE-2022-24769, CVE-2022-29162, CVE-2022-27650): a plan with inheritable capabilities
      const leaky = weakened({ set: { capabilities: { 2: '33' } } });
      expect(h.run([use, shell(show)], { host: leaky }).stdout).toBe('CapInh:\t0000000000000021\n');
      expect(h.run([use, shell(show)], { host }).stdout).toBe(none);
      const id = h.running([use, shell(SLEEP)], { host });
      expect(h.ok(['exec', id, 'sh', '-c', show], { host })).toBe(none);
      expect(h.ok(['exec', '--cap', 'CAP_CHOWN', '--cap', 'NET_RAW', id, 'sh', '-c', show], { host })).toBe(none);
      expect(h.ok(['exec', '--user', '1000', '--cap', 'CAP_CHOWN', id, 'sh', '-c', show], { host })).toBe(none);
    });
  });

  describe('the message to the first process', () => {
    it('cannot be made to say something else by a value in it (CVE-2021-43784)', () => {
      const init = (plan: string): string => {
        const spawned = addon.spawnInit({
          init: join(dist, 'libexec/tsrun-init'),
          self: join(dist, 'libexec/tsrun.node'),
          plan,
          slots: [],
          flags: 0,
          cgroup: -1,
          preserved: 0,
          inherited: [],
          stdio: [-1, -1, -1],
          trace: false,
        });
        try {
          const message = addon.receive(spawned.sync, 10_000);
          return message.type === 'failed'
            ? `${message.op} ${message.errno}`
            : message.type === 'ask'
              ? `ask ${message.what}`
              : message.type;
        } finally {
          addon.signal(spawned.pidfd, 9);
          addon.reap(spawned.pidfd);
          for (const fd of [spawned.sync, spawned.pidfd]) addon.close(fd);
        }
      };
      const plan = (fields: number, steps: number, ...body: string[]): string => ['tsrun-plan', 1, fields, steps, ...body, ''].join('\0');
      const smuggled = 'x\0ask\x001\0forged';
      // succeeds (CVE-2021-43784): a message whose fields are counted after they were joined: the forged step is carried out
      expect(init(plan(10, 2, 'ask', '1', 'x', 'ask', '1', 'forged'))).toBe('ask x');
      expect(init(plan(7, 1, 'ask', '1', smuggled))).toMatch(/^(plan|init) /);
      // counts that run over, or out of all proportion
      for (const count of ['4294967296', '18446744073709551617', '-1', '1e3', '999999999']) {
        expect(init(plan(7, 1, 'ask', count, 'x'))).toMatch(/^(plan|init) /);
        expect(init(['tsrun-plan', 1, count, 1, 'ask', '1', 'x', ''].join('\0'))).toMatch(/^(plan|init) /);
      }
      // and a config with a NUL is no config, however long its lists
      const nul: Change = ({ process }) => void (process.args = ['true', smuggled]);
      expect(h.refusal(['create', '--bundle', h.bundle(nul), h.id()], 1, { host })).toMatch(
        /\/process\/args\/1: must not contain a NUL byte/,
      );
      const many: Change = ({ process }) => void (process.env = Array.from({ length: 7_000 }, (_, at) => `A${at}=${'x'.repeat(10)}`));
      expect(h.run([many, shell('env | grep -c ^A')], { host }).stdout).toBe('7000\n');
    });
  });

  describe('users', () => {
    it('are numbers in range, and read strictly (CVE-2026-30892, CVE-2026-46680)', () => {
      const id = h.running([shell(SLEEP)], { host });
      const users = [
        '0x0',
        '0root',
        'root',
        '+0',
        '-0',
        '-1',
        ' 0',
        '0 ',
        '1e1',
        '0.0',
        '',
        ':',
        '0:',
        '0:0x1',
        '4294967295',
        '4294967296',
        '18446744073709551616',
      ];
      // a lax reader takes most of them for somebody, and many for root
      expect(users.filter((user) => Number.parseInt(user, 10) === 0).length).toBeGreaterThan(5);
      for (const user of users) {
        const { status, stdout } = h.tsrun(['exec', '--user', user, id, 'id', '-u'], { host });
        expect({ user, status, stdout }).toEqual({ user, status: 255, stdout: '' });
      }
      for (const uid of [-1, 4294967295, 4294967296, 1.5, '0', '4294967296']) {
        const use: Change = ({ process }) => void (process.user = { uid: uid as number });
        expect(h.refusal(['create', '--bundle', h.bundle(use), h.id()], 1, { host })).toMatch(
          /^tsrun create failed: \/process\/user\/uid: /,
        );
      }
      expect(h.ok(['exec', '--user', '4294967294:5', id, 'id', '-u'], { host })).toBe('4294967294\n');
    });

    it('are looked up in no file without an end (CVE-2026-47262)', () => {
      const use = image((root) => {
        for (const name of ['passwd', 'group']) {
          const path = join(root, 'etc', name);
          rmSync(path);
          spawnSync('truncate', ['--size', '1T', path]);
        }
      });
      const timeout = 15_000 * Number(process.env['TSRUN_TEST_SLOWNESS'] ?? 1);
      const { status, stdout } = h.run([use, variables(), shell('echo $HOME; grep Groups /proc/self/status')], { host, timeout });
      expect({ status, stdout }).toEqual({ status: 0, stdout: '/\nGroups:\t \n' });
    });

    it('get no line in a file of the image, whatever the environment says (CVE-2022-4318)', () => {
      let passwd = '';
      const use = image((root) => (passwd = join(root, 'etc/passwd')));
      const before = readFileSync(passwd, 'utf8');
      const home = '/x:/bin/sh\nevil::0:0::/';
      const other: Change = ({ process, root }) => {
        process.user = { uid: 4711, gid: 4711 };
        root.readonly = false;
      };
      expect(h.run([use, other, variables(`HOME=${home}`), shell('echo "$HOME"; cat /etc/passwd')], { host }).stdout).toBe(
        `${home}\n${before}`,
      );
      expect(readFileSync(passwd, 'utf8')).toBe(before);
      // succeeds (CVE-2022-4318): a line for the user in the file of the image, with the home as it is given
      const written = image((root) => {
        rmSync(join(root, 'etc/passwd'));
        writeFileSync(join(root, 'etc/passwd'), `${before}user4711:x:4711:4711::${home}:/bin/sh\n`);
      });
      expect(h.run([written, other, shell('id -u evil')], { host }).stdout).toBe('0\n');
      expect(h.run([other, shell('id -u evil')], { host }).stdout).toBe('');
    });
  });

  describe('the environment', () => {
    it('has nothing of the host that it does not name in full (CVE-2026-57231)', () => {
      const env = { PATH: process.env['PATH'] ?? '', SECRET: 'of the host' };
      expect(h.refusal(['create', '--bundle', h.bundle(variables('SECRET')), h.id()], 1, { host, env })).toMatch(
        /\/process\/env\/1: must be NAME=value/,
      );
      const id = h.running([shell(SLEEP)], { host });
      const { stdout } = h.tsrun(['exec', '--env', 'SECRET', id, 'env'], { host, env });
      expect(stdout).not.toContain('of the host');
      const file = h.path(h.id('process').slice(h.tag.length + 1));
      writeFileSync(file, JSON.stringify({ cwd: '/', args: ['env'], env: ['PATH=/bin', 'SECRET'] }));
      expect(h.tsrun(['exec', '--process', file, id], { host, env })).toMatchObject({ status: 255, stdout: '' });
      // a variable that is named in full is there
      expect(h.ok(['exec', '--env', 'SECRET=x', id, 'env'], { host, env })).toContain('SECRET=x');
    });

    it('and a missing working directory are made inside (CVE-2026-55686)', () => {
      const host_ = victim();
      const use = image((root) => symlinkSync(host_, join(root, 'data')));
      const writable: Change = ({ root }) => void (root.readonly = false);
      const id = h.running([use, writable, shell(SLEEP)], { host });
      const { stdout } = h.tsrun(['exec', '--cwd', '/data/new', id, 'pwd', '-P'], { host });
      expect(['', `${host_}/new\n`]).toContain(stdout);
      const at: Change = ({ process }) => void (process.cwd = '/data/other');
      expect(h.run([use, writable, at, shell('pwd -P')], { host }).stdout).toBe(`${host_}/other\n`);
      expect(readdirSync(host_)).toEqual(['file']);
    });
  });

  describe('sockets', () => {
    it('of the runtime cannot be reached from the network namespace of the host (CVE-2020-15257)', async () => {
      const name = `\0${h.id('abstract')}`;
      const abstract = (text: string): string[] =>
        text
          .split('\n')
          .filter((line) => line.includes('@'))
          .map((line) => line.replace(/^[^@]*@|@*$/g, ''));
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(name, resolve));
      try {
        const before = new Set(abstract(readFileSync('/proc/net/unix', 'utf8')));
        // succeeds (CVE-2020-15257): a socket with an abstract name, which everybody sees who shares that namespace
        const waiting = h.id();
        h.ok(['create', '--bundle', h.bundle(without('network'), shell('true')), waiting], { host });
        const id = h.running([without('network'), shell(SLEEP)], { host });
        const seen = h.ok(['exec', id, 'cat', '/proc/net/unix'], { host });
        expect(abstract(seen)).toContain(name.slice(1));
        expect(abstract(seen).filter((each) => !before.has(each) && each.includes('tsrun'))).toEqual([]);
        // its sockets are files, where only the caller may go
        expect(seen).toContain(join(h.root, waiting, 'start'));
        expect(
          spawnSync('setpriv', ['--reuid=54321', '--regid=54321', '--clear-groups', 'test', '-e', join(h.root, waiting, 'start')]).status,
        ).toBe(1);
      } finally {
        server.close();
      }
    });
  });

  describe('sysctls', () => {
    it('set one file, which is the container’s own (CVE-2022-0811)', () => {
      const pattern = (): string => readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
      const before = pattern();
      // succeeds (CVE-2022-0811): a plan that writes to any file: the kernel does not stop it (the value is the one that was there)
      const sysctl =
        (key: string, value: string): Change =>
        ({ linux }) => {
          linux.sysctl = { [key]: value };
        };
      const ttl = 'net.ipv4.ip_default_ttl';
      const written = weakened({ set: { sysctl: { 0: 'kernel/core_pattern', 1: before.trim() } } });
      expect(h.run([sysctl(ttl, '77'), shell('echo ran')], { host: written })).toMatchObject({ status: 0, stdout: 'ran\n' });
      for (const key of [
        'kernel.core_pattern',
        'kernel/core_pattern',
        'net/../kernel/core_pattern',
        'net.ipv4.ip_default_ttl+kernel.core_pattern',
        'net.ipv4.ip_default_ttl=1\nkernel.core_pattern',
      ]) {
        const { status, stdout } = h.run([sysctl(key, '|/evil'), shell('echo ran')], { host });
        expect({ key, status, stdout }).toEqual({ key, status: 1, stdout: '' });
      }
      for (const value of ['77+kernel.core_pattern=|/evil', '77\nkernel.core_pattern=|/evil', '77 kernel.core_pattern=|/evil']) {
        h.run([sysctl(ttl, value), shell('true')], { host });
        expect(pattern()).toBe(before);
      }
      expect(h.run([sysctl(ttl, '77'), shell('cat /proc/sys/net/ipv4/ip_default_ttl')], { host }).stdout).toBe('77\n');
    });
  });

  describe('annotations', () => {
    it('give no device that the config does not (CVE-2023-6476)', () => {
      const use: Change = (config) => {
        config.annotations = { 'io.kubernetes.cri-o.Devices': '/dev/kmsg', 'run.oci.devices': '/dev/kmsg' };
      };
      const open = shell('mknod /dev/log c 1 11; : < /dev/log && echo open');
      const result = h.run([capabilities('CAP_MKNOD', 'CAP_SYSLOG'), use, open], { host });
      expect(result).toMatchObject({ stdout: '', stderr: expect.stringContaining('not permitted') as string });
    });
  });

  describe('checkpoints', () => {
    it('are not restored, so nothing in one is believed (CVE-2024-8676, CVE-2026-53489, CVE-2026-53492, CVE-2026-50195, CVE-2026-94603)', () => {
      const host_ = victim();
      const stolen: Change = (config) => {
        config.mounts.push({ source: host_, destination: '/stolen', type: 'bind', options: ['rbind'] });
        config.annotations = { 'org.criu.config': join(host_, 'file') };
      };
      const show = shell('cat /stolen/file');
      // an image of a container as others write it, with a config that is not the container's
      const checkpoint = h.bundle(stolen, show);
      copyFileSync(join(checkpoint, 'config.json'), join(checkpoint, 'spec.dump'));
      symlinkSync(join(host_, 'file'), join(checkpoint, 'container.log'));
      // succeeds (CVE-2024-8676, CVE-2026-53489, CVE-2026-53492, CVE-2026-50195, CVE-2026-94603): the checkpoint's config, believed
      expect(h.tsrun(['run', '--bundle', checkpoint, h.id()], { host }).stdout).toBe('untouched');
      for (const command of ['restore', 'checkpoint']) {
        const args = [command, '--bundle', h.bundle(show), '--image-path', checkpoint, h.id()];
        expect(h.refusal(args, 3, { host })).toMatch(/^unknown command/);
      }
      expect(readFileSync(join(host_, 'file'), 'utf8')).toBe('untouched');
    });
  });
});
