// Starts user-mode Linux on an image, in network and pid namespaces of its own: the machine sees nobody, the host sees no device of
// it, and every process of it ends with it.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { isOlder } from './kernel.mjs';

/** Megabytes of memory; the host gives what is used of it. */
const MEMORY = 4096;

/** The machine's address in that namespace, which recipe/inside.sh gives it, and ours. */
const ADDRESS = '10.0.2.15';
const OURS = '10.0.2.2/24';

/** The command line for a machine: see `start` in boot.mjs. `program` is the kernel. */
export function uml({ directory, runtime, tree, disk, snapshot, systemd, version, program }) {
  const cow = (name, file) => (snapshot ? `${join(runtime, `${name}.cow`)},${file}` : file);
  const words = [
    ...[`ubd0=${cow('root', join(directory, 'image'))}`, 'root=/dev/ubda', 'rw', ...(disk ? [`ubd1=${cow('tree', disk)}`] : [])],
    // several processors need system calls by seccomp, which also makes them faster
    ...[`mem=${MEMORY}M`, ...(isOlder(version) ? [] : ['seccomp=on', `ncpus=${Math.min(4, availableParallelism())}`])],
    // what there is of consoles is a file of ours; a serial line says when the machine is up
    ...['con=null', 'con0=null,fd:2', 'ssl=null', 'ssl0=null,fd:1', 'quiet', 'panic=-1', `uml_dir=${runtime}/`, 'umid=vm'],
    // not tap: its driver has no receive queue and takes the kernel down with several processors (vector_reset_stats)
    ...['vec0:transport=raw,ifname=vm,depth=64', 'apparmor=1', 'security=apparmor'],
    ...(tree ? [`vm.tree=${tree}`, ...(disk ? ['vm.source=/dev/ubdb'] : ['vm.source=hostfs', `hostfs=${tree}`])] : []),
    ...(systemd ? [] : ['init=/usr/local/sbin/vm-init']),
  ];
  // its driver takes no packets longer than its own, and drops what the host would have it cut up
  const up = ['vm', 'host'].map((name) => `ip link set ${name} up gso_max_segs 1`);
  const network = ['ip link add host type veth peer name vm', `ip address add ${OURS} dev host`, ...up].join(' && ');
  // Not the kernel but a shell is the namespace's init: the kernel ends its own processes by a signal that would be ignored. Without
  // the namespace a kernel that is killed leaves the processes it traces behind (ptrace(2), PTRACE_O_EXITKILL, which older ones do
  // not ask for): programs of the machine, which then make their system calls to the host.
  const own = ['unshare', '--net', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  const command = [...own, 'sh', '-c', `${network} && { "$0" "$@"; exit "$?"; }`, program, ...words];
  return { command, way: { host: ADDRESS, port: 22, namespace: true } };
}
