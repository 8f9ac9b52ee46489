import {
  ioClasses,
  namespaceTypes,
  personalities,
  propagations,
  rlimitTypes,
  schedulerFlags,
  schedulerPolicies,
  seccompActions,
  seccompArchitectures,
  seccompFlags,
  seccompOperators,
} from './words.js';

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
    // Their words are checked where runc's own for a wrong one can be said (rules/memory-policy.ts).
    mode: text,
    nodes: text,
    flags: texts,
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
