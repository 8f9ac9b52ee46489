// Runs a command in the virtual machine.
import { parseArgs } from 'node:util';

import { root } from '../lib/run.mjs';
import { pick, pickOptions } from './pick.mjs';
import { keep, stop, withMachine } from './session.mjs';
import { EMULATED } from './suites.mjs';

const help = `usage: npm run -s vm -- [OPTION...] [COMMAND [ARGUMENT...]]

Runs COMMAND, or a shell, as root in a virtual machine: Debian with systemd, all of cgroup v2, AppArmor, the engines, the newest
crun and runc in /opt/peers/bin, and this tree under its own path. Every call boots a fresh one and ends it, unless one is kept.

${pickOptions}
  --bare           without systemd: a shell and ssh, up in a second (user-mode Linux only)
  --user           as the ordinary user "user", who has subordinate ids and, with systemd, a service manager
  -t, --terminal   a terminal, as there is when standard input and output are one
  --keep           boot, and stay: later calls run in that one
  --stop           end the kept one
  -h, --help

The exit status is the command's. Ctrl-C ends the machine too. TSRUN_VM_ACCEL is kvm, tcg (emulation) or auto, for the emulated
kernel; TSRUN_VM_MIRROR the Debian mirror in place of apt's own; TSRUN_TEST_CACHE the directory of kernels and images in place of
the one for temporary files. Variables of ours that begin with TSRUN_TEST_ are passed on.
`;

async function main() {
  const args = process.argv.slice(2);
  // what follows the first word is the command's
  const valued = new Set(['--release', '--kernel']);
  let split = 0;
  while (split < args.length && args[split].startsWith('-') && args[split] !== '--') split += valued.has(args[split]) ? 2 : 1;
  const { values } = parseArgs({
    args: args.slice(0, split),
    options: {
      release: { type: 'string' },
      kernel: { type: 'string' },
      bare: { type: 'boolean' },
      user: { type: 'boolean' },
      terminal: { type: 'boolean', short: 't' },
      keep: { type: 'boolean' },
      stop: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const command = args.slice(args[split] === '--' ? split + 1 : split);
  if (values.help) return void process.stdout.write(help);
  const { release, version } = pick(values);

  const systemd = !values.bare;
  if (values.stop) return stop(release, version, { systemd });
  if (!systemd && version === EMULATED) throw new Error('the emulated machine boots with systemd only');
  if (values.keep) await keep(release, version, { systemd });
  if (values.keep && command.length === 0) return undefined;

  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name.startsWith('TSRUN_TEST_') && name !== 'TSRUN_TEST_CACHE'),
  );
  const how = { user: values.user ? 'user' : 'root', terminal: values.terminal ?? isTerminal, env };
  process.exitCode = await withMachine(release, version, { systemd }, (machine) => machine.run(root, command, how));
  return undefined;
}

main().catch((error) => {
  process.stderr.write(`vm: ${error.message}\n`);
  process.exitCode = 1;
});
