/**
 * What a config that nobody vouches for may ask for (`--untrusted`). As a rule a config is its caller's own word: it names files of
 * the host, programs that run as the caller, namespaces to be in. This check lets pass what stays inside the container, and refuses
 * all else, also what it does not know.
 */
import { each } from './each.js';
import { cleanPath } from './paths.js';
import { pointerPart, refuse, show } from './problem.js';
import { isNewNamespace, namespaceOf } from './rules/namespaces.js';
import type { Capabilities, DeviceRule, Linux, Mount, NamespaceType, Process, Resources, Spec } from './types.js';
import { hookKinds } from './words.js';

/** Those that act on nothing but what is in the container's own namespaces and root file system. */
const CAPABILITIES: ReadonlySet<string> = new Set([
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]);

const NAMESPACES: readonly NamespaceType[] = ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup'];

/** File systems of the kernel's that have nothing of the host's behind them, once the namespaces are new. */
const FILE_SYSTEMS: ReadonlySet<string> = new Set(['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2']);

/** What their root, without any capability, could act on the host with. */
const READ_ONLY: ReadonlySet<string> = new Set(['sysfs', 'cgroup', 'cgroup2']);

const PROC_READONLY: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
const PROC_MASKED: readonly string[] = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
];

/** null, zero, full, random, urandom, tty, console, ptmx, and the terminals of devpts; Documentation/admin-guide/devices.txt. */
const DEVICES: ReadonlySet<string> = new Set(['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2', '136:-1']);

const LINUX: ReadonlySet<keyof Linux> = new Set<keyof Linux>([
  'namespaces',
  'uidMappings',
  'gidMappings',
  'timeOffsets',
  'devices',
  'cgroupsPath',
  'resources',
  'memoryPolicy',
  'sysctl',
  'seccomp',
  'rootfsPropagation',
  'maskedPaths',
  'readonlyPaths',
  'mountLabel',
  'personality',
]);

const PROCESS: ReadonlySet<keyof Process> = new Set<keyof Process>([
  'terminal',
  'consoleSize',
  'cwd',
  'env',
  'args',
  'rlimits',
  'apparmorProfile',
  'capabilities',
  'noNewPrivileges',
  'oomScoreAdj',
  'scheduler',
  'selinuxLabel',
  'ioPriority',
  'execCPUAffinity',
  'user',
]);

function deny(pointer: string, problem: string): never {
  refuse(pointer, `${problem} (--untrusted)`);
}

/**
 * Refuses a config, checked by checkConfig() already, that reaches out of the container. Pure.
 *
 * @throws TsrunError with one line: `/mounts/7/source: must not bind "/etc" of the host (--untrusted)`.
 */
export function checkUntrusted(spec: Spec): void {
  const linux = spec.linux ?? {};
  checkRoot(spec.root?.path ?? '');
  for (const kind of hookKinds) {
    if ((spec.hooks?.[kind] ?? []).length > 0) deny(`/hooks/${kind}/0`, 'hooks are programs of the host and must not be named');
  }
  for (const key of Object.keys(spec.annotations ?? {})) {
    if (/^(org\.systemd\.|run\.oci\.|org\.tsrun\.)/.test(key))
      deny(`/annotations/${pointerPart(key)}`, 'must not give orders to the runtime');
  }
  checkNamespaces(linux);
  each(spec.mounts, (mount, index) => checkMount(mount, `/mounts/${index}`));
  checkProtected(spec.mounts ?? [], linux);
  checkLinux(linux);
  if (spec.process !== undefined) checkProcess(spec.process, linux, '/process');
}

/**
 * Refuses the process of `exec --process` for a container with this config, whoever wrote that: the process must not be less confined
 * than the container's own. Pointers count from the process.
 *
 * @throws TsrunError as checkUntrusted().
 */
