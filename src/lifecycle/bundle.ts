/** Reads a bundle: its config, checked, and where its root file system is. */
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import { parseJson } from '../spec/json.js';
import type { Spec } from '../spec/types.js';
import { checkUntrusted } from '../spec/untrusted.js';
import { checkConfig } from '../spec/validate.js';
import { trace, traceConfig } from '../trace.js';

/** Bytes; the largest that engines write have a few hundred KiB. */
const LARGEST_CONFIG = 32 << 20;

export interface Bundle {
  /** Absolute, without symlinks. */
  readonly path: string;
  readonly spec: Spec;
  /** The config as it was read. */
  readonly text: string;
  /** Absolute path of the root file system. */
  readonly rootfs: string;
  readonly warnings: readonly string[];
}

/**
 * @param config absolute path of the config; `config.json` in the bundle if absent
 * @param untrusted refuse what reaches out of the container, and a root file system that is not in the bundle
 */
export function readBundle(directory: string, config?: string, untrusted = false): Bundle {
  const path = resolve(directory, 'bundle');
  const file = config ?? `${path}/config.json`;
  let text: string;
  try {
    text = native().readFile(file, LARGEST_CONFIG);
  } catch (error) {
    if (isSystemError(error, 'ENOENT'))
      throw new TsrunError(`${file}: no such file or directory (a bundle has a config.json; "spec" writes one)`);
    throw error;
  }
  trace(() => `read ${file}, ${text.length} characters`);
  const value = parseJson(text, file);
  const { spec, warnings } = checkConfig(value);
  traceConfig(value);
  if (untrusted) checkUntrusted(spec);
  const rootfs = rootfsOf(spec, path);
  // a symlink can have led it elsewhere
  if (untrusted && !rootfs.startsWith(`${path}/`)) throw new TsrunError(`/root/path: must stay in the bundle, is ${rootfs} (--untrusted)`);
  return { path, spec, text, rootfs, warnings };
}

function rootfsOf(spec: Spec, bundle: string): string {
  if (spec.root === undefined) throw new TsrunError('/root: is required');
  const path = spec.root.path.startsWith('/') ? spec.root.path : `${bundle}/${spec.root.path}`;
  const rootfs = resolve(path, '/root/path');
  if (native().stat(rootfs)?.kind !== 'directory') throw new TsrunError(`/root/path: ${rootfs} is not a directory`);
  return rootfs;
}

function resolve(path: string, what: string): string {
  try {
    return native().realpath(path);
  } catch (error) {
    if (isSystemError(error)) throw new TsrunError(`${what}: ${error.message.replace(/^resolve /, '')}`, { cause: error });
    throw error;
  }
}
