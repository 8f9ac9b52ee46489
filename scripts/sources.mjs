// Which native source goes into which program, by room and name, so that a new file needs no entry anywhere.
//
//   base/*.cc                    both of tsrun-init and the addon
//   *_host.cc, addon/, cgroups/  the addon
//   seccomp/load*.cc             tsrun-init; the rest of seccomp/ the addon
//   init/, ns/, rootfs/, process/  tsrun-init
//   systemd/                     tsrun-systemd, with the two of base/ that read and write its messages
//   engine/, executable/         dist/tsrun, with all of the addon
//   demo/, compiler/             a program each, with nothing else
//
// `node scripts/sources.mjs PROGRAM` prints the list: addon, engine, executable, init, systemd, demo or compiler.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const native = fileURLToPath(new URL('../native/', import.meta.url));

/** The program's own rooms; base/ comes on top. */
const rooms = {
  addon: ['addon', 'cgroups', 'systemd', 'seccomp', 'ns', 'rootfs', 'process'],
  init: ['init', 'seccomp', 'ns', 'rootfs', 'process'],
  systemd: ['base', 'systemd'],
  engine: ['engine'],
  executable: ['executable'],
  demo: ['demo'],
  compiler: ['compiler'],
};

/** What tsrun-systemd needs of base/. */
const MESSAGES = ['pieces.cc', 'plan_reader.cc'];

function belongs(program, room, file) {
  if (program === 'systemd') return room === 'base' ? MESSAGES.includes(file) : !file.endsWith('_host.cc');
  if (program !== 'addon' && program !== 'init') return true;
  if (room === 'base') return program === 'addon' || !file.endsWith('_host.cc');
  let host = room === 'addon' || room === 'cgroups' || file.endsWith('_host.cc');
  if (room === 'seccomp') host ||= !file.startsWith('load');
  return host === (program === 'addon');
}

/** The program's sources as paths relative to the repository. */
export function sources(program) {
  const list = program === 'executable' ? [...sources('addon'), ...sources('engine')] : [];
  for (const room of program === 'addon' || program === 'init' ? ['base', ...rooms[program]] : rooms[program]) {
    if (!existsSync(native + room)) continue;
    for (const file of readdirSync(native + room).sort()) {
      if (file.endsWith('.cc') && belongs(program, room, file)) list.push(`native/${room}/${file}`);
    }
  }
  return list;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(sources(process.argv[2]).join('\n') + '\n');
}
