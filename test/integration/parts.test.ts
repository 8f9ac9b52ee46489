// The programs that are part of tsrun: with whom else could put another one there than those who could replace tsrun itself, they are not used.
import { chmodSync, chownSync, copyFileSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { USER, dist, harness, hosts, skipped, whyNoContainers } from './harness.js';

const h = harness('parts');

/** libexec/ as it is, with files of its own. */
function libexec(change: (init: string) => void): string {
  const directory = h.path(h.id('libexec').slice(h.tag.length + 1));
  mkdirSync(directory, { mode: 0o755 });
  for (const name of ['tsrun-init', 'tsrun.node', 'tsrun-systemd']) {
    copyFileSync(join(dist, 'libexec', name), join(directory, name));
    chmodSync(join(directory, name), 0o755);
  }
  change(join(directory, 'tsrun-init'));
  return directory;
}

describe.skipIf(skipped('parts', whyNoContainers())).each(hosts)('under $name', (host) => {
  /** `run` with `parts` in the place of libexec/. */
  const run = (parts: string): { status: number; stderr: string } => {
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const inside = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', parts, join(dist, 'libexec')];
    return h.run([], { host: { name: host.name, command: [...inside, ...host.command] } });
  };

  it("tsrun-init that is the superuser's alone is used", () => {
    expect(run(libexec(() => undefined))).toMatchObject({ status: 0, stderr: '' });
  });

  it.each<[string, (init: string) => void, string]>([
    ["is another user's", (init) => chownSync(init, USER, 0), 'owned by another user: '],
    ['may be written by others', (init) => chmodSync(init, 0o757), 'others may write to '],
    ["may be written by tsrun's group", (init) => chmodSync(init, 0o775), 'others may write to '],
    ["lies in another user's directory", (init) => chownSync(dirname(init), USER, 0), 'owned by another user: the directory of '],
    ['lies in a directory that others may write to', (init) => chmodSync(dirname(init), 0o1777), 'others may write to the directory of '],
    [
      'is a symlink',
      (init) => {
        renameSync(init, `${init}-elsewhere`);
        symlinkSync(`${init}-elsewhere`, init);
      },
      'not a regular file: ',
    ],
  ])('tsrun-init that %s is not', async (_, change, words) => {
    const { status, stderr } = run(libexec(change));
    expect(status).toBe(1);
    expect(stderr).toContain(`${words}${join(dist, 'libexec/tsrun-init')}: permission denied`);
    await h.expectNothingLeft();
  });
});

describe.skipIf(skipped('parts', whyNoContainers()))('the executable', () => {
  /** Another installation of it, and what `change` does to its files. */
  const installed = (change: readonly string[]) => {
    const directory = h.path(h.id('dist').slice(h.tag.length + 1));
    mkdirSync(directory, { mode: 0o755 });
    copyFileSync(join(dist, 'tsrun'), join(directory, 'tsrun'));
    // no hard links: they would have the owners of those here
    expect(spawnSync('cp', ['-r', join(dist, 'libexec'), directory]).status).toBe(0);
    expect(spawnSync(change[0] ?? '', [...change.slice(1), directory]).status).toBe(0);
    return { name: 'tsrun', command: [join(directory, 'tsrun')] } as const;
  };

  it("trusts its own owner's parts, whoever calls", () => {
    expect(h.run([], { host: installed(['chown', '-R', `${USER}:${USER}`]) })).toMatchObject({ status: 0, stderr: '' });
  });

  it('and those that the same group may write to as itself', () => {
    expect(h.run([], { host: installed(['chmod', '-R', 'g+w']) })).toMatchObject({ status: 0, stderr: '' });
  });
});
