/**
 * Configs and command lines as engines really wrote them (test/fixtures/captures), made to run on another machine: what is
 * changed, and why, is said in one table.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Hook } from '../../src/spec/types.js';
import { cgroupMount, type Config } from './harness.js';

const captures = join(import.meta.dirname, '../fixtures/captures');

/** One recorded call. */
export interface Call {
  /** `docker-plain/1-create`. */
  readonly name: string;
  /** `create`; empty for a call without a command. */
  readonly command: string;
  /** Behind the name of the runtime. */
  readonly argv: readonly string[];
  /** Where its files are. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
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
      const env = lines('env').map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
      return { name: `${name}/${call}`, command, argv: lines('argv').slice(1), directory, env: Object.fromEntries(env) };
    });
}

/** The config that was recorded with a `create`. */
export function capturedConfig(name: string): Config {
  return JSON.parse(readFileSync(join(captures, name, 'config.json'), 'utf8')) as Config;
}

/** Where a recorded config is to run. */
export interface Place {
  /** A root file system, which belongs to the container. */
  readonly rootfs: string;
  /** What the names of all cgroups begin with. */
  readonly parent: string;
  /** An existing directory for what is mounted. */
  readonly sources: string;
  /** Pid of the process whose namespaces are joined. */
  readonly joined?: number;
  /** The call is made by another than root of the machine. */
  readonly ordinary?: boolean;
  /** The call is made with --systemd-cgroup. */
  readonly systemd?: boolean;
}

interface Adaptation {
  readonly what: string;
  readonly because: string;
  /** Whether there was something to adapt. */
  readonly change: (config: Config, place: Place) => boolean;
}

/** What docker-init does as far as the recorded calls need it: `docker-init -- PROGRAM`. */
const DOCKER_INIT = '#!/bin/sh\nshift\nexec "$@"\n';

/** CAP_SYS_RESOURCE in our effective set (man 7 capabilities). */
const mayRaise = (BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`) & (1n << 24n)) !== 0n;

/** Our own hard limit. */
function hardLimit(type: string): number {
  const names: Readonly<Record<string, string>> = { RLIMIT_NOFILE: 'Max open files', RLIMIT_NPROC: 'Max processes' };
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${names[type] ?? type} `));
  const hard = line?.trim().split(/\s{2,}/)[2] ?? 'unlimited';
  return hard === 'unlimited' ? Infinity : Number(hard);
}

/** Whether the recorded `--systemd-cgroup` holds here; the tests' ordinary user has no service manager. */
export const bySystemd = (ordinary: boolean): boolean => !ordinary && existsSync('/run/systemd/system');

const PROFILES = '/sys/kernel/security/apparmor/profiles';

/** Names of the AppArmor profiles that the kernel has; none without AppArmor. */
export const profiles: readonly string[] = existsSync(PROFILES)
  ? readFileSync(PROFILES, 'utf8')
      .split('\n')
      .map((line) => line.replace(/ \(\w+\)$/, ''))
  : [];

const THROTTLES = ['throttleReadBpsDevice', 'throttleWriteBpsDevice', 'throttleReadIOPSDevice', 'throttleWriteIOPSDevice'] as const;

/** The whole disks of this machine, `MAJOR:MINOR` each. */
function disks(): string[] {
  return readdirSync('/sys/block')
    .filter((name) => !/^(loop|ram|zram)/.test(name))
    .map((name) => readFileSync(`/sys/block/${name}/dev`, 'utf8').trim());
}

