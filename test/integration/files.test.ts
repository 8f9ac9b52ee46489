// Files and sockets that the caller names, in a directory where another user has been first.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { USER, harness, hosts, shell, SLEEP, skipped, whyNoContainers, type CallOptions } from './harness.js';

const h = harness('files');

/** A directory like /tmp. */
function open(): string {
  const path = h.path(h.id('open').slice(h.tag.length + 1));
  mkdirSync(path);
  chmodSync(path, 0o1777);
  return path;
}

/** A file of another user's. */
function planted(path: string, text = ''): string {
  writeFileSync(path, text);
  chownSync(path, USER, USER);
  chmodSync(path, 0o666);
  return path;
}

describe.skipIf(skipped('files', whyNoContainers())).each(hosts)('under $name', (host) => {
  const options: CallOptions = { host };

  describe('a pid file', () => {
    it('is ours, whatever was planted under the names that a runtime might take', () => {
      const directory = open();
      const file = join(directory, 'pid');
      planted(file);
      const id = h.id();
      // execve keeps the pid, so this shell knows it before the runtime does
      const [program = '', ...rest] = host.command;
      const words = [program, ...rest, '--root', h.root, 'run', '--detach', '--pid-file', file, '--bundle', h.bundle(shell(SLEEP)), id];
      const plant = `p="${file}.$$.tmp"; : > "$p"; chown ${USER}:${USER} "$p"; exec "$@" > /dev/null 2>&1 < /dev/null`;
      const { status } = spawnSync('sh', ['-c', plant, 'sh', ...words], { stdio: 'ignore' });
      expect(status).toBe(0);
      expect(readFileSync(file, 'utf8')).toBe(String(h.state(id).pid));
      expect(statSync(file).uid).toBe(0);
      h.ok(['delete', '--force', id], options);
      expect(readdirSync(directory).filter((name) => name !== 'pid' && lstatSync(join(directory, name)).uid === 0)).toEqual([]);
    });

    it('replaces a symlink and does not follow it', () => {
      const directory = open();
      const victim = h.path(h.id('victim').slice(h.tag.length + 1));
      writeFileSync(victim, 'untouched');
      const file = join(directory, 'pid');
      symlinkSync(victim, file);
      const id = h.id();
      h.ok(['run', '--detach', '--bundle', h.bundle(shell(SLEEP)), id], options);
      h.ok(['exec', '--detach', '--pid-file', file, id, 'sleep', '1000'], options);
      expect(lstatSync(file).isFile()).toBe(true);
      expect(readFileSync(victim, 'utf8')).toBe('untouched');
    });
  });

  describe('a log', () => {
    const log = (path: string): ReturnType<typeof h.tsrun> => h.tsrun(['--log', path, 'state', h.id()], options);

    it('is appended to when it is ours, also by way of our own symlink', () => {
      const directory = open();
      const file = join(directory, 'log');
      symlinkSync(file, join(directory, 'link'));
      log(file);
      log(join(directory, 'link'));
      expect(readFileSync(file, 'utf8').match(/does not exist/g)).toHaveLength(2);
      expect(log('/dev/stderr').stderr).toMatch(/does not exist/);
      expect(log('/dev/fd/2').stderr).toMatch(/does not exist/);
    });

    it('is refused when another user made it, or a symlink in its place', () => {
      const directory = open();
      const file = planted(join(directory, 'log'), 'theirs\n');
      const victim = h.path(h.id('victim').slice(h.tag.length + 1));
      writeFileSync(victim, 'untouched');
      const link = join(directory, 'link');
      symlinkSync(victim, link);
      lchownSync(link, USER, USER);
      for (const path of [file, link]) {
        const { status, stderr } = log(path);
        expect(status).toBe(1);
        expect(stderr).toContain(`open ${path}, which user ${USER} made in a directory that is open to everybody: permission denied`);
      }
      expect(readFileSync(file, 'utf8')).toBe('theirs\n');
      expect(readFileSync(victim, 'utf8')).toBe('untouched');
    });

    it("does not wait for a reader of another user's FIFO", () => {
      const path = join(open(), 'log');
      spawnSync('mkfifo', [path]);
      chownSync(path, USER, USER);
      const { status, stderr } = h.tsrun(['--log', path, 'state', h.id()], options);
      expect({ status, refused: stderr.includes('permission denied') }).toEqual({ status: 1, refused: true });
    });
  });

  it('no pidfd goes to a socket that another user made in a directory like /tmp', async () => {
    const path = join(open(), 'socket');
    let connections = 0;
    const server = createServer(() => (connections += 1));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      chownSync(path, USER, USER);
      const bundle = h.bundle(shell(SLEEP));
      const refused = await h.spawn(['run', '--detach', '--pidfd-socket', path, '--bundle', bundle, h.id()], options).ended;
      expect(refused.status).toBe(1);
      expect(refused.stderr).toMatch(/permission denied/);
      expect(connections).toBe(0);
      chownSync(path, 0, 0);
      const sent = await h.spawn(['run', '--detach', '--pidfd-socket', path, '--bundle', bundle, h.id()], options).ended;
      expect(sent.status).toBe(0);
    } finally {
      server.close();
    }
  });

  it('spec makes its config.json and never writes through what is there', () => {
    const directory = open();
    const victim = h.path(h.id('victim').slice(h.tag.length + 1));
    symlinkSync(victim, join(directory, 'config.json'));
    const { status, stderr } = h.tsrun(['spec', '--bundle', directory], options);
    expect(status).toBe(1);
    expect(stderr).toMatch(/config\.json exists\. Remove it first/);
    expect(existsSync(victim)).toBe(false);
  });

  describe('a state root', () => {
    /** A root with a container that the planter made up. */
    function forged(): string {
      const root = h.path(h.id('forged').slice(h.tag.length + 1));
      mkdirSync(join(root, 'c1'), { recursive: true, mode: 0o700 });
      writeFileSync(join(root, 'c1/state.json'), JSON.stringify({ id: 'c1', pid: 0, cgroup: '', bundle: '/', rootfs: '/' }));
      return root;
    }
    const calls = [['state', 'c1'], ['delete', '--force', 'c1'], ['kill', 'c1', 'KILL'], ['list'], ['create', '--bundle', '/', 'c2']];

    it.each<[string, (root: string) => string, RegExp]>([
      ["another user's", (root) => (chownSync(root, USER, USER), root), /must belong to the user who calls, belongs to user 54321/],
      ['one where others may write', (root) => (chmodSync(root, 0o777), root), /others must not be able to write there, its mode is 0777/],
      ['a symlink', (root) => (symlinkSync(root, `${root}-link`), `${root}-link`), /must be a directory, is a symlink/],
    ])('is refused when it is %s', (_, spoil, words) => {
      const root = spoil(forged());
      for (const args of calls) {
        const { status, stdout, stderr } = h.tsrun(args, { ...options, root });
        expect({ status: status !== 0, stdout }).toEqual({ status: true, stdout: '' });
        if (args[0] !== 'create') expect(stderr).toMatch(words);
      }
      expect(h.tsrun(['create', '--bundle', h.bundle(), 'c2'], { ...options, root }).stderr).toMatch(words);
      expect(readdirSync(root)).toEqual(['c1']);
    });
  });
});
