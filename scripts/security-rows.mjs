// What docs/security.md says beside the names of the tests: an advisory's attack, and what holds against it. A row is added here; its test
// is found by its name, which ends with the ids in parentheses: `it('... (CVE-2024-21626, runc #5403)', ...)`. Ids of one row are one
// attack. Each must have a test, and the row a build, a plan or steps against which the attack is seen to succeed, or `npm run check` fails.

/** @type {{ ids: string[], attack: string, holds: string }[]} */
export const rows = [
  {
    ids: ['CVE-2016-9962'],
    attack: 'A process of the container opens descriptors of the entering process through `/proc`.',
    holds: 'Every descriptor is close-on-exec from birth; init is undumpable until it executes the program.',
  },
  {
    ids: ['CVE-2019-5736'],
    attack: 'The container has the runtime execute `/proc/self/exe` and overwrites the program of the host.',
    holds: 'What is executed inside is a static program in a sealed memory file; nothing of the host’s is.',
  },
  {
    ids: ['CVE-2019-5736 by exec'],
    attack:
      'A process of the container sees the entering process (ptrace, `/proc/PID/root`, `exe`, `mem`, `pidfd_getfd`) before it is confined.',
    holds: 'Nothing is visible in the container’s pid namespace before it is confined.',
  },
  {
    ids: ['CVE-2019-16884', 'CVE-2019-19921', 'CVE-2023-27561', 'CVE-2023-28642'],
    attack: 'An image or volume makes `/proc` or `/sys` a symlink or a fake, so that labels and masks are written elsewhere.',
    holds: 'procfs and sysfs mount only on a real directory inside the root; writes go through a verified procfs handle.',
  },
  {
    ids: ['CVE-2021-30465', 'CVE-2024-45310'],
    attack: 'Another container swaps a component of a path for a symlink between the check and the mount or mkdir.',
    holds: 'A path inside the root is resolved with `openat2(RESOLVE_IN_ROOT)`, and used by the descriptor that came of it.',
  },
  {
    ids: ['CVE-2021-43784'],
    attack: 'A length or count in the message to init overflows (huge id maps, long paths), and a later part of it is forged.',
    holds: 'Fields are counted before they are joined; the reader checks every bound and refuses the whole. It is fuzzed.',
  },
  {
    ids: ['CVE-2022-24769', 'CVE-2022-29162', 'CVE-2022-27650'],
    attack: 'Inheritable capabilities are not empty, in a container or through `exec --cap`.',
    holds: 'Inheritable and ambient sets have what the config names and nothing else; `--cap` never adds to inheritable.',
  },
  {
    ids: ['CVE-2023-25809'],
    attack: 'Rootless: the host’s tree of cgroups is writable in the container.',
    holds: 'Without a cgroup namespace of its own the container gets its part of the tree read-only.',
  },
  {
    ids: ['CVE-2024-21626'],
    attack: 'A leaked descriptor of a directory and `cwd` `/proc/self/fd/N` lead to the host.',
    holds:
      'Nothing is open but what was asked for, checked right before the program starts; the working directory must lie below the root.',
  },
  {
    ids: ['CVE-2025-31133'],
    attack: '`/dev/null` of the image is replaced, so that masking binds something else.',
    holds: 'Paths are masked with the runtime’s own null device, known by descriptor; directories with an empty read-only tmpfs.',
  },
  {
    ids: ['CVE-2025-52565'],
    attack: '`/dev/pts/N` is exchanged while it is bound on `/dev/console`.',
    holds: 'The pty comes from a devpts that was verified, and is bound by descriptor.',
  },
  {
    ids: ['CVE-2025-52881'],
    attack: 'Writes to `/proc/self/attr/*` or to sysctl files are redirected.',
    holds: 'They go through the runtime’s own procfs handle, without crossing mounts or symlinks.',
  },
  {
    ids: ['CVE-2026-41579', 'CVE-2026-47766'],
    attack: 'An image’s `/dev` is a symlink: device nodes land on the host.',
    holds: '`/dev` is resolved like every other path inside the root.',
  },
  {
    ids: ['CVE-2026-30892'],
    attack: '`exec --user` is parsed laxly.',
    holds: 'Numbers are decimal digits in range, in flags and in configs; all else is refused.',
  },
  {
    ids: ['CVE-2019-18837'],
    attack: 'The root file system itself is a symlink.',
    holds: 'The root is resolved once and used by descriptor.',
  },
  {
    ids: ['CVE-2020-15257'],
    attack: 'An abstract socket of the runtime is reached from a container in the host’s network namespace.',
    holds: 'Sockets are files of mode 0600 in a directory of mode 0700; there are no abstract ones.',
  },
  {
    ids: ['CVE-2022-0811'],
    attack: 'A sysctl’s value smuggles another one, with `+` or a line break.',
    holds: 'A key names one file, in a namespace of the container’s own; the value is written to it and nowhere else.',
  },
  {
    ids: ['CVE-2022-4318'],
    attack: 'A line break in a user’s name or home forges lines of `/etc/passwd`.',
    holds: 'No file of the image is written.',
  },
  {
    ids: ['CVE-2024-3154'],
    attack: 'An annotation sets a property of systemd’s that runs a program or acts on other units.',
    holds: 'Properties that reach beyond the container’s unit are refused; `features` names the prefix as unsafe.',
  },
  {
    ids: ['CVE-2023-6476'],
    attack: 'An annotation gives resources or devices that the config does not.',
    holds: 'Annotations other than those of the container’s unit change nothing of a plan.',
  },
  {
    ids: ['CVE-2024-5154'],
    attack: '`/etc/mtab` of the image is a symlink, and is written through.',
    holds: 'No file of the image is written; what is made inside is made by descriptor below the root.',
  },
  {
    ids: ['CVE-2024-8676', 'CVE-2026-53489', 'CVE-2026-53492', 'CVE-2026-50195', 'CVE-2026-94603'],
    attack: 'A checkpoint brings mounts, annotations, logs or options that the config does not have.',
    holds: 'There is no `restore`.',
  },
  {
    ids: ['CVE-2025-24965', 'CVE-2026-84042'],
    attack: 'A file of a handler in the image is a symlink; a program of the image runs as the host’s root.',
    holds: 'Nothing in the image is read or run on the host’s side; `/etc/passwd` is read below the root, and bounded.',
  },
  {
    ids: ['CVE-2025-54867', 'CVE-2025-62161', 'CVE-2025-62596'],
    attack: '`/proc` and `/sys` are symlinks; a path is masked through a replaced `/dev/null`; a label’s write is redirected.',
    holds: 'As for CVE-2019-16884, CVE-2025-31133 and CVE-2025-52881.',
  },
  {
    ids: ['CVE-2026-88264', 'CVE-2026-88265'],
    attack: '`/dev/console` is made through a symlink where nothing is mounted on `/dev`; `/dev/null` is trusted by its device number.',
    holds: 'The same resolution with and without a mount on `/dev`; a device is known by descriptor, type and number together.',
  },
  {
    ids: ['CVE-2026-87766'],
    attack: 'Files are created through a parent’s symlink into the old root.',
    holds: 'As for CVE-2021-30465: every path of a plan is resolved below the new root.',
  },
  {
    ids: ['CVE-2026-46680'],
    attack: 'A numeric user beyond the range is taken for a name.',
    holds: 'Users are numbers in range, and never looked up by name.',
  },
  {
    ids: ['CVE-2026-47262'],
    attack: 'An endless `/etc/group` or `/etc/passwd` of the image keeps the runtime busy.',
    holds: '`/etc/group` is not read; `/etc/passwd` only as a regular file, and 16 MiB of it at most.',
  },
  {
    ids: ['CVE-2026-55686'],
    attack: 'A working directory that is a symlink is created on the host.',
    holds: 'It is made by the process itself, inside its root.',
  },
  {
    ids: ['CVE-2026-57231'],
    attack: 'A variable without `=` pulls the host’s value into the container.',
    holds: 'Refused in a config; never filled in on the command line.',
  },
  {
    ids: ['runc #5403'],
    attack: '`exec --cgroup` lets `.../c-a` reach its sibling `.../c-ab`.',
    holds: 'The path is put below the container’s cgroup part by part; `..` is refused.',
  },
  {
    ids: ['kernel 6.17'],
    attack: '`bpf(2)` for device programs of cgroup v2 writes past a short attribute (kernels 6.17 to 7.1).',
    holds: 'The attribute always has the kernel’s full size, zeroed.',
  },
];

/** Paragraphs for the end of the page: figures of long runs, and the like. */
export const notes = [
  'CVE-2019-5736 by exec was carried out for ten minutes under Linux 6.18 (`TSRUN_ONLOOKER_MINUTES=10`, `test/integration/onlookers.test.ts`): during 6,796 ' +
    'execs, every other one a health check as engines do it, with four kinds of filters, an onlooker with CAP_SYS_PTRACE looked some 8,500 times at what came, ' +
    '4,801 times before that had become the program. In containers made in its pid namespace (`onlookers-pods.test.ts`, with both ways to a procfs) it ' +
    'looked 49,500 times during 6,870, in ten minutes too, 38,339 times before. By ptrace, `/proc/PID/{root,cwd,exe,fd,mem,environ,map_files,ns,cgroup}`, ' +
    '`pidfd_getfd`, `process_vm_readv` and `kcmp`, holding them by signals and in a frozen cgroup too, it saw nothing of the host.',
];
