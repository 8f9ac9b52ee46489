import type { Definition } from './command.js';

/** The program itself: the flags before the command. */
export const program: Definition = {
  name: 'tsrun',
  summary: 'run containers according to the Open Container Initiative runtime specification',
  description: [
    'A container is started from a bundle: a directory with a config.json, which says what to isolate and what to run, and the root file system. ' +
      'Engines such as Docker, containerd, Podman, CRI-O and Buildah make the bundle and call the commands below; they can be called by hand as well.',
  ],
  arguments: [
    { name: 'COMMAND', help: 'what to do', optional: true },
    { name: 'ARGUMENT', help: "the command's own flags and arguments", optional: true, rest: true },
  ],
  passThrough: true,
  flags: [
    {
      name: 'root',
      value: 'DIR',
      complete: 'directory',
      help: 'where the state of containers is kept (default: /run/tsrun, or $XDG_RUNTIME_DIR/tsrun for a user other than root)',
    },
    { name: 'log', value: 'FILE', complete: 'file', help: 'append warnings and errors to FILE (default: standard error)' },
    { name: 'log-format', value: 'FORMAT', choices: ['text', 'json'], help: 'text or json (default: text)' },
    {
      name: 'log-level',
      value: 'LEVEL',
      choices: ['error', 'warning', 'info', 'debug'],
      help: 'error, warning, info or debug (default: info)',
    },
    { name: 'debug', help: 'the same as --log-level debug: tell of each thing that is done, and how long it took' },
    { name: 'systemd-cgroup', help: 'let systemd make the cgroups; cgroupsPath is then SLICE:PREFIX:NAME' },
    {
      name: 'cgroup-manager',
      value: 'MANAGER',
      choices: ['cgroupfs', 'systemd', 'disabled'],
      help: 'cgroupfs, systemd or disabled (default: cgroupfs)',
    },
    {
      name: 'rootless',
      value: 'MODE',
      help: 'whether cgroup permission errors are ignored: auto, true or false (default: auto)',
      hidden: true,
    },
    { name: 'version', short: 'v', help: 'print the version' },
  ],
  examples: [
    { words: 'spec --bundle /bundles/hello', does: 'write a config.json to start from' },
    { words: 'run --bundle /bundles/hello hello', does: 'run a container in the foreground' },
    { words: 'list', does: 'show the containers there are' },
    { words: 'delete --force hello', does: 'end and remove a container, whatever its status' },
  ],
  exitCodes: [{ code: '3', meaning: 'there is no such command' }],
};
