/** The systemd cgroup manager against a real systemd: what it shows of our units, what the kernel has, and that nothing is left. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { harness, hosts, shell, skipped, SLEEP, until, whyNoContainers, type Change, type TestHost } from '../integration/harness.js';
import { controllers, of } from './box.js';

const reason = whyNoContainers() ?? (existsSync('/run/systemd/system') ? undefined : 'systemd does not run here');
const MOUNT = '/sys/fs/cgroup';
const MIB = 1 << 20;

const read = (path: string): string => readFileSync(path, 'utf8').trim();

function systemctl(...args: string[]): string {
  return spawnSync('systemctl', args, { encoding: 'utf8' }).stdout.trim();
}

/** Properties of a unit by name, as `systemctl show` prints them. */
function show(unit: string, ...names: string[]): Record<string, string> {
  const lines = systemctl('show', unit, ...names.map((name) => `--property=${name}`)).split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

const isLoaded = (unit: string): boolean => systemctl('list-units', '--all', '--plain', '--no-legend', unit) !== '';

async function expectGone(unit: string): Promise<void> {
  await until(() => !isLoaded(unit));
  expect(systemctl('list-units', '--all', '--plain', '--no-legend', unit)).toBe('');
}

const resources =
  (value: NonNullable<NonNullable<Parameters<Change>[0]['linux']>['resources']>): Change =>
  (config) => {
    config.linux.resources = value;
  };

const annotation =
  (name: string, value: string): Change =>
  (config) => {
    config.annotations = { ...config.annotations, [name]: value };
  };

const cgroupsPath =
  (path: string): Change =>
  (config) => {
    config.linux.cgroupsPath = path;
  };

describe.skipIf(skipped('the systemd cgroup manager', reason))('the systemd cgroup manager', () => {
  const tests = harness('systemd');
  const slice = `${tests.tag}.slice`;
  /** tsrun-systemd-XXXXXX.slice */
  const sliceCgroup = `${MOUNT}/tsrun.slice/tsrun-systemd.slice/${slice}`;

  afterAll(() => {
    tests.clean();
    for (const each of [slice, 'tsrun-systemd.slice', 'tsrun.slice']) systemctl('stop', each);
  });

  function create(changes: readonly Change[], id = tests.id()): string {
    tests.ok(['--systemd-cgroup', 'create', '--bundle', tests.bundle(...changes), id]);
    return id;
  }

  it('makes a scope with every property, and every limit in a cgroup below', async () => {
    const id = tests.id();
    const unit = `p-${id}.scope`;
    create(
      [
        shell(SLEEP),
        cgroupsPath(`${slice}:p:${id}`),
        annotation('org.systemd.property.TimeoutStopSec', 'uint64 7'),
        annotation('org.systemd.property.Documentation', "['man:tsrun(8)']"),
        resources({
          memory: { limit: 64 * MIB, reservation: 32 * MIB, swap: 96 * MIB },
          cpu: { shares: 512, quota: 25_300, period: 50_000, ...of('cpuset', { cpus: '0', mems: '0' }) },
          pids: { limit: 20 },
          blockIO: { weight: 500 },
          ...of('hugetlb', { hugepageLimits: [{ pageSize: '2MB', limit: 4 * MIB }] }),
          unified: { 'memory.high': String(60 * MIB) },
          devices: [
            { allow: false, access: 'rwm' },
            { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
          ],
        }),
      ],
      id,
    );
    const scope = `${sliceCgroup}/${unit}`;
    const { pid } = tests.state(id);
    expect(read(`/proc/${pid}/cgroup`)).toBe(`0::${scope.slice(MOUNT.length)}/container`);
    expect(
      show(unit, 'Slice', 'Delegate', 'Description', 'ActiveState', 'ControlGroup', 'CollectMode', 'TimeoutStopUSec', 'Documentation'),
    ).toEqual({
      Slice: slice,
      Delegate: 'yes',
      Description: `tsrun container ${id} (${tests.root})`,
      ActiveState: 'active',
      ControlGroup: scope.slice(MOUNT.length),
      CollectMode: 'inactive-or-failed',
      TimeoutStopUSec: '7s',
      Documentation: '"man:tsrun(8)"',
    });
    const limits = ['MemoryMax', 'MemoryLow', 'MemoryHigh', 'MemorySwapMax', 'TasksMax', 'CPUWeight', 'CPUQuotaPerSecUSec'];
    expect(show(unit, ...limits, 'CPUQuotaPeriodUSec', 'AllowedCPUs', 'AllowedMemoryNodes', 'IOWeight', 'DevicePolicy')).toEqual({
      MemoryMax: String(64 * MIB),
      MemoryLow: String(32 * MIB),
      MemoryHigh: String(60 * MIB),
      MemorySwapMax: String(32 * MIB),
      TasksMax: '20',
      CPUWeight: '59',
      // 50.6 % of a CPU, up to a whole percent
      CPUQuotaPerSecUSec: '510ms',
      CPUQuotaPeriodUSec: '50ms',
      AllowedCPUs: '',
      AllowedMemoryNodes: '',
      ...of('cpuset', { AllowedCPUs: '0', AllowedMemoryNodes: '0' }),
      IOWeight: '4500',
      DevicePolicy: 'strict',
    });
    expect(show(unit, 'DeviceAllow')['DeviceAllow']).toBeDefined();
    expect(systemctl('show', unit, '--property=DeviceAllow')).toContain('DeviceAllow=/dev/char/10:229 rwm');
    const has = (file: string): string => read(`${scope}/container/${file}`);
    expect(has('memory.max')).toBe(String(64 * MIB));
    expect(has('memory.high')).toBe(String(60 * MIB));
    expect(has('cpu.max')).toBe('25300 50000');
    expect(has('pids.max')).toBe('20');
    if (controllers.includes('hugetlb')) expect(has('hugetlb.2MB.max')).toBe(String(4 * MIB));
    // what systemd has made of its own
    expect(read(`${scope}/cpu.max`)).toBe('25500 50000');
    expect(read(`${scope}/memory.max`)).toBe(String(64 * MIB));

    tests.ok(['start', id]);
    expect(tests.ok(['exec', id, 'cat', '/proc/self/cgroup'])).toBe('0::/\n');
    expect(tests.ok(['ps', '--format', 'json', id])).toMatch(new RegExp(`^\\[${pid},?`));

    // an update is kept by both: systemd writes its own again at a reload
    tests.ok(['update', '--memory', '128m', '--memory-swap', '160m', '--pids-limit', '30', '--cpu-quota', '40300', id]);
    expect(show(unit, 'MemoryMax', 'TasksMax', 'CPUQuotaPerSecUSec')).toEqual({
      MemoryMax: String(128 * MIB),
      TasksMax: '30',
      CPUQuotaPerSecUSec: '810ms',
    });
    systemctl('daemon-reload');
    expect(read(`${scope}/memory.max`)).toBe(String(128 * MIB));
    expect([has('memory.max'), has('pids.max'), has('cpu.max')]).toEqual([String(128 * MIB), '30', '40300 50000']);
    expect(has('memory.high')).toBe(String(60 * MIB));

    tests.ok(['kill', id, 'KILL']);
    await until(() => tests.state(id).status === 'stopped');
    tests.ok(['delete', id]);
    await expectGone(unit);
    // systemd keeps a slice until it is told otherwise
    systemctl('stop', slice);
    await tests.expectNothingLeft();
  });

  it('leaves the cgroup below out, or names it otherwise', async () => {
    const alone = create([annotation('run.oci.systemd.subgroup', ''), resources({ pids: { limit: 5 } })]);
    expect(read(`/proc/${tests.state(alone).pid}/cgroup`)).toBe(`0::/system.slice/tsrun-${alone}.scope`);
    expect(read(`${MOUNT}/system.slice/tsrun-${alone}.scope/pids.max`)).toBe('5');
    tests.ok(['delete', alone]);
    const named = create([annotation('run.oci.systemd.subgroup', 'mine')]);
    expect(read(`/proc/${tests.state(named).pid}/cgroup`)).toBe(`0::/system.slice/tsrun-${named}.scope/mine`);
    tests.ok(['delete', named]);
    await expectGone(`tsrun-${alone}.scope`);
    await expectGone(`tsrun-${named}.scope`);
    await tests.expectNothingLeft();
  });

  it('makes containers with the least of limits', () => {
    // of which the kernel takes about 500 KiB for a process alone
    const least = resources({ pids: { limit: 1 }, memory: { limit: 768 << 10 } });
    const script: Change = (config) => {
      config.process.args = ['cat', '/sys/fs/cgroup/pids.max', '/sys/fs/cgroup/memory.max'];
    };
    const { status, stdout, stderr } = tests.tsrun(['--systemd-cgroup', 'run', '--bundle', tests.bundle(script, least), tests.id()]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `1\n${768 << 10}\n`, stderr: '' });
  });

  it('refuses a unit that is there, and leaves that alone', async () => {
    const first = create([shell(SLEEP)]);
    const second = tests.id();
    const bundle = tests.bundle(cgroupsPath(`:tsrun:${first}`));
    const { status, stderr } = tests.tsrun(['--systemd-cgroup', 'create', '--bundle', bundle, second]);
    expect(status).toBe(1);
    expect(stderr).toContain(`start unit tsrun-${first}.scope in system.slice: `);
    expect(tests.states()).toEqual([first]);
    // what a `create` that was killed before it came to its unit has written
    const state = JSON.parse(readFileSync(join(tests.root, first, 'state.json'), 'utf8')) as Record<string, unknown>;
    mkdirSync(join(tests.root, second));
    const unit = { ...(state['unit'] as object), description: `tsrun container ${second} (${tests.root})`, cgroup: '' };
    writeFileSync(join(tests.root, second, 'state.json'), JSON.stringify({ ...state, id: second, pid: 0, cgroup: '', unit }));
    tests.ok(['delete', '--force', second]);
    expect(tests.state(first).status).toBe('created');
    tests.ok(['delete', '--force', first]);
    await expectGone(`tsrun-${first}.scope`);
  });

  it('resets a failed unit of the same name', async () => {
    const id = tests.id();
    const unit = `tsrun-${id}.scope`;
    const made = spawnSync('systemd-run', ['--scope', `--unit=${unit}`, '--property=RuntimeMaxSec=1', 'sleep', '60'], { encoding: 'utf8' });
    expect(made.error).toBeUndefined();
    await until(() => systemctl('is-failed', unit) === 'failed');
    expect(systemctl('is-failed', unit)).toBe('failed');
    create([], id);
    expect(show(unit, 'ActiveState')).toEqual({ ActiveState: 'active' });
    tests.ok(['delete', id]);
    await expectGone(unit);
  });

  it('says what systemd refuses, and leaves nothing', async () => {
    const id = tests.id();
    const { status, stderr } = tests.tsrun([
      '--systemd-cgroup',
      'create',
      '--bundle',
      tests.bundle(annotation('org.systemd.property.NoSuchThing', 'true')),
      id,
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`start unit tsrun-${id}.scope in system.slice: .*NoSuchThing`));
    await expectGone(`tsrun-${id}.scope`);
    await tests.expectNothingLeft();
  });

  it('takes the unit with it when the container cannot be made', async () => {
    const id = tests.id();
    const fails: Change = (config) => {
      config.hooks = { createRuntime: [{ path: '/bin/false' }] };
    };
    expect(tests.tsrun(['--systemd-cgroup', 'run', '--bundle', tests.bundle(fails), id]).status).not.toBe(0);
    await expectGone(`tsrun-${id}.scope`);
    await tests.expectNothingLeft();
  });

  it('leaves nothing that delete --force does not find, whenever the runtime is killed', async () => {
    const create = (id: string): string[] => ['--systemd-cgroup', 'create', '--bundle', tests.bundle(shell(SLEEP)), id];
    const whole = tests.id();
    const begun = Date.now();
    tests.ok(create(whole));
    const duration = Date.now() - begun;
    tests.ok(['delete', '--force', whole]);
    const rounds = 8;
    for (let round = 0; round < rounds; round++) {
      const id = tests.id();
      const runtime = tests.spawn(create(id));
      await new Promise((resolve) => setTimeout(resolve, (duration * round) / rounds));
      // this one may have been faster, and have ended
      runtime.kill('SIGKILL');
      await runtime.ended;
      tests.ok(['delete', '--force', id]);
      await expectGone(`tsrun-${id}.scope`);
      await tests.expectNothingLeft();
    }
  });

  const USER = 1000;
  const noUser = existsSync(`/run/user/${USER}/bus`) ? undefined : `no service manager of user ${USER} runs here`;
  it.skipIf(skipped('an ordinary user under systemd', noUser))('serves an ordinary user by his own service manager', async () => {
    const [host] = hosts;
    if (host === undefined) throw new Error('TSRUN_TEST_HOST names no host');
    const command = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--init-groups', ...host.command];
    const user: TestHost = { name: host.name, command };
    const root = tests.path('user-state');
    mkdirSync(root);
    chownSync(root, USER, USER);
    chmodSync(root, 0o700);
    const id = tests.id();
    const bundle = tests.bundle(shell(SLEEP), resources({ pids: { limit: 9 }, memory: { limit: 64 * MIB } }), (config) => {
      config.linux.namespaces = [...(config.linux.namespaces ?? []).filter(({ type }) => type !== 'network'), { type: 'user' }];
      const own = [{ containerID: 0, hostID: USER, size: 1 }];
      config.linux.uidMappings = own;
      config.linux.gidMappings = own;
      config.mounts = config.mounts.filter(({ type = '' }) => !['sysfs', 'cgroup', 'devpts'].includes(type));
    });
    const options = { host: user, root, env: { PATH: process.env['PATH'] ?? '', XDG_RUNTIME_DIR: `/run/user/${USER}` } };
    tests.ok(['--systemd-cgroup', 'run', '--detach', '--bundle', bundle, id], options);
    const { pid } = JSON.parse(tests.ok(['state', id], options)) as { pid: number };
    const scope = `/user.slice/user-${USER}.slice/user@${USER}.service/user.slice/tsrun-${id}.scope`;
    expect(read(`/proc/${pid}/cgroup`)).toBe(`0::${scope}/container`);
    expect(read(`${MOUNT}${scope}/container/pids.max`)).toBe('9');
    expect(read(`${MOUNT}${scope}/memory.max`)).toBe(String(64 * MIB));
    // from where the test is the user may put no process there: systemd does
    tests.ok(['exec', '--detach', '--pid-file', join(root, 'pid'), id, 'sleep', '1000'], options);
    expect(read(`/proc/${read(join(root, 'pid'))}/cgroup`)).toBe(`0::${scope}/container`);
    tests.ok(['delete', '--force', id], options);
    await until(() => !existsSync(MOUNT + scope));
    expect(existsSync(MOUNT + scope)).toBe(false);
    await tests.expectNothingLeft();
  });
});
