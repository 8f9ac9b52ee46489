// Which suites run in which virtual machine when nobody names one. The host runs test/unit and all of test/integration.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { filesBelow, root } from '../lib/run.mjs';

/** The kernel that is the release's own, under QEMU. */
export const EMULATED = 'emulated';

/** The machines that CI has: the newest kernel and the oldest that there is a source of, each under a release of its age. */
export const machines = [
  { release: 'trixie', version: '7.2' },
  { release: 'bookworm', version: '6.1' },
];

/** Of test/integration what the full cgroup v2, the modules or the namespaces of a real kernel decide. */
const INTEGRATION = [
  'calls',
  'captures',
  'cgroups',
  'events',
  'freezer',
  'memory-policy',
  'namespaces',
  'net-devices',
  'rootfs',
  'rootfs-devices',
  'rootfs-root',
  'update',
];

/** Of test/vm what user-mode Linux lacks something for: huge pages, NUMA nodes. */
const LACKING = ['events', 'machine', 'resources'];

/** The files of a suite: those of `only`, or all that such a machine decides. */
const filesOf = (suite, only = suite === 'integration' ? INTEGRATION : undefined) =>
  filesBelow(`test/${suite}`, (path) => path.endsWith('.test.ts') && (only === undefined || only.includes(basename(path, '.test.ts'))));

/** By suite its files, for what is named (`vm`, `engines/docker`), or those of the machine. */
export function suitesOf({ release, version }, named = []) {
  const suites = {};
  for (const [suite, name] of named.map((word) => word.split('/'))) {
    const files = filesOf(suite, name && [name]);
    if (files.length === 0) throw new Error(`no tests: ${suite}${name ? `/${name}` : ''}`);
    suites[suite] = [...(suites[suite] ?? []), ...files];
  }
  if (named.length > 0) return suites;
  if (version === EMULATED) return { vm: filesOf('vm', LACKING) };
  if (release === machines[0].release) return { vm: filesOf('vm'), integration: filesOf('integration'), engines: filesOf('engines') };
  return { vm: filesOf('vm') };
}

/** Whether a test file asks for a machine of its own, which nothing before it has changed: `// a machine of its own: REASON`. */
const asksForItsOwn = (path) => /^\/\/ a machine of its own: \S/m.test(readFileSync(join(root, path), 'utf8'));

/** What is run in one machine after another: lists of jobs `{suite, label, files}`. One machine serves all files that do not ask. */
export function sessionsOf(suites) {
  const jobs = Object.entries(suites).map(([suite, files]) => ({
    suite,
    label: suite,
    files: files.filter((file) => !asksForItsOwn(file)),
  }));
  const alone = Object.entries(suites).flatMap(([suite, files]) =>
    files.filter(asksForItsOwn).map((file) => [{ suite, label: `${suite}-${basename(file, '.test.ts')}`, files: [file] }]),
  );
  return [jobs.filter(({ files }) => files.length > 0), ...alone].filter((session) => session.length > 0);
}

export const resultName = ({ release, version }, { label }) => `${release}-${version}-${label}`;

/** By the names of the results that CI's machines leave, the files that must be in them. */
export function expectedResults() {
  return Object.fromEntries(
    machines.flatMap((machine) =>
      sessionsOf(suitesOf(machine)).flatMap((session) => session.map((job) => [resultName(machine, job), job.files])),
    ),
  );
}
