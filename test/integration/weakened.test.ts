// Shows that the attacks would succeed: each is carried out against a build in which what holds against it has been taken out, and its test
// must fail there. The sources and dist/ stay as they are: a copy of the sources is changed and tsrun-init compiled from it, or a
// copy of the compiled TypeScript is changed; dist/ is copied by hard links, with what was changed in place of its own.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { dist, skipped, whyNoContainers } from './harness.js';
import { noPython } from './attacks.js';

const project = join(import.meta.dirname, '../..');

interface Weakness {
  /** What is taken out. */
  readonly without: string;
  /** The text of a source (`native/`) or of the compiled TypeScript (`lib/`), which must be there once, and what comes in its place. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  /** Tests of attacks*.test.ts that must fail: all whose whole name has one of these texts. */
  readonly attacks: readonly string[];
}

/** Paths in the root as runtimes looked them up before openat2(2): by name, from the host, whatever is a symlink on the way. */
const BY_NAME = `{
  char base[4096];
  Text<32> link;
  link.append("/proc/self/fd/").append_number(root);
  const ssize_t size = readlinkat(AT_FDCWD, link.c_str(), base, sizeof base);
  if (size <= 0) return failed("weakened");
  Text<8192> name;
  name.append({base, static_cast<size_t>(size)}).append("/").append(path);
  Place place;
  place.fd.reset(openat(AT_FDCWD, name.c_str(), O_PATH | O_CLOEXEC));
  if (!place.fd.valid()) {
    const std::string_view all = name.view();
    for (size_t at = static_cast<size_t>(size) + 1; at <= all.size(); at++) {
      if (at < all.size() && all[at] != '/') continue;
      Text<8192> part;
      part.append(all.substr(0, at));
      if (at < all.size() || kind == Kind::directory) {
        (void)mkdirat(AT_FDCWD, part.c_str(), 0755);
      } else {
        const Fd made(openat(AT_FDCWD, part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      }
    }
    place.created = true;
    place.fd.reset(openat(AT_FDCWD, name.c_str(), O_PATH | O_CLOEXEC));
  }
  if (!place.fd.valid()) return failed("look up", path);
  if (symlinks != Symlinks::refuse) return place;
}
`;

