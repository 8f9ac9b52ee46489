// Starts QEMU on an image, with the stock kernel of its release: for what user-mode Linux lacks (huge pages, NUMA, CRIU).
import { accessSync, constants, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Megabytes of memory, on two nodes. */
const MEMORY = 4096;

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

/** The command line for a machine: see `start` in boot.mjs. */
export async function qemu({ directory, runtime, tree, disk, snapshot }) {
  const accel = accelerator();
  const port = await freePort();
  const cpus = Math.min(4, Math.max(2, availableParallelism()));
  const words = ['root=/dev/vda', 'rw', 'console=ttyS1', 'quiet', 'panic=-1', 'apparmor=1', 'security=apparmor', 'mitigations=off'];
  if (tree) words.push(`vm.tree=${tree}`, `vm.source=${disk ? '/dev/vdb' : '9p'}`);
  const command = [
    ...['qemu-system-x86_64', '-accel', accel === 'kvm' ? 'kvm' : 'tcg,thread=multi', '-cpu', accel === 'kvm' ? 'host' : 'max'],
    ...['-smp', String(cpus), '-m', String(MEMORY)],
    ...[0, 1].flatMap((node) => [
      ...['-object', `memory-backend-ram,id=m${node},size=${MEMORY / 2}M`],
      ...['-numa', `node,nodeid=${node},memdev=m${node},cpus=${(node * cpus) / 2}-${((node + 1) * cpus) / 2 - 1}`],
    ]),
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-monitor', 'none'],
    // /dev/ttyS0 says when the machine is up, as in user-mode Linux
    ...['-serial', 'stdio', '-serial', `file:${join(runtime, 'console.log')}`],
    ...['-kernel', join(directory, 'vmlinuz'), '-initrd', join(directory, 'initrd.img'), '-append', words.join(' ')],
    ...['-drive', `file=${join(directory, 'image')},format=raw,if=virtio,cache=unsafe,snapshot=${snapshot ? 'on' : 'off'}`],
    ...(disk ? ['-drive', `file=${disk},format=raw,if=virtio,cache=unsafe,snapshot=on`] : []),
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-net-pci,netdev=net'],
    // nothing gets out of it; we get in
    ...['-netdev', `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...(tree && !disk ? ['-virtfs', `local,path=${tree},mount_tag=tree,security_model=none,multidevs=remap`] : []),
  ];
  return { command, way: { host: '127.0.0.1', port } };
}