export function checkUntrustedProcess(process: Process, container: Spec): void {
  const own = container.process;
  checkProcess(process, container.linux ?? {}, '');
  if (own?.noNewPrivileges === true && process.noNewPrivileges !== true) deny('/noNewPrivileges', "must be true, as the container's is");
  const { apparmorProfile = '' } = own ?? {};
  if (apparmorProfile !== (process.apparmorProfile ?? '')) deny('/apparmorProfile', `must be the container's, ${show(apparmorProfile)}`);
  const bounding = new Set(own?.capabilities?.bounding);
  eachCapability(process.capabilities ?? {}, '/capabilities', (name, pointer) => {
    if (!bounding.has(name)) deny(pointer, `${show(name)} is not in the container's bounding set`);
  });
}

function checkRoot(path: string): void {
  if (path.startsWith('/')) deny('/root/path', `must be relative to the bundle, is ${show(path)}`);
  if (path.split('/').includes('..')) deny('/root/path', `must stay in the bundle, is ${show(path)}`);
}

function checkNamespaces(linux: Linux): void {
  each(linux.namespaces, ({ path = '' }, index) => {
    if (path !== '') deny(`/linux/namespaces/${index}/path`, `must not join a namespace that is there, is ${show(path)}`);
  });
  for (const type of NAMESPACES) {
    if (!isNewNamespace(linux, type))
      deny('/linux/namespaces', `must have a new ${type} namespace: without one the container is in the host's`);
  }
  for (const name of ['uidMappings', 'gidMappings'] as const) {
    each(linux[name], ({ hostID }, index) => {
      if (hostID === 0) deny(`/linux/${name}/${index}/hostID`, "must not be the host's root");
    });
  }
}