const weaknesses: readonly Weakness[] = [
  {
    without: 'paths resolved below the root',
    edits: [
      ['native/rootfs/resolve.cc', 'Result<Place> ensure(int root, const char* path, Kind kind, Symlinks symlinks) {', `$&\n${BY_NAME}`],
      ['native/rootfs/target.cc', 'if (!below) return Status(EXDEV', 'if (!below && root->empty()) return Status(EXDEV'],
    ],
    attacks: [
      'absolute (CVE-2021-30465)',
      'swapped for a directory while the mounts are made (CVE-2024-45310, CVE-2026-87766)',
      'of the host, absolute (CVE-2026-41579, CVE-2026-47766)',
      "absolute, on the way to a file of the engine's (CVE-2024-5154)",
      'whose /dev/console is a symlink of the image, absolute, with nothing mounted on /dev (CVE-2026-88264)',
      'swapped for symlinks while it is made (CVE-2025-52565)',
      'a working directory that is a symlink out of the root (CVE-2026-55686)',
    ],
  },
  {
    without: 'an ordinary directory for proc and sysfs',
    edits: [['native/rootfs/target.cc', 'covering.plain ? Symlinks::refuse : Symlinks::follow', 'Symlinks::follow']],
    attacks: ['/proc is a symlink'],
  },
  {
    without: 'a closed /proc for mounts, by descriptor',
    edits: [['native/rootfs/target.cc', 'return {EPERM, "mount inside /proc on", destination};', 'return {};']],
    attacks: ['which the image made a symlink to'],
  },
  {
    without: 'a closed /proc for mounts, by name',
    edits: [
      ['lib/spec/rules/mounts.js', 'function checkProc(destination, type, source, pointer) {', '$& if (pointer) return;'],
      ['lib/plan/mounts.js', "destination.startsWith('/proc/') &&", 'false &&'],
      ['native/rootfs/target.cc', 'return {EPERM, "mount inside /proc on", destination};', 'return {};'],
      [
        'native/rootfs/target.cc',
        'covering.procfs ? Status() : Status(EPERM, "mount something',
        'covering.procfs || true ? Status() : Status(EPERM, "mount something',
      ],
      [
        'native/rootfs/target.cc',
        '!inside.starts_with("/proc/") && !covering.procfs) {',
        '!inside.starts_with("/proc/") && !covering.procfs && named.empty()) {',
      ],
    ],
    attacks: ['a volume in place of /proc', 'a tmpfs in place of /proc', 'a volume on /proc/self/attr/exec'],
  },
  {
    without: 'masks by the /dev/null of the host',
    edits: [
      [
        'native/rootfs/mask.cc',
        'auto tree = clone_tree(context.null.get(), false);',
        'auto forged = open_in(context.root.get(), "/dev/null", O_PATH | O_NOFOLLOW);\n  if (forged.ok()) { auto link = open_in(context.root.get(), "/dev/null", O_PATH); if (link.ok()) forged = std::move(link); }\n  TSRUN_TRY(forged.status());\n  auto tree = clone_tree(forged->get(), false);',
      ],
    ],
    attacks: ['a /dev/null that would show what it masks (CVE-2025-31133, CVE-2025-62161)'],
  },
  {
    without: 'a procfs that the image has no part in',
    edits: [
      [
        'native/base/procfs.cc',
        'Result<Fd> open_proc(Context& context, const char* path, int flags) {',
        '$&\n  Text<4096> name;\n  name.append("proc/").append(path);\n  if (Fd file(openat(context.root.get(), name.c_str(), flags | O_CLOEXEC)); file.valid()) return file;',
      ],
    ],
    attacks: ['a forged /proc/sys (CVE-2025-52881)'],
  },
  {
    without: 'a procfs opened before all else, and without what is mounted in it',
    edits: [
      [
        'native/base/procfs.cc',
        'Result<Fd> open_proc(Context& context, const char* path, int flags) {',
        '$&\n  Text<4096> name;\n  name.append("/proc/").append(path);\n  if (Fd file(openat(AT_FDCWD, name.c_str(), flags | O_CLOEXEC)); file.valid()) return file;',
      ],
      [
        'native/base/procfs.cc',
        'Result<Fd> open_own_proc(Context& context, const char* name, int flags) {',
        '$&\n  Text<128> by_name;\n  by_name.append("/proc/self/").append(name);\n  if (Fd file(openat(AT_FDCWD, by_name.c_str(), flags | O_CLOEXEC)); file.valid()) return file;',
      ],
    ],
    attacks: [
      'to which a sysctl would be written (CVE-2025-52881, CVE-2025-62596)',
      'to which time offsets would be written (CVE-2025-52881, CVE-2025-62596)',
    ],
  },
  {
    without: 'devices that are compared',
    edits: [
      [
        'native/rootfs/device.cc',
        'bool is_same(const struct stat& status, const Wanted& wanted) {',
        '$&\n  if (wanted.number != 0) return true;',
      ],
    ],
    attacks: ['a file in place of a device', 'a symlink in place of a device (CVE-2026-88265)'],
  },
  {
    without: 'devices that the runtime makes and compares',
    edits: [
      [
        'native/rootfs/device.cc',
        'bool is_same(const struct stat& status, const Wanted& wanted) {',
        '$&\n  if (wanted.number != 0) return true;',
      ],
      ['lib/plan/device-nodes.js', 'node === null ? -1 : made.push(node) - 1', '-1'],
    ],
    attacks: ["a device of the host's in place of the one asked for (CVE-2026-88265)"],
  },
  {
    without: 'streams left as they are',
    edits: [
      ['native/init/begin.cc', '#include "init/begin.h"', '$&\n#include <fcntl.h>'],
      [
        'native/init/begin.cc',
        '  execve(context.program,',
        '  (void)dup2(::open("/dev/null", O_WRONLY | O_CREAT, 0644), STDOUT_FILENO);\n$&',
      ],
    ],
    attacks: ['whose name leads elsewhere in the container (CVE-2026-88265)'],
  },
  {
    without: 'a root that is no symlink',
    edits: [['native/rootfs/root.cc', 'open_host_directory(path, true)', 'open_host_directory(path, false)']],
    attacks: ['a root file system that is a symlink to another (CVE-2019-18837)'],
  },
  {
    without: 'cgroups that are read-only in a user namespace',
    edits: [['lib/plan/mounts.js', 'isUserNamespaced(context) ? readonlyTree(tree) : tree', 'tree']],
    attacks: ['a user namespace that sees cgroups of its own in the tree of the host (CVE-2023-25809)'],
  },
  {
    without: 'a device filter where the config has no rules',
    edits: [['lib/plan/devices.js', 'return compileDeviceRules(', 'return rules.length === 0 ? null : compileDeviceRules(']],
    attacks: ['where the config has no resources', 'where the config has an empty list', 'in an exec, and after an update'],
  },
];

