// The programs and processes that the runtime has beside it: they end when it ends, and hold nothing of its.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { USER, asUser, harness, hosts, isAlive, shell, skipped, until, whyNoContainers, whyNoUser, type Change } from './harness.js';

const h = harness('helpers');

/** Number of write(2) by process.arch. */
const WRITE: Readonly<Record<string, number>> = { x64: 1, arm64: 64 };

/** Processes, zombies apart, whose command line has this in it. */
function processesNaming(text: string): string[] {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && read(`/proc/${pid}/cmdline`).includes(text) && isAlive(Number(pid)));
}

describe.skipIf(skipped('helpers', whyNoContainers())).each(hosts)('under $name', (host) => {
  let endAt = '';
  beforeAll(() => {
    // where there is no compiler, as in the virtual machine, it has been brought along
    endAt = join(import.meta.dirname, '../fixtures/end-at');
    if (existsSync(endAt)) return;
    endAt = h.path('end-at');
    if (!existsSync(endAt)) execFileSync('gcc', ['-O1', '-D_GNU_SOURCE', '-o', endAt, join(import.meta.dirname, '../fixtures/end-at.c')]);
  });

  it('no copy of the engine outlives a create that is killed while it makes an id-mapped mount', async () => {
    // 36 bytes, which nothing else that is written has
    const mapping = { containerID: 1_234_567_890, hostID: 1_234_567_890, size: 12_345_678 };
    const map = `${mapping.containerID} ${mapping.hostID} ${mapping.size}\n`;
    const source = h.path(h.id('source').slice(h.tag.length + 1));
    mkdirSync(source);
    const mapped: Change = (config) => {
      config.mounts.push({
        source,
        destination: '/mapped',
        type: 'bind',
        options: ['rbind'],
        uidMappings: [mapping],
        gidMappings: [mapping],
      });
    };
    const id = h.id();
    const bundle = h.bundle(mapped);
    const [program = '', ...rest] = host.command;
    const created = spawnSync(
      endAt,
      [String(WRITE[process.arch]), '2', String(map.length), program, ...rest, '--root', h.root, 'create', '--bundle', bundle, id],
      { encoding: 'utf8', stdio: ['ignore', 'ignore', 'ignore'] },
    );
    expect(created.signal).toBe('SIGSYS');
    const { status, stderr } = h.tsrun(['delete', '--force', id], { host });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await until(() => processesNaming(id).length === 0)).toBe(true);
    await h.expectNothingLeft();
  });

  it.each(['createRuntime', 'createContainer'] as const)('a %s hook ends with a create that is killed', async (kind) => {
    const noted = h.path(h.id('hook').slice(h.tag.length + 1));
    const script = `${noted}.sh`;
    writeFileSync(script, `#!/bin/sh\necho "$$" > ${noted}.new && mv ${noted}.new ${noted}\nexec sleep 1000\n`, { mode: 0o755 });
    const hook: Change = (config) => {
      config.hooks = { [kind]: [{ path: script }] };
      // in its own the kernel would end it with the first process
      config.linux.namespaces = (config.linux.namespaces ?? []).filter(({ type }) => type !== 'pid');
    };
    const id = h.id();
    const { pid, ended } = h.spawn(['create', '--bundle', h.bundle(hook), id], { host });
    expect(await until(() => existsSync(noted))).toBe(true);
    const hookPid = Number(readFileSync(noted, 'utf8'));
    expect(isAlive(hookPid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await ended;
    expect(await until(() => !isAlive(hookPid))).toBe(true);
    expect(h.tsrun(['delete', '--force', id], { host }).status).toBe(0);
    await h.expectNothingLeft();
  });

  it('a hook gets the standard streams and no other descriptor', () => {
    const noted = h.path(h.id('hook').slice(h.tag.length + 1));
    const script = `${noted}.sh`;
    writeFileSync(script, `#!/bin/sh\nexec ls -l /proc/self/fd > ${noted}\n`, { mode: 0o755 });
    const hook: Change = (config) => {
      config.hooks = { createRuntime: [{ path: script }] };
    };
    expect(h.run([hook, shell('true')], { host }).status).toBe(0);
    const open = [...readFileSync(noted, 'utf8').matchAll(/ (\d+) -> (.*)/g)].filter(([, , to = '']) => !to.startsWith('/proc/'));
    expect(open.map(([, fd]) => fd)).toEqual(['0', '1', '2']);
  });

  describe.skipIf(skipped('newuidmap', whyNoUser() ?? (existsSync('/usr/bin/newuidmap') ? undefined : 'needs newuidmap (package uidmap)')))(
    'newuidmap',
    () => {
      const mapped: Change = (config) => {
        config.linux.namespaces = [...(config.linux.namespaces ?? []).filter(({ type }) => type !== 'cgroup'), { type: 'user' }];
        for (const name of ['uidMappings', 'gidMappings'] as const) {
          config.linux[name] = [
            { containerID: 0, hostID: USER, size: 1 },
            { containerID: 1, hostID: 200_000, size: 1000 },
          ];
        }
        delete config.linux.resources;
        delete config.linux.cgroupsPath;
        config.mounts = config.mounts.filter(({ type }) => type !== 'cgroup');
      };

      /** `run` by a user with subordinate ids, and with `files` in the place of the host's: both in a mount namespace of its own. */
      function runAsUser(files: Readonly<Record<string, string>>): { status: number | null; stdout: string; stderr: string } {
        const all = {
          '/etc/passwd': `${readFileSync('/etc/passwd', 'utf8')}sub:x:${USER}:${USER}::/:/bin/sh\n`,
          '/etc/group': `${readFileSync('/etc/group', 'utf8')}sub:x:${USER}:\n`,
          '/etc/subuid': 'sub:200000:1000\n',
          '/etc/subgid': 'sub:200000:1000\n',
          ...files,
        };
        const binds = Object.entries(all).map(([path, text]) => {
          const file = h.path(h.id('file').slice(h.tag.length + 1));
          writeFileSync(file, text, { mode: path.startsWith('/usr/') ? 0o755 : 0o644 });
          return `mount --bind ${file} ${path}`;
        });
        const root = h.path(h.id('user').slice(h.tag.length + 1));
        mkdirSync(root, { mode: 0o700 });
        chownSync(root, USER, USER);
        const command = [
          ...asUser(host).command,
          '--root',
          root,
          'run',
          '--bundle',
          h.bundle(mapped, shell('cat /proc/self/uid_map')),
          h.id(),
        ];
        const script = `${binds.join(' && ')} && exec "$@" 9< /etc/hostname`;
        const env = { PATH: `${h.scratch}/evil:${process.env['PATH'] ?? ''}` };
        return spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], {
          encoding: 'utf8',
          cwd: '/',
          env,
        });
      }

      it('maps the ids that are the user’s', () => {
        const { stdout, stderr } = runAsUser({});
        expect({ map: stdout.trim().split(/\s+/), stderr }).toEqual({ map: ['0', String(USER), '1', '1', '200000', '1000'], stderr: '' });
      });

      it('gets the standard streams and no other descriptor, and is not looked up in the caller’s PATH', () => {
        const directory = h.path(h.id('noted').slice(h.tag.length + 1));
        mkdirSync(directory);
        chmodSync(directory, 0o777);
        const noted = join(directory, 'fds');
        mkdirSync(h.path('evil'), { recursive: true });
        for (const name of ['newuidmap', 'newgidmap'])
          writeFileSync(h.path(`evil/${name}`), `#!/bin/sh\n: > ${directory}/evil\n`, { mode: 0o755 });
        const tell = `#!/bin/sh\nexec ls -l /proc/self/fd > ${noted}\n`;
        runAsUser({ '/usr/bin/newgidmap': tell });
        const open = [...readFileSync(noted, 'utf8').matchAll(/ (\d+) -> (.*)/g)].filter(([, , to = '']) => !to.startsWith('/proc/'));
        expect(open.map(([, fd]) => fd)).toEqual(['0', '1', '2']);
        expect(existsSync(join(directory, 'evil'))).toBe(false);
      });
    },
  );
});
