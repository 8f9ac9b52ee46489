// The programs for aarch64, run by QEMU's emulation of a processor on this kernel: it knows neither clone3(2), so no container is born, nor
// bpf(2) and openat2(2). All before that, init's own steps and what its library does for tsrun-systemd are the same code as on such a machine.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { missingFor, targetOf, type Target } from '../../scripts/lib/target.mjs';
import { encodeSteps } from '../../src/plan/encode.js';
import type { Step } from '../../src/plan/steps.js';
import { dist, skipped } from '../integration/harness.js';

const missing = missingFor('aarch64');
const reason = missing.length > 0 ? `no ${missing.join(' and no ')}: sh scripts/setup aarch64` : undefined;

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(skipped('the programs for aarch64', reason))('on aarch64', () => {
  let target: Target;
  let abroad = '';
  let scratch = '';

  beforeAll(() => {
    target = targetOf('aarch64');
    abroad = join(import.meta.dirname, '../..', target.dist);
    scratch = mkdtempSync(join(tmpdir(), 'tsrun-aarch64-'));
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const call = (program: string, args: readonly string[], cwd = scratch): Outcome => {
    const [file, ...words] = program === abroad ? [...target.runner, join(program, 'tsrun')] : [join(program, 'tsrun')];
    const { error, status, stdout, stderr } = spawnSync(file, [...words, ...args], { cwd, encoding: 'utf8' });
    if (error !== undefined) throw error;
    return { status, stdout, stderr: stderr.replaceAll(/^time="[^"]*" /gm, '') };
  };
  const here = (args: readonly string[], cwd?: string): Outcome => call(dist, args, cwd);
  const there = (args: readonly string[], cwd?: string): Outcome => call(abroad, args, cwd);

  /** A bundle whose config is what `spec` writes, changed. */
  const bundle = (name: string, change: (config: Record<string, Record<string, unknown>>) => void): string => {
    const path = join(scratch, name);
    mkdirSync(join(path, 'rootfs'), { recursive: true });
    expect(there(['spec', '--bundle', path]).status).toBe(0);
    const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as Record<string, Record<string, unknown>>;
    config['process'] = { ...config['process'], terminal: false };
    change(config);
    writeFileSync(join(path, 'config.json'), JSON.stringify(config));
    return path;
  };

  it.each([
    ['tsrun', false],
    ['libexec/tsrun-init', false],
    ['libexec/tsrun-systemd', true],
  ])('%s is for that machine; needs a loader: %s', (name, dynamic) => {
    const bytes = readFileSync(join(abroad, name));
    // man 5 elf: e_machine, EM_AARCH64; program headers, PT_INTERP
    expect(bytes.readUInt16LE(18)).toBe(183);
    const [at, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
    const types = Array.from({ length: count }, (_, header) => bytes.readUInt32LE(at + header * size));
    expect(types.includes(3)).toBe(dynamic);
  });

  it('says which version it is, as here', () => {
    const said = there(['--version']);
    expect(said).toMatchObject({ status: 0, stderr: '' });
    expect(said.stdout).toMatch(/^tsrun version \d.*\nengine: quickjs-ng /s);
    expect(said).toEqual(here(['--version']));
  });

  it('has the same features, help, manual and completions as here', () => {
    const commands = [...here(['--help']).stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name = '']) => name);
    expect(commands).toContain('create');
    for (const args of [['features'], ['man'], ['completion', 'bash'], ['--help'], ...commands.map((name) => [name, '--help'])]) {
      const said = there(args);
      expect({ args, ...said }).toEqual({ args, ...here(args) });
      expect(said.stdout.length).toBeGreaterThan(100);
    }
  });

  it('writes the same config to start from', () => {
    const configs = [here, there].map((tsrun, which) => {
      const path = join(scratch, `spec-${which}`);
      mkdirSync(path);
      expect(tsrun(['spec', '--bundle', path])).toMatchObject({ status: 0, stderr: '' });
      return readFileSync(join(path, 'config.json'), 'utf8');
    });
    expect(JSON.parse(configs[1] ?? '')).toHaveProperty('ociVersion');
    expect(configs[1]).toBe(configs[0]);
  });

  it('refuses what is no config in the same words', () => {
    const path = bundle('refused', (config) => {
      config['process'] = { ...config['process'], cwd: 'relative', rlimits: [{ type: 'RLIMIT_X', hard: -1.5, soft: 1e300 }] };
    });
    const args = ['--root', join(scratch, 'refused-root'), '--cgroup-manager', 'disabled', 'create', '--bundle', path, 'c1'];
    const said = there(args);
    expect(said.status).toBe(1);
    expect(said.stderr).toContain('RLIMIT_X');
    expect(said).toEqual(here(args));
  });

  it('locks the directory of a container', () => {
    const state = join(scratch, 'locks');
    mkdirSync(join(state, 'c1'), { recursive: true, mode: 0o700 });
    const said = there(['--root', state, 'delete', 'c1']);
    expect(said.stderr).toContain('container \\"c1\\" does not exist');
  });

  // Everything but the birth: state, locks, slots, the filter, init's copy, the plan.
  it.skipIf(skipped('a container until its birth on aarch64', process.getuid?.() === 0 ? undefined : 'needs root'))(
    'makes a container until its birth, and a seccomp filter for that processor',
    () => {
      const names = ['open', 'openat', 'mkdirat', 'poll', 'dup2', 'no_such_call', 'ptrace', 'keyctl', 'bpf', 'mount', 'reboot', 'swapon'];
      const path = bundle('born', (config) => {
        const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action: 'SCMP_ACT_KILL_PROCESS' }] };
        config['linux'] = { ...config['linux'], seccomp };
      });
      const state = join(scratch, 'born-root');
      const said = there(['--root', state, '--cgroup-manager', 'disabled', 'create', '--bundle', path, 'c1']);
      expect(said.stderr).toContain('clone3: function not implemented');
      const cache = join(state, '=seccomp');
      const [file = ''] = readdirSync(cache);
      const bytes = readFileSync(join(cache, file));
      // a program ends the file: struct sock_filter is 8 bytes, the first loads the architecture, the second compares it (AUDIT_ARCH_AARCH64)
      const start = bytes.indexOf(Buffer.from('2000000004000000', 'hex'));
      expect((bytes.length - start) % 8).toBe(0);
      expect(bytes.readUInt32LE(start + 12)).toBe(0xc00000b7);
      const compared = Array.from({ length: (bytes.length - start) / 8 }, (_, at) => bytes.readUInt32LE(start + at * 8 + 4));
      // openat 56, mkdirat 34, ptrace 117, keyctl 219, bpf 280, mount 40, reboot 142, swapon 224 of include/uapi/asm-generic/unistd.h
      for (const number of [56, 34, 117, 219, 280, 40, 142, 224]) expect(compared).toContain(number);
    },
  );

  /** Has init carry out `steps`; what it said and what the program printed. */
  const carryOut = async (steps: readonly Step[]): Promise<{ readonly said: string[]; readonly out: string; readonly status: unknown }> => {
    const plan = join(scratch, 'plan');
    writeFileSync(plan, encodeSteps(steps, []));
    const fd = openSync(plan, 'r');
    const [file, ...words] = [...target.runner, join(abroad, 'libexec/tsrun-init'), '3', '4', '', 'trace'];
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit', 'pipe', fd] });
    closeSync(fd);
    let [out, said] = ['', ''];
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
    child.stdio[3]?.on('data', (data: Buffer) => (said += data.toString()));
    const status = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { said: said.split(/(?=step\0|failed\0)/).map((line) => line.split('\0').slice(0, 3).join(' ')), out, status };
  };

  it('init takes its steps, to the program', async () => {
    const script =
      'pwd; umask; ulimit -n; ulimit -c; grep NoNewPrivs /proc/self/status; echo "$TOLD"; test -e /proc/self/fd/3 || echo closed';
    const { said, out, status } = await carryOut([
      { op: 'rlimit', resource: 7, soft: '64', hard: '128' },
      { op: 'rlimit', resource: 4, soft: '0', hard: '0' },
      { op: 'noNewPrivileges' },
      { op: 'cwd', path: '/usr', early: false },
      { op: 'program', args: ['/bin/sh', '-c', script], env: ['TOLD=grüße', 'PATH=/usr/bin:/bin'], preserved: 0, home: false },
      { op: 'seal', start: '', listener: '' },
      { op: 'exec' },
    ]);
    const steps = ['rlimit', 'rlimit', 'noNewPrivileges', 'cwd', 'program', 'seal'];
    expect(said).toEqual(steps.map((op, at) => `step ${at + 1} ${op}`));
    expect(out).toBe('/usr\n0022\n64\n0\nNoNewPrivs:\t1\ngrüße\nclosed\n');
    expect(status).toBe(0);
  });

  it('init says which step failed', async () => {
    const { said, status } = await carryOut([{ op: 'noNewPrivileges' }, { op: 'cwd', path: '/no/such', early: false }, { op: 'exec' }]);
    expect(said).toEqual(['step 1 noNewPrivileges', 'failed 2 cwd']);
    expect(status).toBe(1);
  });

  it('tsrun-systemd starts, with its library', () => {
    const library = ['usr/lib', 'lib'].map((at) => join(target.sysroot, at, target.triplet)).join(':');
    expect(existsSync(join(abroad, 'libexec/tsrun-systemd'))).toBe(true);
    const [file, ...words] = [...target.runner, '-E', `LD_LIBRARY_PATH=${library}`, join(abroad, 'libexec/tsrun-systemd')];
    const { status, stderr } = spawnSync(file, words, { encoding: 'utf8' });
    expect(stderr).toBe('tsrun-systemd is started by tsrun\n');
    expect(status).toBe(2);
  });
});