/** One entry may hold several options; those with quotes are read differently by different readers. */
function optionsOf({ options = [] }: Mount, pointer: string): readonly string[] {
  each(options, (option, index) => {
    if (/["'\\]/.test(option)) deny(`${pointer}/options/${index}`, `must not have quotes, is ${show(option)}`);
  });
  return options.flatMap((option) => option.split(','));
}

function checkMount(mount: Mount, pointer: string): void {
  const { type = '', source = '', destination } = mount;
  const options = optionsOf(mount, pointer);
  if (type === 'bind' || options.some((option) => /^r?bind$/.test(option))) {
    deny(`${pointer}/source`, `must not bind ${show(source)} of the host`);
  }
  if (options.includes('remount')) deny(`${pointer}/options`, 'must not remount');
  if (!FILE_SYSTEMS.has(type)) deny(`${pointer}/type`, `must be one of ${[...FILE_SYSTEMS].join(', ')}, is ${show(type)}`);
  if (type === 'proc' && cleanPath(`/${destination}`) !== '/proc')
    deny(`${pointer}/destination`, `must be "/proc", is ${show(destination)}`);
  if (type === 'sysfs' && cleanPath(`/${destination}`) !== '/sys')
    deny(`${pointer}/destination`, `must be "/sys", is ${show(destination)}`);
  if (READ_ONLY.has(type) && (!options.includes('ro') || options.includes('rw'))) deny(`${pointer}/options`, `must have "ro" for ${type}`);
  const shared = options.find((option) => /^r?(shared|slave)$/.test(option));
  if (shared !== undefined) deny(`${pointer}/options`, `must not have ${show(shared)}: mounts would go out or come in`);
}

/** The superuser's id alone, with no capability, may write what is below /proc: core_pattern is a program of the host's. */
function checkProtected(mounts: readonly Mount[], { maskedPaths = [], readonlyPaths = [] }: Linux): void {
  const masked = new Set(maskedPaths.map((path) => cleanPath(path)));
  const readonly = new Set(readonlyPaths.map((path) => cleanPath(path)));
  const types = new Set(mounts.map(({ type }) => type));
  const missing = types.has('proc') ? PROC_READONLY.find((path) => !readonly.has(path) && !masked.has(path)) : undefined;
  if (missing !== undefined) deny('/linux/readonlyPaths', `must have ${show(missing)}`);
  const hidden = [...(types.has('proc') ? PROC_MASKED : []), ...(types.has('sysfs') ? ['/sys/firmware'] : [])];
  const seen = hidden.find((path) => !masked.has(path));
  if (seen !== undefined) deny('/linux/maskedPaths', `must have ${show(seen)}`);
}

function checkLinux(linux: Linux): void {
  for (const name of Object.keys(linux)) {
    if (!LINUX.has(name as keyof Linux)) deny(`/linux/${pointerPart(name)}`, 'is not among what stays inside the container');
  }
  const { cgroupsPath = '', rootfsPropagation = '', mountLabel = '', seccomp, resources = {} } = linux;
  if (cgroupsPath !== '') deny('/linux/cgroupsPath', `must not name a place in the host's tree, is ${show(cgroupsPath)}`);
  if (/shared|slave/.test(rootfsPropagation)) deny('/linux/rootfsPropagation', `must be private, is ${show(rootfsPropagation)}`);
  if (mountLabel !== '') deny('/linux/mountLabel', "must not choose a label of the host's policy");
  if ((seccomp?.listenerPath ?? '') !== '') deny('/linux/seccomp/listenerPath', 'must not name a socket of the host');
  if (seccomp?.flags?.includes('SECCOMP_FILTER_FLAG_SPEC_ALLOW') === true)
    deny('/linux/seccomp/flags', 'must not lift what the kernel mitigates');
  each(linux.devices, ({ type, major = 0, minor = 0 }, index) => {
    if (type !== 'p' && (type === 'b' || !isSafeDevice(major, minor)))
      deny(`/linux/devices/${index}`, "must not be a device of the host's");
  });
  checkDeviceRules(resources);
}

function isSafeDevice(major: number, minor: number): boolean {
  return DEVICES.has(`${major}:${minor}`) || (DEVICES.has(`${major}:-1`) && minor >= -1);
}

function checkDeviceRules({ devices }: Resources): void {
  each(devices, ({ allow, type = '', major = -1, minor = -1 }: DeviceRule, index) => {
    if (allow && (type !== 'c' || !isSafeDevice(major, minor))) {
      deny(`/linux/resources/devices/${index}`, 'must not allow devices other than null, zero, full, random, urandom and terminals');
    }
  });
}

function eachCapability(sets: Capabilities, pointer: string, look: (name: string, pointer: string) => void): void {
  for (const [set, names] of Object.entries(sets) as [string, readonly string[] | undefined][]) {
    each(names, (name, index) => look(name, `${pointer}/${pointerPart(set)}/${index}`));
  }
}

function checkProcess(process: Process, linux: Linux, pointer: string): void {
  for (const name of Object.keys(process)) {
    if (!PROCESS.has(name as keyof Process)) deny(`${pointer}/${pointerPart(name)}`, 'is not among what stays inside the container');
  }
  const { capabilities = {}, scheduler, oomScoreAdj = 0, ioPriority, apparmorProfile = '', selinuxLabel = '' } = process;
  // In a user namespace of its own they are worth nothing outside.
  if (namespaceOf(linux, 'user') === undefined) {
    eachCapability(capabilities, `${pointer}/capabilities`, (name, at) => {
      if (!CAPABILITIES.has(name)) deny(at, `${show(name)} reaches out of a container without a user namespace`);
    });
  }
  if (apparmorProfile === 'unconfined') deny(`${pointer}/apparmorProfile`, 'must not be "unconfined"');
  if (selinuxLabel !== '') deny(`${pointer}/selinuxLabel`, "must not choose a label of the host's policy");
  if (oomScoreAdj < 0) deny(`${pointer}/oomScoreAdj`, `must not be below 0, is ${oomScoreAdj}`);
  if (ioPriority?.class === 'IOPRIO_CLASS_RT') deny(`${pointer}/ioPriority/class`, 'must not be before all others');
  if (scheduler !== undefined && !/^SCHED_(OTHER|BATCH|IDLE)$/.test(scheduler.policy)) {
    deny(`${pointer}/scheduler/policy`, `must not be before all others, is ${show(scheduler.policy)}`);
  }
  if ((scheduler?.nice ?? 0) < 0) deny(`${pointer}/scheduler/nice`, 'must not be below 0');
  each(process.rlimits, ({ type, hard }, index) => {
    if ((type === 'RLIMIT_RTPRIO' || type === 'RLIMIT_NICE') && hard > 0) deny(`${pointer}/rlimits/${index}`, `must not raise ${type}`);
  });
}
