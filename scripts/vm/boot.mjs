// Starts a machine on an image, and waits until it says that it is up.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Machine } from './machine.mjs';
import { kernel } from './kernel.mjs';
import { accelerator, qemu } from './qemu.mjs';
import { EMULATED } from './suites.mjs';
import { uml } from './uml.mjs';

/** Whether that kernel's machine has no processor of its own. */
export const isEmulated = (version) => version === EMULATED && accelerator() === 'tcg';

/** How long a boot may take, in milliseconds: 1 and 7 s alone, a minute under emulation. */
const bootTime = (version) => (isEmulated(version) ? 600_000 : 120_000);

/** What recipe/vm-ready writes to the serial line. */
const READY = /^vm-ready (.*?)\r?$/m;

/**
 * Boots the image in `directory` with the kernel `version`. `tree`: a directory of ours, to be seen under its own path, or in its
 * place the file system in the file `disk`; `snapshot`: what is written is thrown away; `systemd`: or a shell's few processes;
 * `keep`: it outlives this process; `started(machine)` is told before the wait, so that it can be ended.
 */
export async function boot(directory, version, options = {}) {
  const { machine, up } = await start(directory, version, options);
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, bootTime(version), 'says nothing').unref()));
  const state = await Promise.race([up, late]);
  clearTimeout(timer);
  if (state === 'running') return machine;
  const said = machine.lastWords();
  machine.stop();
  throw new Error(`the virtual machine with kernel ${version} does not boot: ${state}\n${said}`);
}

async function start(directory, version, { tree, disk, snapshot = true, systemd = true, keep = false, started }) {
  // the kernel's command line ends a word there
  if (/\s/.test(tree ?? '')) throw new Error(`a tree with a space in its path cannot be passed to the virtual machine: ${tree}`);
  const program = version === EMULATED ? undefined : await kernel(version);
  const runtime = mkdtempSync(join(tmpdir(), 'tsrun-vm-'));
  const what = { directory, runtime, tree, disk, snapshot, systemd, version, program };
  const { command, way } = await (version === EMULATED ? qemu(what) : uml(what));
  const log = openSync(join(runtime, version === EMULATED ? 'qemu.log' : 'console.log'), 'w');
  // a session of its own: signals of the terminal are for us; and should we be killed, it goes with us
  const [first, ...args] = keep ? command : ['setpriv', '--pdeathsig', 'KILL', ...command];
  const child = spawn(first, args, {
    detached: true,
    stdio: ['ignore', 'pipe', log],
    env: { ...process.env, TMPDIR: runtime, HOME: runtime },
  });
  closeSync(log);
  const machine = new Machine({ directory, way, pid: child.pid ?? 0, runtime });
  const up = new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const [, state] = READY.exec(text) ?? [];
      if (state !== undefined) resolve(state);
    });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (status, signal) => resolve(`ended with ${signal ?? `status ${status}`}`));
  }).finally(() => {
    child.stdout.unref();
    child.stdout.removeAllListeners('data').resume();
  });
  child.unref();
  if (!keep) process.once('exit', () => machine.stop());
  started?.(machine);
  return { machine, up };
}
