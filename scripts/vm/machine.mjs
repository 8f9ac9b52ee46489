// A virtual machine that runs, and the way into it: over ssh, which brings exit statuses, separate streams and terminals.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** For /bin/sh. */
export const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Blocks: for what must be done before the process exits. */
const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** Its only child; undefined where there is none, or a kernel does not say (proc_pid_children(5)). */
function childOf(pid) {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) || undefined : undefined;
}

/**
 * The way into a machine that runs: `directory` has the key, `way` the address `{host, port}` and whether that is in the network
 * `namespace` of the process `pid`.
 */
export class Machine {
  constructor({ directory, way, pid, runtime }) {
    Object.assign(this, { directory, way, pid, runtime });
  }

  /** The words that call ssh for a command, one string for the guest's shell. */
  ssh(command, { user = 'root', terminal = false, options = [] } = {}) {
    const settings = {
      IdentityFile: join(this.directory, 'key'),
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      UserKnownHostsFile: join(this.directory, 'known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      HostKeyAlias: 'tsrun-vm',
      StrictHostKeyChecking: 'yes',
      PreferredAuthentications: 'publickey',
      LogLevel: 'ERROR',
      ServerAliveInterval: '60',
      ServerAliveCountMax: '10',
      EscapeChar: 'none',
    };
    const set = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const { host, port, namespace } = this.way;
    const enter = namespace ? ['nsenter', `--net=/proc/${this.pid}/ns/net`] : [];
    return [...enter, 'ssh', '-F', 'none', ...set, ...options, '-p', String(port), terminal ? '-tt' : '-T', `${user}@${host}`, command];
  }

  /** Runs a command for ourselves: `{status, stdout, stderr}`. */
  call(command, { timeout = 120_000, ...how } = {}) {
    return new Promise((resolve, reject) => {
      const [program, ...args] = this.ssh(command, how);
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (data) => (stdout += data));
      child.stderr.on('data', (data) => (stderr += data));
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, stdout, stderr }));
    });
  }

  isRunning() {
    try {
      return readFileSync(`/proc/${this.pid}/cmdline`, 'utf8').includes(this.directory);
    } catch {
      return false;
    }
  }

  /** The last lines of its console, and of QEMU's own complaints: what a kernel says that ends. */
  lastWords() {
    return ['qemu.log', 'console.log']
      .map((name) => join(this.runtime, name))
      .map((path) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(-40).join('\n') : ''))
      .join('\n');
  }

  /** Whether the machine has ended, or answers nobody; its last words then go to standard error. */
  async isDown() {
    const options = ['-o', 'ConnectTimeout=30'];
    const status = this.isRunning() ? (await this.call('true', { timeout: 60_000, options })).status : 255;
    if (status !== 0) process.stderr.write(`vm: the machine is down:\n${this.lastWords()}\n`);
    return status !== 0;
  }

  /** At once: the disk is a snapshot. Returns when all its processes are gone. */
  stop() {
    if (this.isRunning()) {
      // of user-mode Linux the init of its pid namespace: the others end before it does (pid_namespaces(7)), and `unshare` after it
      process.kill((this.way.namespace && childOf(this.pid)) || this.pid, 'SIGKILL');
    }
    for (let tries = 0; tries < 500 && this.isRunning(); tries += 1) pause(10);
    rmSync(this.runtime, { recursive: true, force: true });
  }

  /** With everything written to the disk. */
  async powerOff() {
    await this.call('systemctl poweroff');
    for (const end = Date.now() + 60_000; this.isRunning() && Date.now() < end;) await sleep(100);
    const clean = !this.isRunning();
    this.stop();
    if (!clean) throw new Error('the virtual machine does not power off');
  }

  /**
   * Runs a command, a list of words or a login shell if there are none, in the tree and with our streams. Gives its exit
   * status, 128 + the signal if one ended it.
   */
  run(tree, command, { env = {}, ...how } = {}) {
    const set = Object.entries(env).map(([name, value]) => quote(`${name}=${value}`));
    const words = command.length > 0 ? command.map(quote).join(' ') : '"$SHELL" -l';
    // the last word keeps the shell, which turns a signal into a status
    const line = `cd ${quote(tree)} && env ${set.join(' ')} ${words}; exit $?`;
    return new Promise((resolve, reject) => {
      const [program, ...args] = this.ssh(line, how);
      const child = spawn(program, args, { stdio: 'inherit' });
      // a machine that ends in the middle closes no connection: ssh would wait for ten minutes
      const watch = setInterval(() => {
        if (!this.isRunning()) child.kill();
      }, 1000);
      child.once('error', reject);
      child.once('exit', (status, signal) => {
        clearInterval(watch);
        const result = status ?? 128 + constants.signals[signal];
        // the command's own status, or a connection that broke
        if (status === 255 || !this.isRunning()) void this.isDown().then(() => resolve(result), reject);
        else resolve(result);
      });
    });
  }
}
