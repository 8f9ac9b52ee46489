import { TsrunError } from '../../errors.js';
import type { ExecOptions } from '../../lifecycle/exec.js';
import { container } from '../arguments.js';
import { present } from '../call.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';

export const definition: Definition = {
  name: 'exec',
  summary: 'run another program in a running container',
  description: [
    'The program comes from the words after the container, or as an OCI process object from --process. What they leave open is taken from the configuration of the container.',
    'Without --detach it stays with the program and returns its status.',
  ],
  arguments: [container, { name: 'COMMAND', help: 'the program and its arguments', optional: true, rest: true }],
  passThrough: true,
  flags: [
    { name: 'process', short: 'p', value: 'FILE', complete: 'file', help: 'a file with the OCI process object' },
    { name: 'untrusted', help: 'refuse a process object that is less confined than the container' },
    { name: 'cwd', value: 'DIR', help: 'working directory in the container' },
    { name: 'env', short: 'e', value: 'NAME=VALUE', repeated: true, help: 'an environment variable; may be repeated' },
    { name: 'tty', short: 't', help: 'give it a terminal' },
    { name: 'user', short: 'u', value: 'UID[:GID]', help: 'user and group, by number' },
    { name: 'additional-gids', short: 'g', value: 'GID', number: true, repeated: true, help: 'one more group; may be repeated' },
    { name: 'detach', short: 'd', help: 'do not wait for the end of the program' },
    { name: 'pid-file', value: 'FILE', complete: 'file', help: "write the program's process id to FILE" },
    { name: 'console-socket', value: 'SOCKET', complete: 'file', help: "send the terminal's master end to this unix socket" },
    { name: 'pidfd-socket', value: 'SOCKET', complete: 'file', help: 'send a pidfd of the program to this unix socket' },
    { name: 'process-label', value: 'LABEL', help: 'SELinux label' },
    { name: 'apparmor', value: 'PROFILE', help: 'AppArmor profile' },
    { name: 'no-new-privs', help: 'set the no_new_privs attribute' },
    { name: 'cap', short: 'c', value: 'CAPABILITY', repeated: true, help: 'one more capability; may be repeated' },
    { name: 'preserve-fds', value: 'N', number: true, help: 'pass on N more file descriptors, 3 to 3+N-1 (default: 0)' },
    { name: 'cgroup', value: 'PATH', repeated: true, help: "a cgroup below the container's own" },
    { name: 'ignore-paused', help: 'also in a paused container: the program waits until it is resumed' },
  ],
  examples: [
    { words: 'exec web ps', does: 'run ps in the container web' },
    { words: 'exec --tty --env TERM=xterm web /bin/sh', does: 'a shell with a terminal' },
    { words: 'exec --user 1000:1000 --cwd /srv web id -u', does: 'as another user, somewhere else' },
  ],
  exitCodes: [
    { code: 'N', meaning: "the program's own status; 128+N when signal N ended it" },
    { code: '255', meaning: 'the program could not be started' },
  ],
  failure: { prefix: 'exec failed', status: 255 },
};

function toId(text: string, what: string): number {
  const id = /^\d+$/.test(text) ? Number(text) : NaN;
  // -1 is no id, it means "leave as it is" to the kernel
  if (!(id < 0xffffffff)) throw new TsrunError(`--user: ${what} must be a number, is "${text}"`);
  return id;
}

/** `UID[:GID]`. */
export function parseUser(text: string): { uid: number; gid?: number } {
  const colon = text.indexOf(':');
  if (colon < 0) return { uid: toId(text, 'user') };
  return { uid: toId(text.slice(0, colon), 'user'), gid: toId(text.slice(colon + 1), 'group') };
}

/** `[CONTROLLER:]PATH`: with cgroup v2 all controllers have the same path. */
function parseCgroup(given: readonly string[] | undefined): string | undefined {
  if (given === undefined) return undefined;
  const paths = new Set(given.map((each) => each.slice(each.indexOf(':') + 1)));
  if (paths.size > 1) throw new TsrunError('--cgroup: cgroup v2 has one hierarchy: give one path, without controllers');
  return [...paths][0];
}

export function execOptions(call: Call): ExecOptions {
  const args = call.args.slice(1);
  const process = call.path('process');
  const user = call.text('user');
  const options = present({
    ...call.container(),
    process,
    untrusted: call.on('untrusted'),
    args: args.length === 0 ? undefined : args,
    cwd: call.text('cwd'),
    env: call.list('env'),
    tty: call.on('tty'),
    user: user === undefined ? undefined : parseUser(user),
    additionalGids: call.numbers('additional-gids'),
    detach: call.on('detach'),
    pidFile: call.path('pid-file'),
    consoleSocket: call.path('console-socket'),
    pidfdSocket: call.path('pidfd-socket'),
    processLabel: call.text('process-label'),
    apparmor: call.text('apparmor'),
    noNewPrivs: call.on('no-new-privs'),
    caps: call.list('cap'),
    preserveFds: call.number('preserve-fds'),
    cgroup: parseCgroup(call.list('cgroup')),
    ignorePaused: call.on('ignore-paused'),
    warn: call.warn,
  });
  if (process === undefined && args.length === 0) throw new TsrunError('process args cannot be empty');
  return options;
}

export async function action(call: Call): Promise<number> {
  const options = execOptions(call);
  const { exec } = await import('../../lifecycle/exec.js');
  return exec(options);
}