const why = whyNoContainers() ?? noPython ?? (existsSync(join(project, 'build/static')) ? undefined : 'needs build/static (npm run build)');

describe.skipIf(skipped('weakened builds', why))('a build', () => {
  const base = mkdtempSync(join(tmpdir(), 'tsrun-weakened-'));
  const tree = join(base, 'tree');
  const scratch = join(base, 'scratch');

  beforeAll(() => {
    for (const directory of [tree, scratch]) mkdirSync(directory);
    chmodSync(base, 0o755);
    // with the times, so that make compiles what is changed and no more
    for (const part of ['native', 'scripts', 'build/static'])
      cpSync(join(project, part), join(tree, part), { recursive: true, preserveTimestamps: true });
  });
  afterAll(() => {
    rmSync(base, { recursive: true, force: true });
  });

  /** A dist/ with these edits. */
  function weakened(edits: Weakness['edits']): string {
    const path = mkdtempSync(join(base, 'dist-'));
    expect(spawnSync('cp', ['-al', `${dist}/.`, path]).status).toBe(0);
    const originals = new Map<string, string>();
    for (const [file, from, to] of edits) {
      const place = file.startsWith('native/') ? join(tree, file) : join(path, file);
      const text = readFileSync(place, 'utf8');
      if (!originals.has(place)) originals.set(place, text);
      expect([file, text.split(from).length]).toEqual([file, 2]);
      // another file than the one that dist/ shares
      rmSync(place);
      writeFileSync(
        place,
        text.replace(from, () => to.replace('$&', from)),
      );
    }
    try {
      if (edits.some(([file]) => file.startsWith('native/'))) {
        rmSync(join(path, 'libexec/tsrun-init'));
        const make = spawnSync(
          'make',
          ['-s', '-f', 'scripts/static.mk', 'BUILD=build/static', `DIST=${path}`, `${path}/libexec/tsrun-init`],
          {
            cwd: tree,
            encoding: 'utf8',
          },
        );
        expect({ status: make.status, stderr: make.stderr }).toEqual({ status: 0, stderr: '' });
      }
    } finally {
      for (const [place, text] of originals) if (place.startsWith(tree)) writeFileSync(place, text);
    }
    return path;
  }

  /** Names of the tests of attacks that have failed with that dist/, and of all that ran. */
  function carryOut(attacks: readonly string[], path: string): { readonly failed: string[]; readonly ran: string[] } {
    const report = join(path, 'report.json');
    const pattern = attacks.map((each) => each.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    const vitest = join(project, 'node_modules/.bin/vitest');
    const args = [
      'run',
      '--project',
      'integration',
      'test/integration/attacks',
      '-t',
      pattern,
      '--reporter=json',
      `--outputFile=${report}`,
    ];
    // The compiled TypeScript is what Node runs.
    // What it leaves, having failed, goes with the rest.
    const cache = process.env['TSRUN_TEST_CACHE'] ?? tmpdir();
    const env = { ...process.env, TSRUN_DIST: path, TSRUN_TEST_HOST: 'node', TMPDIR: scratch, TSRUN_TEST_CACHE: cache };
    spawnSync(vitest, args, { cwd: project, env, encoding: 'utf8' });
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: { assertionResults: { fullName: string; status: string }[] }[];
    };
    const all = testResults.flatMap(({ assertionResults }) => assertionResults);
    const named = (status: string) => all.filter((each) => each.status === status).map(({ fullName }) => fullName);
    return { failed: named('failed'), ran: [...named('failed'), ...named('passed')] };
  }

  it.each(weaknesses)(
    'without $without is open to attack',
    ({ edits, attacks }) => {
      const { failed, ran } = carryOut(attacks, weakened(edits));
      // each attack is there, and none is stopped by something else
      for (const attack of attacks) expect(ran.filter((each) => each.includes(attack))).not.toEqual([]);
      expect(ran.filter((each) => !failed.includes(each))).toEqual([]);
    },
    300_000,
  );
});
