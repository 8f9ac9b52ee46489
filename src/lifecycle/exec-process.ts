/** What an `exec` runs: a process file, or the container's own process with the command line's changes. */
import { TsrunError } from '../errors.js';
import type { Capabilities, Process, Spec } from '../spec/types.js';
import type { ExecOptions } from './options.js';

/** Pure. @param file the checked process file, if one was given */
export function processOf(spec: Spec, options: ExecOptions, file: Process | null): Process {
  const base = spec.process;
  if (file !== null) return withAffinity(file, base);
  if (base === undefined) throw new TsrunError('the container has no process to take defaults from: use --process');
  if (options.args === undefined || options.args.length === 0) throw new TsrunError('exec: a command or --process is required');
  const user = { ...base.user, ...options.user };
  const groups = options.additionalGids ?? [];
  return {
    ...base,
    args: options.args,
    terminal: options.tty === true,
    cwd: options.cwd ?? base.cwd,
    env: [...(base.env ?? []), ...(options.env ?? [])],
    user: groups.length === 0 ? user : { ...user, additionalGids: [...(user.additionalGids ?? []), ...groups] },
    ...(options.processLabel === undefined ? {} : { selinuxLabel: options.processLabel }),
    ...(options.apparmor === undefined ? {} : { apparmorProfile: options.apparmor }),
    ...(options.noNewPrivs === true ? { noNewPrivileges: true } : {}),
    ...(options.caps === undefined || options.caps.length === 0
      ? {}
      : { capabilities: withCapabilities(base.capabilities ?? {}, options.caps) }),
  };
}

/** It is the one property that a process file need not have to get it: what the container's config says of processes of `exec`, as under runc. */
function withAffinity(file: Process, base: Process | undefined): Process {
  const { initial = '', final = '' } = file.execCPUAffinity ?? {};
  if (initial !== '' || final !== '' || base?.execCPUAffinity === undefined) return file;
  return { ...file, execCPUAffinity: base.execCPUAffinity };
}

/** Added to bounding, effective and permitted; to ambient only where inheritable has it (CVE-2022-29162). */
function withCapabilities(base: Capabilities, names: readonly string[]): Capabilities {
  const added = names.map((name) => (name.toUpperCase().startsWith('CAP_') ? name.toUpperCase() : `CAP_${name.toUpperCase()}`));
  const union = (set: readonly string[] | undefined, more: readonly string[]) => [...new Set([...(set ?? []), ...more])];
  const inheritable = base.inheritable ?? [];
  return {
    ...base,
    bounding: union(base.bounding, added),
    effective: union(base.effective, added),
    permitted: union(base.permitted, added),
    ambient: union(
      base.ambient,
      added.filter((name) => inheritable.includes(name)),
    ),
  };
}