/** All that is changed in a recorded config, and why. Everything else is as the engine wrote it. */
const adaptations: readonly Adaptation[] = [
  {
    what: 'root.path',
    because: "the image is the engine's; ours has the same programs",
    change: (config, { rootfs }) => {
      config.root.path = rootfs;
      return true;
    },
  },
  {
    what: 'mounts with a source that is not here',
    because: 'an engine makes such files (hosts, resolv.conf) for each container',
    change: (config, { sources }) => {
      const missing = config.mounts.filter(({ source = '' }) => source.startsWith('/') && !existsSync(source));
      for (const mount of missing) {
        const { destination } = mount;
        mount.source = join(sources, destination.replaceAll('/', '_'));
        if (destination === '/dev/shm') mkdirSync(mount.source);
        else if (destination === '/sbin/docker-init') writeFileSync(mount.source, DOCKER_INIT, { mode: 0o755 });
        else writeFileSync(mount.source, `${destination} of the test\n`);
      }
      return missing.length > 0;
    },
  },
  {
    what: "linux.resources of an ordinary user's container",
    because: "there are the controllers, but nobody has given the tests' user a part of the cgroup tree",
    change: ({ linux }, { ordinary = false }) => {
      if (!ordinary || linux.resources === undefined || !['cpu', 'memory', 'pids'].every((name) => controllers.includes(name)))
        return false;
      linux.resources = {};
      return true;
    },
  },
  {
    what: 'linux.resources.blockIO of a disk that is not here',
    because: "limits of a disk's rate are then those of the disk that this machine has",
    change: ({ linux }) => {
      const devices = THROTTLES.flatMap((name) => linux.resources?.blockIO?.[name] ?? []);
      const missing = devices.filter(({ major, minor }) => !existsSync(`/sys/dev/block/${major}:${minor}`));
      const [major = 0, minor = 0] = (disks()[0] ?? '').split(':').map(Number);
      for (const device of missing) Object.assign(device, { major, minor });
      return missing.length > 0;
    },
  },
  {
    what: 'process.apparmorProfile',
    because: 'an engine loads its profile when it starts, where there is AppArmor',
    change: ({ process }) => {
      if ((process.apparmorProfile ?? '') === '' || profiles.includes(process.apparmorProfile ?? '')) return false;
      delete process.apparmorProfile;
      return true;
    },
  },
  {
    what: 'linux.cgroupsPath',
    because: 'without systemd SLICE:PREFIX:NAME is a plain name, here below a parent that the test removes; with it, NAME says whose it is',
    change: (config, { parent, systemd = false }) => {
      const path = config.linux.cgroupsPath ?? 'none';
      config.linux.cgroupsPath = systemd ? path.replace(/:([^:]*)$/, `:${parent}-$1`) : `/${parent}/${path}`;
      return true;
    },
  },
  {
    what: 'hooks.prestart',
    because: 'it is dockerd itself (/proc/PID/exe libnetwork-setkey), which puts the network namespace into its network',
    change: (config) => {
      const all: readonly (Hook | undefined)[] = Object.values(config.hooks ?? {}).flat();
      const other = all.find((hook) => hook?.args?.[0] !== 'libnetwork-setkey');
      if (other !== undefined) throw new Error(`an unknown hook: ${other.path}`);
      delete config.hooks;
      return all.length > 0;
    },
  },
  {
    what: 'linux.namespaces with a path',
    because: 'the other container of /proc/PID/ns has another pid here',
    change: (config, { joined }) => {
      const given = (config.linux.namespaces ?? []).filter(({ path = '' }) => path !== '');
      for (const namespace of given) namespace.path = (namespace.path ?? '').replace(/^\/proc\/\d+\//, `/proc/${joined ?? 0}/`);
      return given.length > 0;
    },
  },
  {
    what: 'linux.sysctl',
    because: 'this kernel was built without some of them',
    change: ({ linux }) => {
      const given = Object.entries(linux.sysctl ?? {});
      const here = given.filter(([name]) => existsSync(join('/proc/sys', name.replaceAll('.', '/'))));
      if (here.length === given.length) return false;
      linux.sysctl = Object.fromEntries(here);
      return true;
    },
  },
  {
    what: 'process.rlimits',
    because: 'none is raised without CAP_SYS_RESOURCE',
    change: ({ process }, { ordinary }) => {
      const above = (process.rlimits ?? []).filter(({ type, hard }) => hard > hardLimit(type));
      if (above.length === 0 || (mayRaise && ordinary !== true)) return false;
      for (const limit of above) limit.soft = limit.hard = hardLimit(limit.type);
      return true;
    },
  },
];

const adapted = new Map<string, string[]>();

function remember(what: string, name: string): void {
  adapted.set(what, [...(adapted.get(what) ?? []), name]);
}

/** The config that was recorded with this `create`, changed so that it runs here, but for limits that it may not get here. */
export function adaptedConfig(name: string, place: Place): Config {
  const config = capturedConfig(name);
  for (const { what, because, change } of adaptations) if (change(config, place)) remember(`${what}: ${because}`, name);
  return config;
}

/** Prints what was adapted so far, and where. */
export function printAdapted(): void {
  for (const [what, names] of adapted) process.stdout.write(`adapted: ${what} (${[...new Set(names)].sort().join(', ')})\n`);
}

const mount = cgroupMount();
const controllers: readonly string[] =
  mount === undefined ? [] : (readFileSync(join(mount, 'cgroup.controllers'), 'utf8').match(/\w+/g) ?? []);

/**
 * Takes out of a recorded config the limits whose controllers cgroup v2 does not have here.
 * @returns these controllers, one of which is named when the config is refused with its limits
 */
export function withoutLimits(config: Config, name: string): string[] {
  const { resources } = config.linux;
  if (resources === undefined) return [];
  const needs = {
    cpu: resources.cpu?.cpus === undefined ? ['cpu'] : ['cpu', 'cpuset'],
    memory: ['memory'],
    blockIO: ['io'],
    pids: ['pids'],
  } as const;
  const missing = new Set<string>();
  for (const property of ['cpu', 'memory', 'blockIO', 'pids'] as const) {
    const lacking = needs[property].filter((controller) => !controllers.includes(controller));
    if (lacking.length === 0 || Object.keys(resources[property] ?? {}).length === 0) continue;
    for (const controller of lacking) missing.add(controller);
    Reflect.deleteProperty(resources, property);
  }
  if (missing.size > 0) remember(`linux.resources: cgroup v2 here has only these controllers: ${controllers.join(' ') || 'none'}`, name);
  return [...missing];
}
