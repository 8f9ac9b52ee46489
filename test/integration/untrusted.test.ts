// --untrusted on whole containers: what the check lets pass runs, and what it refuses leaves nothing behind.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SLEEP, busyboxRoot, copyRoot, harness, hosts, shell, skipped, whyNoContainers, type Change } from './harness.js';

const h = harness('untrusted');

/** A bundle with its root file system in it. */
function bundle(...changes: readonly Change[]): string {
  const path = h.bundle(({ root }) => void (root.path = 'rootfs'), ...changes);
  copyRoot(busyboxRoot(), join(path, 'rootfs'));
  return path;
}

describe.skipIf(skipped('untrusted', whyNoContainers())).each(hosts)('under $name', (host) => {
  it('runs what spec writes, and takes a process that is as confined', () => {
    const id = h.id();
    h.ok(['run', '--untrusted', '--detach', '--bundle', bundle(shell(SLEEP)), id], { host });
    const file = h.path(h.id('process').slice(h.tag.length + 1));
    const process = { cwd: '/', args: ['id', '-u'], noNewPrivileges: true, env: ['PATH=/bin'] };
    writeFileSync(file, JSON.stringify(process));
    expect(h.ok(['exec', '--untrusted', '--process', file, id], { host })).toBe('0\n');
    writeFileSync(file, JSON.stringify({ ...process, capabilities: { bounding: ['CAP_SYS_ADMIN'] } }));
    expect(h.refusal(['exec', '--untrusted', '--process', file, id], 255, { host })).toBe(
      'exec failed: /capabilities/bounding/0: "CAP_SYS_ADMIN" reaches out of a container without a user namespace (--untrusted)',
    );
  });

  it('refuses what reaches out, before anything is done', async () => {
    const bind: Change = ({ mounts }) => void mounts.push({ source: '/etc', destination: '/mnt', type: 'bind', options: ['rbind'] });
    const noted = h.path(h.id('noted').slice(h.tag.length + 1));
    const hook: Change = (config) => void (config.hooks = { createRuntime: [{ path: '/bin/touch', args: ['touch', noted] }] });
    expect(h.refusal(['create', '--untrusted', '--bundle', bundle(bind), h.id()], 1, { host })).toMatch(
      /\/mounts\/7\/source: must not bind "\/etc" of the host \(--untrusted\)$/,
    );
    expect(h.refusal(['run', '--untrusted', '--bundle', bundle(hook), h.id()], 1, { host })).toMatch(/\/hooks\/createRuntime\/0: /);
    await h.expectNothingLeft();
    // and without the flag it is the caller's own word
    expect(h.tsrun(['run', '--bundle', bundle(bind), h.id()], { host }).status).toBe(0);
  });

  it('refuses a root file system that a symlink leads out of the bundle', () => {
    const path = bundle();
    rmSync(join(path, 'rootfs'), { recursive: true });
    symlinkSync('/', join(path, 'rootfs'));
    expect(h.refusal(['create', '--untrusted', '--bundle', path, h.id()], 1, { host })).toMatch(
      /\/root\/path: must stay in the bundle, is \/ /,
    );
    rmSync(join(path, 'rootfs'));
    mkdirSync(join(path, 'real'));
    symlinkSync('real', join(path, 'rootfs'));
    expect(h.refusal(['create', '--untrusted', '--bundle', path, h.id()], 1, { host })).not.toMatch(/--untrusted/);
  });
});
