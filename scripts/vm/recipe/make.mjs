// Makes the disk of the virtual machine: debootstrap fills a directory, mke2fs makes a file system of it.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { step } from '../cache.mjs';
import { peers } from './peers.mjs';

function packages(tags) {
  return readFileSync(join(import.meta.dirname, 'packages.txt'), 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([where]) => tags.includes(where))
    .map(([, name]) => name);
}

/**
 * Fills `directory` with `image`, `key` and `known_hosts`: a stock Debian `release` from `mirror`, with `node`, the host's own, as
 * neither release has the one that the tests need; if `emulated`, with its own kernel as `vmlinuz` and `initrd.img`. Says what it did
 * in `log`.
 */
export function make({ release, mirror, node, emulated }, directory, log) {
  const [root, disk, key] = [join(directory, 'root'), join(directory, 'image'), join(directory, 'key')];
  step(log, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'tsrun-vm', '-f', key]);

  const names = packages(['all', release, ...(emulated ? ['emulated'] : [])]);
  // what it mounts is nobody else's
  const apart = (...words) => step(log, 'unshare', ['--mount', ...words], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  apart('debootstrap', ...['--foreign', '--variant=minbase', `--include=${names.join(',')}`, release, root, mirror]);
  step(log, 'sh', [join(import.meta.dirname, 'before.sh'), root]);
  apart('chroot', root, '/debootstrap/debootstrap', '--second-stage');

  copyFileSync(node, join(root, 'usr/local/bin/node'));
  step(log, 'chroot', [root, 'node', '--version']);
  peers(join(root, 'opt/peers'), '/opt/peers', log);
  copyFileSync(`${key}.pub`, join(root, 'authorized_keys'));
  for (const name of ['vm-init', 'vm-ready'])
    step(log, 'install', ['-m', '755', join(import.meta.dirname, name), join(root, 'usr/local/sbin', name)]);
  copyFileSync(join(import.meta.dirname, 'vm-ready.service'), join(root, 'etc/systemd/system/vm-ready.service'));
  copyFileSync(join(import.meta.dirname, 'inside.sh'), join(root, 'inside.sh'));
  step(log, 'chroot', [root, 'sh', '/inside.sh']);
  rmSync(join(root, 'inside.sh'));
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  mkdirSync(join(root, 'var/cache/apt/archives/partial'), { recursive: true });

  if (emulated) for (const name of ['vmlinuz', 'initrd.img']) copyFileSync(join(root, name), join(directory, name));
  const [type, hostKey] = readFileSync(join(root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8').split(' ');
  writeFileSync(join(directory, 'known_hosts'), `tsrun-vm ${type} ${hostKey.trim()}\n`);

  // sparse, and without a journal: what is written to it is thrown away at the end
  step(log, 'mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-d', root, disk, '12G']);
  rmSync(root, { recursive: true, force: true });
}
