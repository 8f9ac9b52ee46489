import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkConfig } from '../../../src/spec/validate.js';

export const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));

export function fixture(path: string): string {
  return readFileSync(`${FIXTURES}${path}`, 'utf8');
}

type Json = Readonly<Record<string, unknown>>;

const NAMESPACES = ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup'].map((type) => ({ type }));

/** A valid config with these properties instead; `linux` and `process` are merged, one level deep. */
export function config(changes: Json = {}): Json {
  const { linux, process, ...rest } = changes;
  return {
    ociVersion: '1.3.0',
    root: { path: 'rootfs' },
    ...rest,
    process: { cwd: '/', args: ['sh'], ...(process as Json | undefined) },
    linux: { namespaces: NAMESPACES, ...(linux as Json | undefined) },
  };
}

/** The one line with which a config is refused, or `valid`. */
export function verdict(changes: Json, check: (value: unknown) => unknown = checkConfig): string {
  return problemOf(() => check(check === checkConfig ? config(changes) : changes));
}

export function problemOf(act: () => unknown): string {
  try {
    act();
    return 'valid';
  } catch (error) {
    return (error as Error).message;
  }
}

export function warnings(changes: Json): readonly string[] {
  return checkConfig(config(changes)).warnings;
}

export const withUserNamespace = (linux: Json = {}): Json => ({
  namespaces: [...NAMESPACES, { type: 'user' }],
  uidMappings: [{ containerID: 0, hostID: 100000, size: 1000 }],
  gidMappings: [{ containerID: 0, hostID: 100000, size: 1000 }],
  ...linux,
});
