import type {
  IOPriority,
  MemoryPolicy,
  NamespaceType,
  Personality,
  RlimitType,
  RootfsPropagation,
  SchedulerFlag,
  SchedulerPolicy,
  SeccompAction,
  SeccompArchitecture,
  SeccompFlag,
  SeccompOperator,
} from './types.js';

/**
 * The shape of config.json as a JSON schema, compiled ahead of time by scripts/generate-validators.mjs. Properties that
 * are not named here are allowed and ignored.
 *
 * Three keywords are ours: `int: [min, max]` (an exact integer, number or bigint; bounds as decimal text), `text: true`
 * (no NUL byte) and `known: {what, values}` (an enumeration, with the noun for its error).
 */
export type Schema = Readonly<Record<string, unknown>>;

const int = (min: string, max: string): Schema => ({ int: [min, max] });
const int32 = int('-2147483648', '2147483647');
const int64 = int('-9223372036854775808', '9223372036854775807');
const uint16 = int('0', '65535');
const uint32 = int('0', '4294967295');
const uint64 = int('0', '18446744073709551615');
/** The kernel's "no id", -1, would leave the caller's own in place (man 2 setresuid). */
const id = int('0', '4294967294');
/** -1 lifts a limit. */
const limit = int('-1', '9223372036854775807');
/** 12 and 20 bits (Linux MINORBITS). */
const major = int('0', '4095');
const minor = int('0', '1048575');

const boolean: Schema = { type: 'boolean' };
const text: Schema = { type: 'string', text: true };
const ref = (name: string): Schema => ({ $ref: `definitions#/$defs/${name}` });
const list = (items: Schema): Schema => ({ type: 'array', items });
const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
const known = (what: string, values: readonly string[]): Schema => ({ known: { what, values } });
const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema =>
  required.length === 0 ? { type: 'object', properties } : { type: 'object', required, properties };

const texts = ref('texts');
const idMappings = ref('idMappings');

const namespaceTypes: readonly NamespaceType[] = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'];

const rlimitTypes: readonly RlimitType[] = [
  'RLIMIT_AS',
  'RLIMIT_CORE',
  'RLIMIT_CPU',
  'RLIMIT_DATA',
  'RLIMIT_FSIZE',
  'RLIMIT_LOCKS',
  'RLIMIT_MEMLOCK',
  'RLIMIT_MSGQUEUE',
  'RLIMIT_NICE',
  'RLIMIT_NOFILE',
  'RLIMIT_NPROC',
  'RLIMIT_RSS',
  'RLIMIT_RTPRIO',
  'RLIMIT_RTTIME',
  'RLIMIT_SIGPENDING',
  'RLIMIT_STACK',
];

const schedulerPolicies: readonly SchedulerPolicy[] = [
  'SCHED_OTHER',
  'SCHED_FIFO',
  'SCHED_RR',
  'SCHED_BATCH',
  'SCHED_ISO',
  'SCHED_IDLE',
  'SCHED_DEADLINE',
];

const schedulerFlags: readonly SchedulerFlag[] = [
  'SCHED_FLAG_RESET_ON_FORK',
  'SCHED_FLAG_RECLAIM',
  'SCHED_FLAG_DL_OVERRUN',
  'SCHED_FLAG_KEEP_POLICY',
  'SCHED_FLAG_KEEP_PARAMS',
  'SCHED_FLAG_UTIL_CLAMP_MIN',
  'SCHED_FLAG_UTIL_CLAMP_MAX',
];

const ioClasses: readonly IOPriority['class'][] = ['IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE'];

const propagations: readonly RootfsPropagation[] = [
  'shared',
  'slave',
  'private',
  'unbindable',
  'rshared',
  'rslave',
  'rprivate',
  'runbindable',
];

const personalities: readonly Personality['domain'][] = ['LINUX', 'LINUX32'];

const memoryPolicyModes: readonly NonNullable<MemoryPolicy['mode']>[] = [
  'MPOL_DEFAULT',
  'MPOL_BIND',
  'MPOL_INTERLEAVE',
  'MPOL_WEIGHTED_INTERLEAVE',
  'MPOL_PREFERRED',
  'MPOL_PREFERRED_MANY',
  'MPOL_LOCAL',
];

