/**
 * Configs and command lines as engines really wrote them (test/fixtures/captures), made to run on another machine: what is
 * changed, and why, is said in one table.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { Config } from './harness.js';

const captures = join(import.meta.dirname, '../fixtures/captures');

/** One recorded call. */
export interface Call {
  /** `docker-plain/1-create`. */
  readonly name: string;
  /** `create`; empty for a call without a command. */
  readonly command: string;
  /** Behind the name of the runtime. */
  readonly argv: readonly string[];
  readonly directory: string;
  /** Lines of /proc/PID/fd: `3 -> socket:[6218]`. */
  readonly fds: readonly string[];
}

/** The names of all uses that were recorded. */
export function captureNames(): string[] {
  return readdirSync(captures).filter((name) => name !== 'README.md');
}

/** The calls of one use, in the order they were made. */
export function callsOf(name: string): Call[] {
  return readdirSync(join(captures, name))
    .sort((one, other) => Number.parseInt(one) - Number.parseInt(other))
    .map((call) => {
      const directory = join(captures, name, call);
      const lines = (file: string): string[] => readFileSync(join(directory, file), 'utf8').split('\n').filter(Boolean);
      const command = /^\d+-(\w+)$/.exec(call)?.[1] ?? '';
      return { name: `${name}/${call}`, command, argv: lines('argv').slice(1), directory, fds: lines('fds') };
    });
}

/** The config that was recorded with a `create`. */
export function capturedConfig(name: string): Config {
  return JSON.parse(readFileSync(join(captures, name, 'config.json'), 'utf8')) as Config;
}

/** Where a recorded config is to run. */
export interface Place {
  /** A root file system. */
  readonly rootfs: string;
  /** A name for the parent of all cgroups, as the test file's. */
  readonly parent: string;
  /** An existing empty directory for what is mounted. */
  readonly sources: string;
  /** Pid of the container whose namespaces are joined. */
  readonly joined?: number;
}

interface Adaptation {
  readonly what: string;
  readonly because: string;
  readonly change: (config: Config, place: Place) => void;
}

/** What docker-init does as far as the recorded calls need it: `docker-init -- PROGRAM`. */
const DOCKER_INIT = '#!/bin/sh\nshift\nexec "$@"\n';

const adaptations: readonly Adaptation[] = [
  {
    what: 'root.path',
    because: "the image is the engine's; ours has the same programs",
    change: (config, { rootfs }) => {
      config.root.path = rootfs;
    },
  },
  {
    what: 'mounts with a source that is not here',
    because: "the files that an engine makes for each container (hosts, resolv.conf) were the recording machine's",
    change: (config, { sources }) => {
      for (const mount of config.mounts) {
        const { source = '', destination } = mount;
        if (!source.startsWith('/') || (existsSync(source) && destination !== '/sbin/docker-init')) continue;
        mount.source = join(sources, destination.replaceAll('/', '_'));
        if (destination === '/dev/shm') mkdirSync(mount.source);
        else if (destination === '/sbin/docker-init') writeFileSync(mount.source, DOCKER_INIT, { mode: 0o755 });
        else writeFileSync(mount.source, `${basename(destination)} of the test\n`);
      }
    },
  },
  {
    what: 'process.apparmorProfile',
    because: 'it is refused, rightly, where the kernel has no AppArmor, and the profile is not loaded here in any case',
    change: (config) => {
      delete config.process.apparmorProfile;
    },
  },
  {
    what: 'linux.cgroupsPath',
    because: "this version drives cgroupfs: systemd's slice:prefix:name is a plain name, here below a parent that the test removes",
    change: (config, { parent }) => {
      config.linux.cgroupsPath = `/${parent}/${config.linux.cgroupsPath ?? 'none'}`;
    },
  },
  {
    what: 'hooks.prestart',
    because: 'it is dockerd itself (/proc/PID/exe libnetwork-setkey), which gives the network namespace to its network',
    change: (config) => {
      for (const hook of config.hooks?.prestart ?? []) {
        if (hook.args?.[0] !== 'libnetwork-setkey') throw new Error(`an unknown hook: ${hook.path}`);
      }
      delete config.hooks;
    },
  },
  {
    what: 'linux.namespaces with a path',
    because: "the pid in /proc/PID/ns is another container's, which has another pid here",
    change: (config, { joined }) => {
      for (const namespace of config.linux.namespaces ?? []) {
        if (namespace.path !== undefined && joined !== undefined)
          namespace.path = namespace.path.replace(/^\/proc\/\d+\//, `/proc/${joined}/`);
      }
    },
  },
  {
    what: 'linux.sysctl',
    because: 'a kernel is built without some of them',
    change: (config) => {
      const given = Object.entries(config.linux.sysctl ?? {});
      const here = given.filter(([name]) => existsSync(join('/proc/sys', name.replaceAll('.', '/'))));
      if (config.linux.sysctl !== undefined) config.linux.sysctl = Object.fromEntries(here);
    },
  },
];

/** A recorded config, changed in place so that it runs here. */
export function adapt(config: Config, place: Place): Config {
  for (const { change } of adaptations) change(config, place);
  return config;
}

/** A recorded file that a call names, next to the test's own files. */
export function copyRecorded(call: Call, file: string, to: string): void {
  copyFileSync(join(call.directory, file), to);
}
