// Runs a command in the virtual machine.
import { parseArgs } from 'node:util';

import { root } from '../lib/run.mjs';
import { releases } from './image.mjs';
import { keep, stop, withMachine } from './session.mjs';

const help = `usage: npm run -s vm -- [OPTION...] [COMMAND [ARGUMENT...]]

Runs COMMAND, or a shell, as root in a virtual machine: Debian with its own kernel, systemd, cgroup v2, AppArmor, the
engines, and this tree under its own path. Every call boots a fresh one and ends it, unless one is kept.

  --release NAME   ${releases.join(' or ')} (TSRUN_VM_RELEASE; ${releases[0]})
  --user           as the ordinary user "user", who has subordinate ids and a service manager
  -t, --terminal   a terminal, as there is when standard input and output are one
  --keep           boot, and stay: later calls run in that one
  --stop           end the kept one
  -h, --help

The exit status is the command's. Ctrl-C ends the machine too. TSRUN_VM_ACCEL is kvm, tcg (emulation) or auto; TSRUN_VM_MIRROR
the Debian mirror in place of apt's own; TSRUN_TEST_CACHE the directory of the image in place of the one for temporary files.
Variables of ours that begin with TSRUN_TEST_ are passed on.
`;

async function main() {
  const args = process.argv.slice(2);
  // what follows the first word is the command's
  const valued = new Set(['--release']);
  let split = 0;
  while (split < args.length && args[split].startsWith('-') && args[split] !== '--') split += valued.has(args[split]) ? 2 : 1;
  const { values } = parseArgs({
    args: args.slice(0, split),
    options: {
      release: { type: 'string', default: process.env['TSRUN_VM_RELEASE'] ?? releases[0] },
      user: { type: 'boolean' },
      terminal: { type: 'boolean', short: 't' },
      keep: { type: 'boolean' },
      stop: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const command = args.slice(args[split] === '--' ? split + 1 : split);
  const { release } = values;
  if (values.help) return void process.stdout.write(help);
  if (!releases.includes(release)) throw new Error(`no release ${release}: ${releases.join(', ')}`);

  if (values.stop) return stop(release);
  if (values.keep) await keep(release);
  if (values.keep && command.length === 0) return undefined;

  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name.startsWith('TSRUN_TEST_') && name !== 'TSRUN_TEST_CACHE'),
  );
  const how = { user: values.user ? 'user' : 'root', terminal: values.terminal ?? isTerminal, env };
  process.exitCode = await withMachine(release, {}, (machine) => machine.run(root, command, how));
  return undefined;
}

main().catch((error) => {
  process.stderr.write(`vm: ${error.message}\n`);
  process.exitCode = 1;
});