const memoryPolicyFlags: readonly NonNullable<MemoryPolicy['flags']>[number][] = [
  'MPOL_F_NUMA_BALANCING',
  'MPOL_F_RELATIVE_NODES',
  'MPOL_F_STATIC_NODES',
];

const seccompActions: readonly SeccompAction[] = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
];

const seccompOperators: readonly SeccompOperator[] = [
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
];

const seccompFlags: readonly SeccompFlag[] = [
  'SECCOMP_FILTER_FLAG_TSYNC',
  'SECCOMP_FILTER_FLAG_LOG',
  'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
];

const seccompArchitectures: readonly SeccompArchitecture[] = [
  'SCMP_ARCH_X86',
  'SCMP_ARCH_X86_64',
  'SCMP_ARCH_X32',
  'SCMP_ARCH_ARM',
  'SCMP_ARCH_AARCH64',
  'SCMP_ARCH_LOONGARCH64',
  'SCMP_ARCH_M68K',
  'SCMP_ARCH_MIPS',
  'SCMP_ARCH_MIPS64',
  'SCMP_ARCH_MIPS64N32',
  'SCMP_ARCH_MIPSEL',
  'SCMP_ARCH_MIPSEL64',
  'SCMP_ARCH_MIPSEL64N32',
  'SCMP_ARCH_PPC',
  'SCMP_ARCH_PPC64',
  'SCMP_ARCH_PPC64LE',
  'SCMP_ARCH_S390',
  'SCMP_ARCH_S390X',
  'SCMP_ARCH_SH',
  'SCMP_ARCH_SHEB',
  'SCMP_ARCH_PARISC',
  'SCMP_ARCH_PARISC64',
  'SCMP_ARCH_RISCV64',
];

const seccompAction = known('seccomp action', seccompActions);

const definitions: Schema = {
  $id: 'definitions',
  $defs: {
    texts: list(text),
    idMappings: list(object({ containerID: id, hostID: id, size: uint32 }, ['containerID', 'hostID', 'size'])),
    hooks: list(object({ path: text, args: texts, env: texts, timeout: int('1', '2147483647') }, ['path'])),
    throttles: list(object({ major, minor, rate: uint64 }, ['major', 'minor'])),
    timeOffset: object({ secs: int64, nanosecs: int('0', '999999999') }),
  },
};

const process: Schema = {
  $id: 'process',
  ...object(
    {
      terminal: boolean,
      // The kernel keeps a window's size in two 16-bit fields (man 2 TIOCSWINSZ).
      consoleSize: object({ height: uint16, width: uint16 }, ['height', 'width']),
      cwd: text,
      env: texts,
      args: { ...list(text), minItems: 1 },
      rlimits: list(object({ type: known('rlimit', rlimitTypes), soft: uint64, hard: uint64 }, ['type', 'soft', 'hard'])),
      apparmorProfile: text,
      capabilities: object({ bounding: texts, effective: texts, inheritable: texts, permitted: texts, ambient: texts }),
      noNewPrivileges: boolean,
      oomScoreAdj: int('-1000', '1000'),
      scheduler: object(
        {
          policy: known('scheduler policy', schedulerPolicies),
          nice: int('-20', '19'),
          priority: int32,
          flags: list(known('scheduler flag', schedulerFlags)),
          runtime: uint64,
          deadline: uint64,
          period: uint64,
        },
        ['policy'],
      ),
      selinuxLabel: text,
      ioPriority: object({ class: known('I/O priority class', ioClasses), priority: int('0', '7') }, ['class']),
      execCPUAffinity: object({ initial: text, final: text }),
      user: object({ uid: id, gid: id, umask: int('0', '511'), additionalGids: list(id) }),
    },
    ['cwd', 'args'],
  ),
};

