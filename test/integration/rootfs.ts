/** What the tests of the tree that a container sees share. */
import { mkdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect } from 'vitest';

import { hosts, shell, skipped, until, whyNoContainers, type Called, type Change, type Config, type Harness } from './harness.js';

export type Mount = Config['mounts'][number];

export const mount =
  (...mounts: Mount[]): Change =>
  (config) => {
    config.mounts.push(...mounts);
  };

export const ownRootWritable: Change = (config) => {
  config.root.readonly = false;
};

export const withoutDev: Change = (config) => {
  config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
};

export const userNamespace: Change = (config) => {
  config.linux.namespaces?.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};

export interface Mounted {
  readonly options: string[];
  /** `shared`, `master` (of a slave) and `unbindable`. */
  readonly propagation: string[];
  readonly type: string;
}

/** Tests of the tree: nothing of it is left in the machine's own after each. */
export function describeTree(h: Harness, tests: () => void): void {
  describe.skipIf(skipped('rootfs', whyNoContainers()))('the container', () => {
    let mountsBefore = '';
    beforeEach(() => {
      mountsBefore = readFileSync('/proc/self/mountinfo', 'utf8');
    });
    afterEach(async () => {
      await h.expectNothingLeft();
      // somebody else may have mounted something for a while
      const mounts = (): string => readFileSync('/proc/self/mountinfo', 'utf8');
      await until(() => mounts() === mountsBefore, 10_000);
      expect(mounts()).toBe(mountsBefore);
    });
    tests();
  });
}

/** Trees of one test file. */
export class Trees {
  private readonly h: Harness;

  constructor(h: Harness) {
    this.h = h;
  }

  readonly directory = (name = 'dir'): string => {
    const path = this.h.path(this.h.id(name).slice(this.h.tag.length + 1));
    mkdirSync(path);
    return path;
  };

  readonly ownRoot =
    (path = this.h.ownRoot()): Change =>
    (config) => {
      config.root.path = path;
      config.root.readonly = false;
    };

  /** What the shell script prints, in a container that must succeed. */
  readonly printed = (script: string, changes: readonly Change[], flags: readonly string[] = []): string => {
    const { status, stdout, stderr } = this.h.run([...changes, shell(script)], { flags });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };

  /**
   * Runs a container from a mount namespace in which `setup` was done before. `seen`: what of this file's is mounted there
   * afterwards.
   */
  readonly elsewhere = (setup: string, changes: readonly Change[]): Called & { readonly seen: readonly string[] } => {
    const script = `set -e; ${setup}; set +e; "$@"; status=$?; cp /proc/self/mountinfo "$0"; exit $status`;
    const mountinfo = this.h.path(this.h.id('mountinfo').slice(this.h.tag.length + 1));
    const [host] = hosts;
    const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, mountinfo, ...(host?.command ?? [])];
    const called = this.h.run(changes, { host: { name: host?.name ?? 'tsrun', command } });
    const paths = readFileSync(mountinfo, 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
    return { ...called, seen: paths.filter((path) => path.includes(this.h.tag)) };
  };

  /** What is mounted where, by the container's account (man 5 proc_pid_mountinfo); the topmost counts. */
  readonly mounted = (changes: readonly Change[], flags: readonly string[] = []): Map<string, Mounted> => {
    const lines = this.printed('cat /proc/self/mountinfo', changes, flags).trimEnd().split('\n');
    return new Map(
      lines.map((line) => {
        const [before = '', after = ''] = line.split(' - ');
        const [, , , , path = '', options = '', ...propagation] = before.split(' ');
        const tags = propagation.map((tag) => tag.split(':')[0] ?? '');
        return [path, { options: options.split(',').sort(), propagation: tags, type: after.split(' ')[0] ?? '' }];
      }),
    );
  };
}
