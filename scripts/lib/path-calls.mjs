// System calls by path in what runs between clone and exec, and where each may be: `node scripts/check.mjs path-calls`.
//
// What an image holds is looked up in one place, rootfs/resolve.cc: below the root and by descriptor (openat2 with RESOLVE_IN_ROOT).
// Everywhere else a path would be followed wherever the image, a volume or another container has it lead. A call by descriptor
// has no path, or an empty one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { filesBelow, root } from './run.mjs';

const ROOMS = ['native/init', 'native/rootfs', 'native/process', 'native/ns'];

/** Calls that take a path (man 2 of each). */
const CALLS = new Set(
  `open openat openat2 open_tree open_by_handle_at creat fopen opendir mount umount umount2 move_mount fspick mount_setattr pivot_root
  mkdir mkdirat rmdir mknod mknodat mkfifo mkfifoat symlink symlinkat link linkat unlink unlinkat remove rename renameat renameat2
  chmod fchmodat fchmodat2 chown lchown fchownat stat lstat fstatat newfstatat statx statfs statvfs access faccessat faccessat2 euidaccess
  readlink readlinkat realpath truncate utime utimes utimensat setxattr lsetxattr getxattr lgetxattr removexattr lremovexattr listxattr
  chdir chroot execve execveat execv execvp inotify_add_watch fanotify_mark name_to_handle_at acct swapon nftw ftw scandir
  SYS_statx SYS_fchmodat2 SYS_openat2 SYS_open_tree SYS_mount`.split(/\s+/),
);

/** Every file that may, with the calls and the reason. */
const ALLOWED = {
  'native/rootfs/resolve.cc': ['openat2 openat mkdirat mknodat symlinkat', 'the place for the root: below it, by descriptor'],
  'native/rootfs/trusted.cc': [
    'open openat fchmodat readlinkat',
    '/proc and /dev/null of the runtime, verified, and files by their descriptor there',
  ],
  'native/rootfs/host_path.cc': ['open open_tree umount2', 'the place for paths of the host that the plan names'],
  'native/rootfs/filesystem.cc': [
    'mkdirat openat mount open_tree umount2',
    'names in a file system that nobody else has, by /proc/self/fd',
  ],
  'native/rootfs/proc_instance.cc': ['readlinkat', 'a name in a procfs, by the descriptor of its mount'],
  'native/rootfs/copy_up.cc': [
    'fchownat fchmodat utimensat openat openat2 symlinkat mkdirat mknodat',
    'entries of directories that are open: sources below and never through a symlink, targets in a file system that nobody else has',
  ],
  'native/rootfs/tree_host.cc': ['open_tree', 'runtime, not init: sources of bind mounts, which the config names'],
  'native/rootfs/device_host.cc': [
    'mknodat fchownat fchmodat open_tree',
    'runtime, not init: a file system that nobody else has, and nodes of the host',
  ],
  'native/process/cwd.cc': ['chdir', 'in the root of the container, as its user; where it led is looked at afterwards'],
  'native/process/lookup.cc': ['stat faccessat2', 'in the root of the container, as execve(2) is about to look it up'],
  'native/init/begin.cc': ['execve', 'in the root of the container: the program of the user'],
  'native/process/stat_host.cc': ['open stat', 'runtime, not init: /proc/PID'],
  'native/process/notify_host.cc': ['open unlink', 'runtime, not init: the state directory, which is the caller’s, and /dev/null'],
  'native/ns/idmap_host.cc': ['open access', 'runtime, not init: /proc/PID, and the installed newuidmap'],
  'native/ns/spawn_host.cc': ['open', 'runtime, not init: /proc/self'],
};

/** A string literal as the path that cannot lead anywhere: none at all, where we are, or the root we are in. */
const HARMLESS = /^(?:[^(),]*(?:\([^()]*\))?,\s*)?"(?:|\.|\/)"/;

/** Without comments and with every other character in its place. */
function code(text) {
  return text.replace(/\/\/[^\n]*/g, (comment) => ' '.repeat(comment.length));
}

/** The calls by path in a source: `{ line, call }` each. */
export function pathCalls(text) {
  const found = [];
  const source = code(text);
  // a name that is declared, defined, or a member's is not the call of the C library or of tsrun::sys
  for (const match of source.matchAll(/(?<![\w.>:])(?:(?:tsrun::)?sys::|::)?([A-Za-z_]\w*)\s*\(|\b(SYS_\w+)\s*,/g)) {
    const name = match[1] ?? match[2];
    if (!CALLS.has(name)) continue;
    const before = source.slice(0, match.index);
    const isDefined = /(?:^|\n)[ \t]*(?:[\w:<>&*[\]]+ )+$/.test(before) && !/\b(?:return|else|do|throw) $/.test(before);
    const rest = source.slice(match.index + match[0].length);
    if (isDefined || HARMLESS.test(rest)) continue;
    found.push({ line: before.split('\n').length, call: name });
  }
  return found;
}

/** What is wrong, a line each. */
export function checkPathCalls(
  read = (file) => readFileSync(join(root, file), 'utf8'),
  files = ROOMS.flatMap((room) => filesBelow(room, (path) => path.endsWith('.cc') || path.endsWith('.h'))),
) {
  const problems = [];
  const used = new Set();
  for (const file of files) {
    const allowed = (ALLOWED[file]?.[0] ?? '').split(' ');
    for (const { line, call } of pathCalls(read(file))) {
      if (allowed.includes(call)) used.add(`${file} ${call}`);
      else
        problems.push(
          `${file}:${line}: ${call} by path: what the image holds is found by rootfs/resolve.h, the host's by rootfs/host_path.h`,
        );
    }
  }
  for (const [file, [calls]] of Object.entries(ALLOWED)) {
    for (const call of calls.split(' ')) {
      if (files.includes(file) && !used.has(`${file} ${call}`))
        problems.push(`scripts/lib/path-calls.mjs: ${file} has no ${call} by path any more`);
    }
  }
  return problems;
}
