// Shows a container: `npm run demo` runs a program that reports what it sees from inside; `npm run demo -- CMD...` runs a
// command of busybox instead. The bundle is made in a temporary directory and removed afterwards.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { output, root, run } from './lib/run.mjs';

const tsrun = join(root, 'dist/tsrun');
const asRoot = process.getuid() === 0;
const say = (text) => process.stderr.write(`demo: ${text}\n`);

/** A root file system that holds nothing but the report's program. */
function makeReport(rootfs) {
  copyFileSync(join(root, 'dist/demo/inspect'), join(rootfs, 'inspect'));
  const kinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];
  return ['/inspect', ...kinds.map((kind) => `${kind}=${statSync(`/proc/self/ns/${kind}`).ino}`)];
}

/** One with busybox under all its names. */
function makeBusybox(rootfs, command) {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined) throw new Error('running a command needs busybox: install the package busybox-static');
  if (readFileSync(busybox).includes('/ld-'))
    throw new Error(`${busybox} needs libraries: install the package busybox-static in its place`);
  mkdirSync(join(rootfs, 'bin'));
  copyFileSync(busybox, join(rootfs, 'bin/busybox'));
  for (const name of output(busybox, ['--list']).trim().split('\n')) {
    if (name !== 'busybox') symlinkSync('busybox', join(rootfs, 'bin', name));
  }
  return command;
}

/** The controllers that cgroup v2 has here; elsewhere there is nothing to set a limit with. */
function controllers() {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(' - cgroup2 '));
  if (mount === undefined) return [];
  return readFileSync(join(mount.split(' ')[4], 'cgroup.controllers'), 'utf8')
    .trim()
    .split(/\s+/);
}

function limits() {
  // without root there is no cgroup to write to, unless one was delegated
  const have = asRoot ? controllers() : [];
  const wanted = {
    memory: { memory: { limit: 64 << 20 } },
    pids: { pids: { limit: 32 } },
    cpu: { cpu: { quota: 50_000, period: 100_000 } },
  };
  const missing = Object.keys(wanted).filter((name) => !have.includes(name));
  if (missing.length > 0) say(`no limits on ${missing.join(', ')}: cgroup v2 has no such controller here`);
  return Object.assign({}, ...Object.entries(wanted).map(([name, value]) => (have.includes(name) ? value : {})));
}

/** The default configuration, with everything in it that there is to see. */
function configure(bundle, args) {
  run(tsrun, ['spec', '--bundle', bundle, ...(asRoot ? [] : ['--rootless'])]);
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  const capabilities = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_BIND_SERVICE', 'CAP_SETGID', 'CAP_SETUID'];
  config.hostname = 'container';
  config.domainname = 'example';
  Object.assign(config.process, {
    args,
    terminal: process.stdin.isTTY === true && process.stdout.isTTY === true && args[0] !== '/inspect',
    noNewPrivileges: true,
    capabilities: { bounding: capabilities, permitted: capabilities, effective: capabilities },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 256, hard: 512 }],
  });
  const kinds = ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts'];
  config.linux.namespaces = kinds
    .filter((kind) => existsSync(`/proc/self/ns/${{ mount: 'mnt', network: 'net' }[kind] ?? kind}`))
    .map((type) => ({ type }));
  if (asRoot) {
    config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  }
  config.linux.resources = { ...config.linux.resources, ...limits() };
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: ['bpf', 'kexec_load', 'keyctl', 'mount', 'perf_event_open', 'ptrace', 'umount2'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
    ],
  };
  writeFileSync(path, JSON.stringify(config, null, 2));
}

function main(command) {
  say('build');
  run(process.execPath, [join(root, 'scripts/build.mjs')]);
  const bundle = mkdtempSync(join(tmpdir(), 'tsrun-demo-'));
  try {
    // the container's root is another user: it has to get in
    chmodSync(bundle, 0o755);
    const rootfs = join(bundle, 'rootfs');
    for (const directory of ['', 'dev', 'proc', 'sys', 'tmp', 'etc']) mkdirSync(join(rootfs, directory));
    const args = command.length > 0 ? makeBusybox(rootfs, command) : makeReport(rootfs);
    configure(bundle, args);
    const words = ['--root', join(bundle, 'state'), 'run', '--bundle', bundle, `demo-${process.pid}`];
    say(`tsrun ${words.join(' ')}`);
    // an interrupt is for the container; what it leaves behind is still to be removed
    process.on('SIGINT', () => undefined);
    return spawnSync(tsrun, words, { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
