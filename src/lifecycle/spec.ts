/** `spec`: writes a config.json to begin with. */
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import { defaultSpec } from '../spec/defaults.js';

export function writeSpec({ bundle, rootless }: { readonly bundle: string; readonly rootless: boolean }): void {
  const path = `${bundle}/config.json`;
  const { euid, egid } = native().identity();
  const config = defaultSpec(rootless ? { uid: euid, gid: egid } : undefined);
  try {
    native().createFile(path, `${JSON.stringify(config, null, '\t')}\n`, 0o666);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) throw new TsrunError(`file ${path} exists. Remove it first`, { cause: error });
    throw error;
  }
}
