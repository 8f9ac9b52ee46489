/**
 * A container that does what it is told: a shell in it reads commands from a pipe, so that a test in the virtual machine
 * needs one container for many limits.
 */
import { appendFileSync, constants, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { expect } from 'vitest';

import type { Resources } from '../../src/spec/types.js';
import { cgroupMount, shell, skipped, until, type Called, type Change, type Harness } from '../integration/harness.js';

/** Who makes the container's cgroup. */
export type Manager = 'cgroupfs' | 'systemd';

/** Both, where there are both. */
export const managers: readonly Manager[] = existsSync('/run/systemd/system') ? ['cgroupfs', 'systemd'] : ['cgroupfs'];

/** The global flags for it. */
export const flagsOf = (manager: Manager): readonly string[] => (manager === 'systemd' ? ['--systemd-cgroup'] : []);

/** The controllers that the machine's kernel has. */
export const controllers: readonly string[] = readFileSync(join(cgroupMount() ?? '', 'cgroup.controllers'), 'utf8')
  .trim()
  .split(' ');

/**
 * What is of a controller, where the kernel has it; the other machine has the rest (CONTRIBUTING.md says which has what). Either is
 * noted in the file TSRUN_TEST_PARTS, for scripts/summary.mjs to count what ran nowhere.
 */
export function of<T extends object>(controller: string, part: T): T | Record<string, never> {
  const has = controllers.includes(controller);
  const { currentTestName = 'all tests', testPath = '' } = expect.getState();
  const name = `${relative(process.cwd(), testPath)}: ${currentTestName}: the ${controller} part`;
  const notes = process.env['TSRUN_TEST_PARTS'];
  if (notes !== undefined) appendFileSync(notes, `${has ? 'passed' : 'skipped'} ${name}\n`);
  return skipped(name, has ? undefined : 'this kernel has no such controller') ? {} : part;
}

/** Only built-in commands around the one to run: the container may be allowed one process. */
const LISTEN = 'exec 3<>/commands; while read -r line <&3; do eval "$line"; echo "#$?"; done >/output 2>&1';

const END = /^#(\d+)\n$/m;

export class Box {
  readonly id: string;
  readonly cgroup: string;
  private readonly h: Harness;
  private readonly manager: Manager;
  private readonly root: string;
  /** Open from before there is a shell: what is written waits for it. */
  private readonly commands: number;
  private at = 0;

  /** A running container with these limits. */
  constructor(h: Harness, manager: Manager, resources: Resources, ...changes: readonly Change[]) {
    this.h = h;
    this.manager = manager;
    this.id = h.id();
    this.root = h.ownRoot();
    const own = manager === 'systemd' ? `system.slice/tsrun-${this.id}.scope/container` : join(h.tag, this.id);
    this.cgroup = join(cgroupMount() ?? '', own);
    spawnSync('mkfifo', [join(this.root, 'commands')]);
    this.commands = openSync(join(this.root, 'commands'), constants.O_RDWR | constants.O_NONBLOCK);
    const bundle = h.bundle(shell(LISTEN), ...changes, (config) => {
      config.root = { path: this.root };
      config.linux.cgroupsPath = manager === 'systemd' ? `system.slice:tsrun:${this.id}` : `/${h.tag}/${this.id}`;
      config.linux.resources = { ...config.linux.resources, ...(resources as typeof config.linux.resources) };
    });
    h.ok([...flagsOf(manager), 'run', '--detach', '--bundle', bundle, this.id]);
  }

  /** Runs a command in the container's own shell: its output and exit status. */
  async sh(command: string, timeout = 60_000): Promise<{ readonly status: number; readonly out: string }> {
    this.tell(command);
    const output = join(this.root, 'output');
    const text = (): string => (existsSync(output) ? readFileSync(output, 'utf8') : '').slice(this.at);
    if (!(await until(() => END.test(text()), timeout))) throw new Error(`no end of: ${command}: ${text()}`);
    const out = text();
    const [end = '', status = ''] = END.exec(out) ?? [];
    this.at += out.length;
    return { status: Number(status), out: out.slice(0, out.length - end.length) };
  }

  /** Gives the shell a command and does not wait. */
  tell(command: string): void {
    writeSync(this.commands, `${command}\n`);
  }

  /** `update` with these resources on standard input, or these flags. */
  update(change: Resources | readonly string[]): Called {
    const flags = flagsOf(this.manager);
    if (Array.isArray(change)) return this.h.tsrun([...flags, 'update', ...(change as readonly string[]), this.id]);
    return this.h.tsrun([...flags, 'update', '--resources', '-', this.id], { input: JSON.stringify(change) });
  }

  file(name: string): string {
    return readFileSync(join(this.cgroup, name), 'utf8').trim();
  }

  /** A line of a file of names and numbers: `oom_kill 1`. */
  count(file: string, name: string): number {
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(this.file(file))?.[1] ?? NaN);
  }

  /** Ends it, and what is in it. */
  end(): void {
    this.h.ok(['delete', '--force', this.id]);
  }
}

/** Makes a directory of the virtual machine's to be seen in the container. */
export function bind(source: string, destination: string, ...options: readonly string[]): Change {
  return ({ mounts }) => {
    mounts.push({ source, destination, type: 'bind', options: ['rbind', ...options] });
  };
}

/** The virtual machine's own programs and libraries: for a script in Python. */
export const withPython: Change = (config) => {
  for (const directory of ['/usr', '/lib', '/lib64', '/etc']) if (existsSync(directory)) bind(directory, directory, 'ro')(config);
};

/** A scratch directory that is on a disk and not in memory. */
export function onDisk(name: string): string {
  const path = join('/var/tmp', name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Writes to a file of the kernel, and puts it back after the test. */
export function setKernel(file: string, value: string, after: (undo: () => void) => void): void {
  const before = readFileSync(file, 'utf8').trim();
  writeFileSync(file, value);
  after(() => {
    writeFileSync(file, before);
  });
}