const resources: Schema = {
  $id: 'resources',
  ...object({
    devices: list(
      object(
        {
          allow: boolean,
          type: known('device type', ['a', 'b', 'c', '']),
          major: int('-1', '4294967295'),
          minor: int('-1', '4294967295'),
          access: text,
        },
        ['allow'],
      ),
    ),
    memory: object({
      limit,
      reservation: limit,
      swap: limit,
      kernel: limit,
      kernelTCP: limit,
      swappiness: uint64,
      disableOOMKiller: boolean,
      useHierarchy: boolean,
      checkBeforeUpdate: boolean,
    }),
    cpu: object({
      shares: uint64,
      quota: int64,
      burst: uint64,
      period: uint64,
      realtimeRuntime: int64,
      realtimePeriod: uint64,
      cpus: text,
      mems: text,
      idle: int('0', '1'),
    }),
    pids: object({ limit }),
    blockIO: object({
      weight: uint16,
      leafWeight: uint16,
      weightDevice: list(object({ major, minor, weight: uint16, leafWeight: uint16 }, ['major', 'minor'])),
      throttleReadBpsDevice: ref('throttles'),
      throttleWriteBpsDevice: ref('throttles'),
      throttleReadIOPSDevice: ref('throttles'),
      throttleWriteIOPSDevice: ref('throttles'),
    }),
    hugepageLimits: list(object({ pageSize: text, limit: uint64 }, ['pageSize', 'limit'])),
    network: object({ classID: uint32, priorities: list(object({ name: text, priority: uint32 }, ['name', 'priority'])) }),
    rdma: map(object({ hcaHandles: uint32, hcaObjects: uint32 })),
    unified: map(text),
  }),
};

const linux: Schema = object({
  namespaces: list(object({ type: known('namespace', namespaceTypes), path: text }, ['type'])),
  uidMappings: idMappings,
  gidMappings: idMappings,
  timeOffsets: object({ monotonic: ref('timeOffset'), boottime: ref('timeOffset') }),
  devices: list(
    object(
      {
        path: text,
        type: known('device type', ['c', 'b', 'u', 'p']),
        major,
        minor,
        // Engines copy the whole st_mode, type bits included.
        fileMode: int('0', '65535'),
        uid: id,
        gid: id,
      },
      ['path', 'type'],
    ),
  ),
  netDevices: map(object({ name: text })),
  cgroupsPath: text,
  resources: { $ref: 'resources' },
  intelRdt: object({ closID: text, schemata: texts, l3CacheSchema: text, memBwSchema: text, enableMonitoring: boolean }),
  memoryPolicy: object({
    mode: known('memory policy mode', memoryPolicyModes),
    nodes: text,
    flags: list(known('memory policy flag', memoryPolicyFlags)),
  }),
  sysctl: map(text),
  seccomp: object(
    {
      defaultAction: seccompAction,
      defaultErrnoRet: uint32,
      architectures: list(known('seccomp architecture', seccompArchitectures)),
      flags: list(known('seccomp flag', seccompFlags)),
      listenerPath: text,
      listenerMetadata: text,
      syscalls: list(
        object(
          {
            names: { ...list(text), minItems: 1 },
            action: seccompAction,
            errnoRet: uint32,
            args: list(
              object({ index: int('0', '5'), value: uint64, valueTwo: uint64, op: known('seccomp operator', seccompOperators) }, [
                'index',
                'value',
                'op',
              ]),
            ),
          },
          ['names', 'action'],
        ),
      ),
    },
    ['defaultAction'],
  ),
  rootfsPropagation: known('propagation', [...propagations, '']),
  maskedPaths: texts,
  readonlyPaths: texts,
  mountLabel: text,
  personality: object({ domain: known('personality', personalities), flags: texts }, ['domain']),
});

const config: Schema = {
  $id: 'config',
  ...object(
    {
      ociVersion: text,
      root: object({ path: text, readonly: boolean }, ['path']),
      mounts: list(
        object({ destination: text, type: text, source: text, options: texts, uidMappings: idMappings, gidMappings: idMappings }, [
          'destination',
        ]),
      ),
      process: { $ref: 'process' },
      hostname: text,
      domainname: text,
      hooks: object({
        prestart: ref('hooks'),
        createRuntime: ref('hooks'),
        createContainer: ref('hooks'),
        startContainer: ref('hooks'),
        poststart: ref('hooks'),
        poststop: ref('hooks'),
      }),
      annotations: map({ type: 'string' }),
      linux,
    },
    ['ociVersion', 'root'],
  ),
};

/** Every schema, by its `$id`; `config`, `process` and `resources` become validators. */
export const schemas = { definitions, process, resources, config } as const;
