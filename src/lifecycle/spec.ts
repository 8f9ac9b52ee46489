/** `spec`: writes a config.json to begin with. */
import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import { defaultSpec } from '../spec/defaults.js';

export function writeSpec({ bundle, rootless }: { readonly bundle: string; readonly rootless: boolean }): void {
  const path = `${bundle}/config.json`;
  if (native().lstat(path) !== null) throw new TsrunError(`file ${path} exists. Remove it first`);
  const { euid, egid } = native().identity();
  const config = defaultSpec(rootless ? { uid: euid, gid: egid } : undefined);
  native().writeFileAtomic(path, `${JSON.stringify(config, null, '\t')}\n`, 0o666);
}
