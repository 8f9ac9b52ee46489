// Starts QEMU on an image.
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { Machine, quote, sleep } from './machine.mjs';

/** Megabytes of memory. */
const MEMORY = 4096;

/** How long a boot may take, in milliseconds: 25 s alone under emulation. */
const BOOT_TIME = 600_000;

/** How often a machine is started whose kernel falls to the emulator. */
const TRIES = 3;

/** What runs the guest's instructions: `kvm`, or `tcg`, which emulates them. TSRUN_VM_ACCEL decides, or what the processor says. */
export function accelerator() {
  const wanted = process.env['TSRUN_VM_ACCEL'] ?? 'auto';
  if (wanted === 'kvm' || wanted === 'tcg') return wanted;
  if (wanted !== 'auto') throw new Error(`TSRUN_VM_ACCEL=${wanted}: kvm, tcg or auto`);
  // a /dev/kvm without the processor's own support is a substitute that runs no stock kernel
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))) return 'tcg';
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return 'kvm';
  } catch {
    return 'tcg';
  }
}

/** A port of the loopback that is free now. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function qemuArguments({ directory, tree, disk, snapshot, accel, port, runtime }) {
  const kernel = 'root=/dev/vda rw console=ttyS0 quiet panic=-1 apparmor=1 security=apparmor mitigations=off';
  return [
    ...['-accel', accel === 'kvm' ? 'kvm' : 'tcg,thread=multi', '-cpu', accel === 'kvm' ? 'host' : 'max'],
    ...['-smp', String(Math.min(4, Math.max(2, availableParallelism()))), '-m', String(MEMORY)],
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-monitor', 'none', '-serial', `file:${join(runtime, 'console.log')}`],
    ...['-kernel', join(directory, 'vmlinuz'), '-initrd', join(directory, 'initrd.img'), '-append', kernel],
    ...['-drive', `file=${join(directory, 'image')},format=raw,if=virtio,cache=unsafe,snapshot=${snapshot ? 'on' : 'off'}`],
    ...(disk ? ['-drive', `file=${disk},format=raw,if=virtio,cache=unsafe,snapshot=on`] : []),
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-net-pci,netdev=net'],
    // nothing gets out of it; we get in
    ...['-netdev', `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...(tree && !disk ? ['-virtfs', `local,path=${tree},mount_tag=tree,security_model=none,multidevs=remap`] : []),
  ];
}

/**
 * Boots an image and waits until systemd says that all is running. `tree`: a directory of ours, to be seen under its own path,
 * or in its place the file system in the file `disk`; `snapshot`: what is written is thrown away; `keep`: it outlives this
 * process; `started(machine)` is told before the wait, so that it can be ended.
 */
export async function boot(directory, options = {}) {
  for (let tries = 1; ; tries++) {
    const { machine, ended } = await start(directory, options);
    try {
      await ready(machine, mountOf(options.tree, options.disk), ended);
      return machine;
    } catch (error) {
      const [said, again] = [machine.lastWords(), machine.fellToEmulation() && tries < TRIES];
      machine.stop();
      const message = `the virtual machine does not boot (${machine.accel}): ${error.message}\n${said}`;
      if (!again) throw new Error(message, { cause: error });
      process.stderr.write(`vm: ${message}\nvm: a fault of the emulator: once more\n`);
    }
  }
}

async function start(directory, { tree, disk, snapshot = true, keep = false, started }) {
  const accel = accelerator();
  const runtime = mkdtempSync(join(tmpdir(), 'tsrun-vm-'));
  const port = await freePort();
  const log = openSync(join(runtime, 'qemu.log'), 'w');
  const qemu = ['qemu-system-x86_64', ...qemuArguments({ directory, tree, disk, snapshot, accel, port, runtime })];
  // a session of its own: signals of the terminal are for us; and should we be killed, it goes with us
  const [program, ...args] = keep ? qemu : ['setpriv', '--pdeathsig', 'KILL', ...qemu];
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env: { ...process.env, TMPDIR: runtime } });
  closeSync(log);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (status, signal) => resolve(`ended with ${signal ?? `status ${status}`}`));
  });
  child.unref();
  const machine = new Machine({ directory, accel, port, pid: child.pid ?? 0, runtime });
  started?.(machine);
  return { machine, ended };
}

/** What makes the tree appear in the guest. */
function mountOf(tree, disk) {
  if (!tree) return 'true';
  const at = quote(tree);
  // the host's files change: nothing of them is kept in the guest
  const mount = disk ? `mount /dev/vdb ${at}` : `mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none tree ${at}`;
  return `mkdir -p ${at} && { mountpoint -q ${at} || ${mount}; }`;
}

/** Knocks until somebody opens. */
async function ready(machine, mount, ended) {
  let gone;
  void ended.then((how) => (gone = how));
  let last = '';
  for (const end = Date.now() + BOOT_TIME; Date.now() < end;) {
    const options = ['-o', 'ConnectTimeout=30'];
    const knocked = machine.call(`${mount} && systemctl is-system-running --wait`, { options, timeout: BOOT_TIME });
    const answer = await Promise.race([knocked, ended.then(() => undefined)]);
    if (gone !== undefined || answer === undefined) throw new Error(`qemu-system-x86_64 ${gone}`);
    if (answer.status === 0) return;
    if (answer.status !== 255) throw new Error(`systemd says: ${answer.stdout.trim()} ${answer.stderr.trim()}`);
    last = answer.stderr.trim();
    await sleep(500);
  }
  throw new Error(`no answer from sshd: ${last}`);
}
