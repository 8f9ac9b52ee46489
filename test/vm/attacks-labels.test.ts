/**
 * Attacks for which it takes AppArmor or systemd: a label's write that is redirected, and an annotation that would have systemd run
 * a program. Each is seen to reach what it wants where what holds against it is missing.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { commandOf, dist, harness, shell, skipped, until, whyNoContainers, type Change, type TestHost } from '../integration/harness.js';

const h = harness('attacks-labels');
const call = (program: string, ...args: string[]): void => {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect({ program, status, stderr }).toEqual({ program, status: 0, stderr: '' });
};

const noAppArmor = existsSync('/sys/kernel/security/apparmor/profiles') ? undefined : 'this kernel has no AppArmor';
describe.skipIf(skipped('labels', whyNoContainers() ?? noAppArmor))('a /proc that the container has forged', () => {
  const profile = h.tag;
  const labelOf = (pid: number): string => readFileSync(`/proc/${pid}/attr/apparmor/current`, 'utf8').trim();
  const forged = 'cat /proc/*/attr/exec /proc/*/attr/apparmor/exec | sort -u';
  let bystander: ChildProcess | undefined;

  beforeAll(() => {
    const path = h.path('profile');
    writeFileSync(path, `profile ${profile} flags=(attach_disconnected) {\n  file,\n  capability,\n  signal,\n  ptrace,\n  unix,\n}\n`);
    call('apparmor_parser', '--replace', path);
  });
  afterAll(() => {
    bystander?.kill('SIGKILL');
    call('apparmor_parser', '--remove', h.path('profile'));
  });

  it('to which a label would be written (CVE-2025-52881, CVE-2025-62596)', async () => {
    const path = h.ownRoot();
    const forge = [
      'mount -t tmpfs none /proc',
      'for pid in self $(seq 1 300); do mkdir -p /proc/$pid/attr/apparmor; echo untouched > /proc/$pid/attr/exec; echo untouched > /proc/$pid/attr/apparmor/exec; done',
      'touch /ready; while :; do sleep 1; done',
    ];
    const admin: Change = (config) => {
      config.root = { path, readonly: false };
      config.linux.maskedPaths = config.linux.readonlyPaths = [];
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        (config.process.capabilities ??= {})[set] = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'];
    };
    const id = h.running([admin, shell(forge.join('; '))]);
    expect(await until(() => existsSync(join(path, 'ready')))).toBe(true);

    const pidFile = h.path('pid');
    h.ok(['exec', '--apparmor', profile, '--detach', '--pid-file', pidFile, id, 'sleep', '1000']);
    const executed = Number(readFileSync(pidFile, 'utf8'));
    // it has its label once its program is there
    expect(await commandOf(executed)).toBe('sleep\x001000\0');
    expect(labelOf(executed)).toBe(`${profile} (enforce)`);
    expect(h.ok(['exec', '--apparmor', 'unconfined', id, 'sh', '-c', forged])).toBe('untouched\n');

    // succeeds (CVE-2025-52881, CVE-2025-62596): a program that enters the container and writes its label to /proc by name
    const write = `printf 'exec ${profile}' > /proc/self/attr/apparmor/exec; exec sleep 1000`;
    const entered = spawn('nsenter', [`--mount=/proc/${h.state(id).pid}/ns/mnt`, 'sh', '-c', write], { stdio: 'ignore' });
    bystander = entered;
    const pid = entered.pid ?? 0;
    expect(await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n')).toBe(true);
    expect(labelOf(pid)).toBe('unconfined');
    expect(h.ok(['exec', id, 'sh', '-c', forged])).toBe(`exec ${profile}\nuntouched\n`);
    entered.kill('SIGKILL');
    h.ok(['delete', '--force', id]);
  });
});

const noSystemd = existsSync('/run/systemd/system') ? undefined : 'systemd does not run here';
describe.skipIf(skipped("systemd's properties", whyNoContainers() ?? noSystemd))('an annotation', () => {
  const unit = `${h.tag}.service`;
  const file = `/run/systemd/system/${unit}`;
  const mark = h.path('ran');
  const weak = h.path('weak');

  beforeAll(() => {
    cpSync(dist, weak, { recursive: true });
    const path = join(weak, 'lib/plan/systemd/annotations.js');
    const text = readFileSync(path, 'utf8');
    expect(text.split('FOREIGN.test(name)').length).toBe(2);
    writeFileSync(path, text.replace('FOREIGN.test(name)', 'false'));
  });
  beforeEach(() => {
    writeFileSync(file, `[Service]\nType=oneshot\nExecStart=/bin/touch ${mark}\n`);
    call('systemctl', 'daemon-reload');
  });
  afterEach(() => {
    rmSync(file, { force: true });
    call('systemctl', 'daemon-reload');
  });

  it('that would have systemd run a program of the host (CVE-2024-3154)', async () => {
    const wants: Change = (config) => {
      config.annotations = { 'org.systemd.property.Wants': `['${unit}']` };
    };
    const run = (host?: TestHost) =>
      h.tsrun(['--systemd-cgroup', 'run', '--bundle', h.bundle(wants, shell('echo ran')), h.id()], host === undefined ? {} : { host });
    const result = run();
    expect(result.stderr).toContain("reaches beyond the container's unit");
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(existsSync(mark)).toBe(false);
    // succeeds (CVE-2024-3154): a build without the list of properties that reach beyond the unit
    expect(run({ name: 'node', command: [process.execPath, join(weak, 'lib/cli/main.js')] })).toMatchObject({ status: 0, stdout: 'ran\n' });
    expect(await until(() => existsSync(mark))).toBe(true);
  });
});
