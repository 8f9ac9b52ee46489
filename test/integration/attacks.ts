// What attacks are made of: images and volumes with something forged in them, and a part of the host that they must not reach.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { until, type Called, type Change, type Harness } from './harness.js';

export const noPython = spawnSync('python3', ['--version']).status === 0 ? undefined : 'needs python3';

/** Replaces what is at `path` in an image. */
export function replaced(path: string, target: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
}

export function expectUntouched(path: string): void {
  expect(readdirSync(path)).toEqual(['file']);
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('untouched');
}

/** As many steps up as lead out of any root. */
export const out = '../'.repeat(20);

export const withoutMounts =
  (...destinations: string[]): Change =>
  (config) => {
    config.mounts = config.mounts.filter(
      ({ destination }) => !destinations.some((each) => destination === each || destination.startsWith(`${each}/`)),
    );
  };

export const bind =
  (source: string, destination: string, ...options: string[]): Change =>
  (config) => {
    config.mounts.push({ source, destination, type: 'bind', options: ['rbind', ...options] });
  };

export function expectRefused(result: Called, words: RegExp): void {
  expect(result.status).not.toBe(0);
  expect(result.stderr).toMatch(words);
  expect(result.stdout).toBe('');
}

/** How often what depends on the moment is tried; one that succeeds is done. */
export const rounds = Number(process.env['TSRUN_ATTACK_ROUNDS'] ?? 10);

/** Exchanges two names, each of several pairs, as fast as it can until it is killed (man 2 renameat2). */
export function exchange(...pairs: (readonly [string, string])[]): ChildProcess {
  const script = `
import ctypes, sys
libc = ctypes.CDLL(None)
names = [name.encode() for name in sys.argv[1:]]
pairs = list(zip(names[::2], names[1::2]))
while True:
  for a, b in pairs: libc.renameat2(-100, a, -100, b, 2)
`;
  return spawn('python3', ['-c', script, ...pairs.flat()], { stdio: 'ignore', timeout: 120_000, killSignal: 'SIGKILL' });
}

/** Attacks of one test file. */
export class Attacks {
  private readonly h: Harness;

  constructor(h: Harness) {
    this.h = h;
  }

  /** A root file system that this changes. */
  readonly image = (change: (path: string) => void): { readonly path: string; readonly use: Change } => {
    const path = this.h.ownRoot();
    change(path);
    return {
      path,
      use: (config) => {
        config.root.path = path;
      },
    };
  };

  /** A directory of the host with a file in it, which no container may reach. */
  readonly victim = (): string => {
    const path = this.h.path(this.h.id('victim').slice(this.h.tag.length + 1));
    mkdirSync(path);
    writeFileSync(join(path, 'file'), 'untouched');
    return path;
  };

  /** With somebody listening on a console socket who takes whatever comes, each time. */
  readonly withConsole = async <T>(action: (socket: string) => T): Promise<T> => {
    const socket = this.h.path(this.h.id('s').slice(this.h.tag.length + 1));
    const script = `
import os, socket, sys
# it is there once it is listened at
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + '~'); s.listen(1); os.rename(sys.argv[1] + '~', sys.argv[1])
kept = []
while True:
  c, _ = s.accept(); kept.append(socket.recv_fds(c, 100, 1))
`;
    const child = spawn('python3', ['-c', script, socket], { stdio: 'ignore' });
    try {
      expect(await until(() => existsSync(socket))).toBe(true);
      return action(socket);
    } finally {
      child.kill('SIGKILL');
    }
  };
}
