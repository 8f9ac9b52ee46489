// The containers that Docker, Podman and Buildah asked their runtime for, asked for here.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { adaptedConfig, callsOf, captureNames, capturedConfig, printAdapted, withoutLimits } from './captured.js';
import { SLEEP, commandOf, dist, harness, shell, skipped, until, whyNoContainers, type Config } from './harness.js';

const h = harness('captures');

const creates = captureNames()
  .flatMap(callsOf)
  .filter(({ command }) => command === 'create')
  .map(({ name }) => name);

function adapted(name: string): Config {
  const { uidMappings, gidMappings, namespaces = [] } = capturedConfig(name).linux;
  const [uid, gid] = [uidMappings, gidMappings].map((mappings) => mappings?.find(({ containerID }) => containerID === 0)?.hostID);
  const sources = h.path(h.id('sources'));
  mkdirSync(sources);
  const config = adaptedConfig(name, {
    rootfs: uid === undefined || gid === undefined ? h.ownRoot() : h.ownRoot({ uid, gid }),
    parent: h.tag,
    sources,
    ...(namespaces.some((namespace) => (namespace.path ?? '') !== '') ? { joined: h.state(h.running([shell(SLEEP)])).pid } : {}),
  });
  withoutLimits(config, name);
  return config;
}

/** Warnings of what this machine has not got are no failure. */
function complaints(stderr: string): string {
  return stderr.replace(/^.*level=warning msg="ignoring unknown or unavailable capabilities.*\n/gm, '');
}

describe.skipIf(skipped('captures', whyNoContainers()))('a container of', () => {
  afterAll(printAdapted);

  it.each(creates)('%s does what its arguments say', async (name) => {
    const id = h.id();
    const config = adapted(name);
    const bundle = h.bundleOf(config);
    if (config.process.terminal === true) {
      const terminal = join(import.meta.dirname, '../fixtures/at-terminal.py');
      const command = ['/bin/sh', '-c', 'exec "$@"', 'sh', join(dist, 'tsrun'), '--root', h.root, 'run', '--bundle', bundle, id];
      const call = spawnSync('python3', [terminal, '[]', ...command], { encoding: 'utf8' });
      expect(JSON.parse(call.stdout)).toMatchObject({ status: 0, restored: true });
    } else if (config.process.args?.[0] === 'sleep') {
      expect(complaints(h.tsrun(['create', '--bundle', bundle, id]).stderr)).toBe('');
      h.ok(['start', id]);
      expect(await commandOf(h.state(id).pid)).toBe('sleep\x00100\0');
      h.ok(['kill', id, 'KILL']);
      expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
      h.ok(['delete', id]);
    } else {
      const { status, stdout, stderr } = h.tsrun(['run', '--bundle', bundle, id]);
      expect({ status, stdout, stderr: complaints(stderr) }).toEqual({ status: 0, stdout: '', stderr: '' });
      // docker-build writes what it says
      if (name.startsWith('docker-build/')) expect(readFileSync(join(config.root.path, 'x'), 'utf8')).toBe('hi\n');
    }
    h.clean();
    await h.expectNothingLeft();
  });

  it.each(creates)('%s is what its config says', async (name) => {
    const id = h.id();
    const config = adapted(name);
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
});
