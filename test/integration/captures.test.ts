// The containers that Docker, Podman and Buildah asked their runtime for, asked for here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SLEEP, cgroupMount, harness, shell, skipped, until, whyNoContainers, type Config } from './harness.js';

const h = harness('captures');
const captures = join(import.meta.dirname, '../fixtures/captures');

const configs = readdirSync(captures, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('config.json'))
  .sort();

/** CAP_SYS_RESOURCE in our bounding set (man 7 capabilities). */
const mayRaise = (BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`) & (1n << 24n)) !== 0n;
const hasApparmor = existsSync('/sys/kernel/security/apparmor/profiles');
const controllers =
  cgroupMount() === undefined
    ? []
    : readFileSync(join(cgroupMount() ?? '', 'cgroup.controllers'), 'utf8')
        .trim()
        .split(' ');

interface Adaptation {
  readonly what: string;
  readonly because: string;
  /** Whether there was something to adapt. */
  readonly apply: (config: Config, id: string) => boolean;
}

/** All that is changed in a capture, and why. Everything else is as the engine wrote it. */
const adaptations: readonly Adaptation[] = [
  {
    what: 'the root file system is a copy of ours',
    because: "the engine's layers are not here",
    apply: (config) => {
      const [uid, gid] = [config.linux.uidMappings, config.linux.gidMappings].map(
        (mappings) => mappings?.find(({ containerID }) => containerID === 0)?.hostID,
      );
      config.root.path = uid === undefined || gid === undefined ? h.ownRoot() : h.ownRoot({ uid, gid });
      return true;
    },
  },
  {
    what: 'sources of bind mounts are empty files and directories',
    because: "the engine's files are not here",
    apply: (config) => {
      const missing = config.mounts.filter(
        ({ source, options }) => (options ?? []).some((option) => /^r?bind$/.test(option)) && source !== undefined && !existsSync(source),
      );
      for (const mount of missing) {
        mount.source = h.path(h.id('source'));
        if (mount.destination === '/dev/shm') mkdirSync(mount.source);
        // docker-init -- COMMAND...
        else if (mount.destination === '/sbin/docker-init') writeFileSync(mount.source, '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
        else writeFileSync(mount.source, `${mount.destination}\n`);
      }
      return missing.length > 0;
    },
  },
  {
    what: 'the AppArmor profile is left out',
    because: 'this host has no AppArmor',
    apply: (config) => {
      if (hasApparmor || (config.process.apparmorProfile ?? '') === '') return false;
      delete config.process.apparmorProfile;
      return true;
    },
  },
  {
    what: "the engine's hook is left out",
    because: 'its program is not here',
    apply: (config) => {
      if (Object.values(config.hooks ?? {}).flat().length === 0) return false;
      delete config.hooks;
      return true;
    },
  },
  {
    what: 'the cgroup has the name of this test, SLICE:PREFIX:NAME taken as a name',
    because: 'no systemd is asked, and the test finds its cgroups by their names',
    apply: (config, id) => {
      config.linux.cgroupsPath = `/${(config.linux.cgroupsPath ?? ':').replace(/[^:]*$/, '')}${id}`;
      return true;
    },
  },
  {
    what: 'joined namespaces are those of a container of ours',
    because: "the engine's other container is not here",
    apply: (config) => {
      const joined = (config.linux.namespaces ?? []).filter(({ path }) => (path ?? '') !== '');
      if (joined.length === 0) return false;
      const { pid } = h.state(h.running([shell(SLEEP)]));
      for (const namespace of joined) namespace.path = `/proc/${pid}/ns/${(namespace.path ?? '').split('/').at(-1) ?? ''}`;
      return true;
    },
  },
  {
    what: 'limits are left out',
    because: `the cgroup v2 mount has only these controllers: ${controllers.join(' ')}`,
    apply: (config) => {
      const { resources } = config.linux;
      if (resources === undefined) return false;
      const needed = { memory: 'memory', cpu: 'cpu', pids: 'pids', blockIO: 'io' } as const;
      const missing = (Object.keys(needed) as (keyof typeof needed)[]).filter(
        (key) => resources[key] !== undefined && !controllers.includes(needed[key]),
      );
      const some = missing.filter((key) => Object.keys(resources[key] ?? {}).length > 0);
      for (const key of missing) resources[key] = undefined;
      return some.length > 0;
    },
  },
  {
    what: 'limits of the process are no higher than ours, and its oomScoreAdj not lower',
    because: 'we have no CAP_SYS_RESOURCE',
    apply: (config) => {
      if (mayRaise) return false;
      const raised = (config.process.rlimits ?? []).length > 0 || (config.process.oomScoreAdj ?? 0) < 0;
      delete config.process.rlimits;
      if ((config.process.oomScoreAdj ?? 0) < 0) delete config.process.oomScoreAdj;
      return raised;
    },
  },
];

const used = new Map<string, string[]>();

function adapted(path: string, id: string): Config {
  const config = JSON.parse(readFileSync(join(captures, path), 'utf8')) as Config;
  for (const { what, because, apply } of adaptations) {
    if (apply(config, id))
      used.set(`${what} (${because})`, [...(used.get(`${what} (${because})`) ?? []), path.replace('/config.json', '')]);
  }
  return config;
}

/** Warnings of what this machine has not got are no failure. */
function complaints(stderr: string): string {
  return stderr.replace(/^.*level=warning msg="ignoring unknown or unavailable capabilities.*\n/gm, '');
}

describe.skipIf(skipped('captures', whyNoContainers()))('a container of', () => {
  it.each(configs)('%s does what its arguments say', async (path) => {
    const id = h.id();
    const config = adapted(path, id);
    const bundle = h.bundleOf(config);
    if (config.process.terminal === true) {
      const terminal = join(import.meta.dirname, '../fixtures/at-terminal.py');
      const command = [
        '/bin/sh',
        '-c',
        'exec "$@"',
        'sh',
        join(process.env['TSRUN_DIST'] ?? join(import.meta.dirname, '../../dist'), 'tsrun'),
        '--root',
        h.root,
        'run',
        '--bundle',
        bundle,
        id,
      ];
      const call = spawnSync('python3', [terminal, '[]', ...command], { encoding: 'utf8' });
      expect(JSON.parse(call.stdout)).toMatchObject({ status: 0, restored: true });
    } else if (config.process.args?.[0] === 'sleep') {
      expect(complaints(h.tsrun(['create', '--bundle', bundle, id]).stderr)).toBe('');
      h.ok(['start', id]);
      expect(readFileSync(`/proc/${h.state(id).pid}/cmdline`, 'utf8')).toBe('sleep\x00100\0');
      h.ok(['kill', id, 'KILL']);
      expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
      h.ok(['delete', id]);
    } else {
      const { status, stdout, stderr } = h.tsrun(['run', '--bundle', bundle, id]);
      expect({ status, stdout, stderr: complaints(stderr) }).toEqual({ status: 0, stdout: '', stderr: '' });
      // docker-build writes what it says
      if (path.startsWith('docker-build/')) expect(readFileSync(join(config.root.path, 'x'), 'utf8')).toBe('hi\n');
    }
    h.clean();
    await h.expectNothingLeft();
  });

  it.each(configs)('%s is what its config says', async (path) => {
    const id = h.id();
    const config = adapted(path, id);
    const { user, cwd, env = [], capabilities } = config.process;
    config.process.terminal = false;
    config.process.args = [
      'sh',
      '-c',
      'id -u; id -g; hostname; pwd; umask; cat /proc/self/status; echo ---; env; echo ---; cat /proc/self/mountinfo',
    ];
    const { status, stdout, stderr } = h.tsrun(['run', '--bundle', h.bundleOf(config), id]);
    expect({ status, stderr: complaints(stderr) }).toEqual({ status: 0, stderr: '' });
    const [about = '', environment = '', mounts = ''] = stdout.split('---\n');
    const [uid, gid, hostname, directory, umask] = about.split('\n');
    expect({ uid, gid, directory }).toEqual({ uid: String(user?.uid ?? 0), gid: String(user?.gid ?? 0), directory: cwd });
    expect(Number(`0o${umask ?? ''}`)).toBe(user?.umask ?? 0o022);
    if (config.hostname !== undefined && config.hostname !== '') expect(hostname).toBe(config.hostname);
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(about)?.[1] ?? '';
    expect(field('Seccomp')).toBe(config.linux.seccomp === undefined ? '0' : '2');
    expect(field('NoNewPrivs')).toBe(config.process.noNewPrivileges === true ? '1' : '0');
    expect(field('CapAmb')).toBe('0'.repeat(16));
    if ((capabilities?.effective ?? []).length === 0 || user?.uid !== 0) expect(field('CapEff')).toBe('0'.repeat(16));
    else expect(BigInt(`0x${field('CapEff')}`)).toBeGreaterThan(0n);
    expect(environment.split('\n')).toEqual(expect.arrayContaining(env.filter((variable) => !/^(PWD|SHLVL|_|TERM)=/.test(variable))));
    const points = mounts.split('\n').map((line) => line.split(' ')[4]);
    // what is mounted over is not all to be seen, but the mounts of the config are
    for (const { destination } of config.mounts) expect(points).toContain(destination.replace(/(.)\/$/, '$1'));
    h.clean();
    await h.expectNothingLeft();
  });

  it('was adapted in nothing but this', () => {
    for (const [what, paths] of used) process.stdout.write(`adapted: ${what}: ${[...new Set(paths)].join(' ')}\n`);
    expect(used.size).toBeLessThanOrEqual(adaptations.length);
  });
});
