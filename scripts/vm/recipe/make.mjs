// Makes the disk of the virtual machine: debootstrap fills a directory, mke2fs makes a file system of it.
import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs a program, its output into the log. */
function step(log, program, args, env = {}) {
  appendFileSync(log, `\n# ${program} ${args.join(' ')}\n`);
  const fd = openSync(log, 'a');
  const { status, signal, error } = spawnSync(program, args, {
    stdio: ['ignore', fd, fd],
    env: { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...env },
  });
  closeSync(fd);
  if (error) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${signal ?? `exit status ${status}`}`);
}

function packages(release) {
  return readFileSync(join(import.meta.dirname, 'packages.txt'), 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([where]) => where === 'all' || where === release)
    .map(([, name]) => name);
}

/**
 * Fills `directory` with `image`, `vmlinuz`, `initrd.img`, `key` and `known_hosts`: a stock Debian `release` from `mirror`, with
 * `node`, the host's own, as neither release has the one that the tests need. Says what it did in `log`.
 */
export function make({ release, mirror, node }, directory, log) {
  const [root, disk, key] = [join(directory, 'root'), join(directory, 'image'), join(directory, 'key')];
  step(log, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'tsrun-vm', '-f', key]);

  step(log, 'debootstrap', ['--foreign', '--variant=minbase', `--include=${packages(release).join(',')}`, release, root, mirror]);
  step(log, 'sh', [join(import.meta.dirname, 'before.sh'), root]);
  step(log, 'chroot', [root, '/debootstrap/debootstrap', '--second-stage'], { DEBIAN_FRONTEND: 'noninteractive' });

  copyFileSync(node, join(root, 'usr/local/bin/node'));
  step(log, 'chroot', [root, 'node', '--version']);
  copyFileSync(`${key}.pub`, join(root, 'authorized_keys'));
  copyFileSync(join(import.meta.dirname, 'inside.sh'), join(root, 'inside.sh'));
  step(log, 'chroot', [root, 'sh', '/inside.sh']);
  rmSync(join(root, 'inside.sh'));
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  mkdirSync(join(root, 'var/cache/apt/archives/partial'), { recursive: true });

  for (const name of ['vmlinuz', 'initrd.img']) copyFileSync(join(root, name), join(directory, name));
  const [type, hostKey] = readFileSync(join(root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8').split(' ');
  writeFileSync(join(directory, 'known_hosts'), `tsrun-vm ${type} ${hostKey.trim()}\n`);

  // sparse, and without a journal: what is written to it is thrown away at the end
  step(log, 'mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-d', root, disk, '12G']);
  rmSync(root, { recursive: true, force: true });
}
