import type { CreateOptions } from '../../lifecycle/create.js';
import { present } from '../call.js';
import type { Call } from '../call.js';
import type { Argument, Definition, Flag } from '../command.js';

export const newContainer: Argument = { name: 'ID', help: "the new container's name: letters, digits and _+-." };

/** What `create` and `run` have in common. */
export const createFlags: readonly Flag[] = [
  { name: 'bundle', short: 'b', value: 'DIR', complete: 'directory', help: 'the bundle (default: the working directory)' },
  { name: 'config', short: 'f', value: 'FILE', complete: 'file', help: 'the configuration (default: config.json in the bundle)' },
  { name: 'console-socket', value: 'SOCKET', complete: 'file', help: "send the terminal's master end to this unix socket" },
  { name: 'pidfd-socket', value: 'SOCKET', complete: 'file', help: "send a pidfd of the container's process to this unix socket" },
  { name: 'pid-file', value: 'FILE', complete: 'file', help: "write the process id of the container's process to FILE" },
  { name: 'no-pivot', help: 'do not use pivot_root: for a root file system on a ramdisk, and less safe' },
  { name: 'no-new-keyring', help: "keep the caller's session keyring instead of making a new one" },
  { name: 'untrusted', help: 'refuse a configuration that reaches out of the container: paths, namespaces, devices of the host, hooks' },
  { name: 'preserve-fds', value: 'N', number: true, help: 'pass on N more file descriptors, 3 to 3+N-1 (default: 0)' },
];

export const definition: Definition = {
  name: 'create',
  summary: 'create a container',
  description: [
    'Makes the container that the bundle describes, with everything in it but the program: that one waits for `start`. ' +
      'A configuration with a terminal needs --console-socket.',
    'Whoever writes the configuration has the rights of whoever calls: it names files and programs of the host. With --untrusted one ' +
      'that asks for more than a container of its own is refused; nobody but the caller must be able to change the bundle meanwhile.',
  ],
  arguments: [newContainer],
  flags: createFlags,
  examples: [
    { words: 'create --bundle /bundles/web web', does: 'create the container web' },
    {
      words: 'create --bundle /bundles/sh --console-socket /run/console.sock sh',
      does: 'one with a terminal, which a program behind the socket gets',
    },
  ],
  failure: { prefix: '$0 create failed', status: 1 },
};

export function createOptions(call: Call): CreateOptions {
  return present({
    ...call.container(),
    bundle: call.bundle(),
    config: call.path('config'),
    consoleSocket: call.path('console-socket'),
    pidfdSocket: call.path('pidfd-socket'),
    pidFile: call.path('pid-file'),
    noPivot: call.on('no-pivot'),
    noNewKeyring: call.on('no-new-keyring'),
    untrusted: call.on('untrusted'),
    preserveFds: call.number('preserve-fds'),
    cgroupManager: call.global.cgroupManager,
    rootless: call.global.rootless,
    warn: call.warn,
  });
}

export async function action(call: Call): Promise<number> {
  const options = createOptions(call);
  const { create } = await import('../../lifecycle/create.js');
  create(options);
  return 0;
}
