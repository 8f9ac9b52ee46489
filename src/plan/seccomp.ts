import { TsrunError } from '../errors.js';
import type { SeccompRequest } from '../native.js';
import type { Seccomp, SeccompAction, SeccompArchitecture, SeccompFlag, SeccompOperator } from '../spec/types.js';
import type { Host } from './host.js';
import type { SeccompPlan } from './plan.js';

/** Return values of a filter (include/uapi/linux/seccomp.h); the low 16 bits of some are data. */
const ACTIONS: Readonly<Record<SeccompAction, { readonly value: number; readonly data: boolean }>> = {
  SCMP_ACT_KILL: { value: 0x00000000, data: false },
  SCMP_ACT_KILL_THREAD: { value: 0x00000000, data: false },
  SCMP_ACT_KILL_PROCESS: { value: 0x80000000, data: false },
  SCMP_ACT_TRAP: { value: 0x00030000, data: false },
  SCMP_ACT_ERRNO: { value: 0x00050000, data: true },
  SCMP_ACT_NOTIFY: { value: 0x7fc00000, data: false },
  SCMP_ACT_TRACE: { value: 0x7ff00000, data: true },
  SCMP_ACT_LOG: { value: 0x7ffc0000, data: false },
  SCMP_ACT_ALLOW: { value: 0x7fff0000, data: false },
};

const EPERM = 1;
const ENOSYS = 38;
const SECCOMP_RET_DATA = 0xffff;

/** enum scmp_compare (man 3 seccomp_rule_add). */
const OPERATORS: Readonly<Record<SeccompOperator, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};

/** AUDIT_ARCH_* (include/uapi/linux/audit.h), except x32, which is libseccomp's own word for a mode of x86_64. */
const ARCHITECTURES: Readonly<Record<SeccompArchitecture, number>> = {
  SCMP_ARCH_X86: 0x40000003,
  SCMP_ARCH_X86_64: 0xc000003e,
  SCMP_ARCH_X32: 0x4000003e,
  SCMP_ARCH_ARM: 0x40000028,
  SCMP_ARCH_AARCH64: 0xc00000b7,
  SCMP_ARCH_LOONGARCH64: 0xc0000102,
  SCMP_ARCH_M68K: 0x00000004,
  SCMP_ARCH_MIPS: 0x00000008,
  SCMP_ARCH_MIPS64: 0x80000008,
  SCMP_ARCH_MIPS64N32: 0xa0000008,
  SCMP_ARCH_MIPSEL: 0x40000008,
  SCMP_ARCH_MIPSEL64: 0xc0000008,
  SCMP_ARCH_MIPSEL64N32: 0xe0000008,
  SCMP_ARCH_PPC: 0x00000014,
  SCMP_ARCH_PPC64: 0x80000015,
  SCMP_ARCH_PPC64LE: 0xc0000015,
  SCMP_ARCH_S390: 0x00000016,
  SCMP_ARCH_S390X: 0x80000016,
  SCMP_ARCH_SH: 0x4000002a,
  SCMP_ARCH_SHEB: 0x0000002a,
  SCMP_ARCH_PARISC: 0x0000000f,
  SCMP_ARCH_PARISC64: 0x8000000f,
  SCMP_ARCH_RISCV64: 0xc00000f3,
};

/** man 2 seccomp. TSYNC is nothing to a process with one thread. */
const FLAGS: Readonly<Record<SeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG: 1 << 1,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 1 << 2,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 1 << 5,
};

const NEW_LISTENER = 1 << 3;

/** System calls that tsrun-init makes between a filter that is loaded before the last fork and the program (native/seccomp/allows.cc). */
const CALLS: readonly string[] = ['capset', 'clone', 'write', 'exit_group', 'setsid', 'execve'];

/** What else a process does in between. */
export interface Between {
  /** It takes the terminal of its session. */
  readonly terminal: boolean;
  /** It waits to be started. */
  readonly waits: boolean;
  /** It runs startContainer hooks. */
  readonly hooks: boolean;
}

/** Those that a filter must let through to come before the last fork. */
export function callsAfter(seccomp: SeccompPlan, { terminal, waits, hooks }: Between): string[] {
  return [
    ...CALLS,
    ...(terminal ? ['ioctl'] : []),
    ...(waits ? ['mmap', 'recvfrom', 'close', 'accept4'] : []),
    ...(hooks ? ['mmap', 'close', 'ioctl', 'hook'] : []),
    ...(seccomp.listener === null ? [] : ['sendmsg', 'close']),
  ];
}

/** Changes whenever the same request would be compiled to another filter. */
const FORMAT = 1;

/**
 * Names in all rules together. The kernel has some 500 system calls, and a filter 4096 instructions (BPF_MAXINSNS,
 * include/uapi/linux/bpf_common.h), of which a condition takes at least one. libseccomp compares each rule with all that it has of the
 * same call: a hundred thousand keep it busy for minutes.
 */
const MOST_NAMES = 16_384;

function checkLength(syscalls: Seccomp['syscalls'] = []): void {
  const count = syscalls.reduce((sum, { names }) => sum + names.length, 0);
  if (count > MOST_NAMES)
    throw new TsrunError(
      `/linux/seccomp/syscalls: more than a filter has room for: ${count} names of system calls in ${syscalls.length} rules`,
    );
}

/** What the config's `linux.seccomp` asks of libseccomp and of seccomp(2). */
export function planSeccomp(seccomp: Seccomp, host: Host): SeccompPlan {
  checkLength(seccomp.syscalls);
  const defaultAction = action(seccomp.defaultAction, seccomp.defaultErrnoRet, '/linux/seccomp/defaultAction');
  let notifies = seccomp.defaultAction === 'SCMP_ACT_NOTIFY';
  const rules = (seccomp.syscalls ?? []).map((rule, index) => {
    const pointer = `/linux/seccomp/syscalls/${index}`;
    notifies ||= rule.action === 'SCMP_ACT_NOTIFY';
    return {
      action: action(rule.action, rule.errnoRet, `${pointer}/action`),
      names: rule.names,
      args: (rule.args ?? []).map((arg, at) => ({
        index: arg.index,
        op: known(OPERATORS, arg.op, `${pointer}/args/${at}/op`),
        value: unsigned(arg.value),
        valueTwo: unsigned(arg.valueTwo ?? 0),
      })),
    };
  });
  const request: SeccompRequest = {
    defaultAction,
    architectures: (seccomp.architectures ?? []).map((each, index) => known(ARCHITECTURES, each, `/linux/seccomp/architectures/${index}`)),
    rules,
    unknownIsEnosys: hidesNewCalls(seccomp),
  };
  const listenerPath = seccomp.listenerPath ?? '';
  if (notifies && listenerPath === '') throw new TsrunError('/linux/seccomp/listenerPath: needed by SCMP_ACT_NOTIFY');
  return {
    key: `${FORMAT} ${host.architecture} ${JSON.stringify(request)}`,
    request,
    flags: filterFlags(seccomp.flags, notifies),
    mayBlockReport: !allows(seccomp, 'write') || !allows(seccomp, 'exit_group'),
    listener: notifies ? { path: listenerPath, metadata: seccomp.listenerMetadata ?? '' } : null,
  };
}

/**
 * A C library tries a new system call and takes the old way on ENOSYS, but gives up on EPERM. A profile that does not know
 * the call must not answer for it, unless what it says to everything unknown is harmless.
 */
function hidesNewCalls({ defaultAction, defaultErrnoRet }: Seccomp): boolean {
  if (defaultAction === 'SCMP_ACT_ALLOW' || defaultAction === 'SCMP_ACT_LOG' || defaultAction === 'SCMP_ACT_TRACE') return false;
  return !(defaultAction === 'SCMP_ACT_ERRNO' && defaultErrnoRet === ENOSYS);
}

/** Whether a profile lets a system call be for certain, whatever its arguments. */
function allows({ defaultAction, syscalls = [] }: Seccomp, name: string): boolean {
  const passes = (action: SeccompAction): boolean => action === 'SCMP_ACT_ALLOW' || action === 'SCMP_ACT_LOG';
  const rules = syscalls.filter(({ names }) => names.includes(name));
  if (!rules.every((rule) => passes(rule.action))) return false;
  return passes(defaultAction) || rules.some((rule) => (rule.args ?? []).length === 0);
}

function filterFlags(flags: readonly SeccompFlag[] | undefined, notifies: boolean): number {
  let bits = 0;
  // Without any word about it, no slower than without a filter: as runc has it.
  for (const flag of flags ?? ['SECCOMP_FILTER_FLAG_SPEC_ALLOW' as const]) bits |= known(FLAGS, flag, '/linux/seccomp/flags');
  // The kernel takes this one together with a listener only.
  if (!notifies) return bits & ~FLAGS.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  return bits | NEW_LISTENER;
}

function action(name: SeccompAction, errnoRet: number | undefined, pointer: string): number {
  const { value, data } = known(ACTIONS, name, pointer);
  if (!data) {
    if (errnoRet !== undefined && errnoRet !== 0) throw new TsrunError(`${pointer}: ${name} returns no errno, but one is given`);
    return value;
  }
  const returned = errnoRet ?? EPERM;
  if (returned > SECCOMP_RET_DATA) throw new TsrunError(`${pointer}: ${returned} is no errno`);
  return value + returned;
}

function known<K extends string, V>(table: Readonly<Record<K, V>>, name: K, pointer: string): V {
  if (!Object.hasOwn(table, name)) throw new TsrunError(`${pointer}: unknown, is "${name}"`);
  return table[name];
}

// libseccomp compares unsigned 64-bit numbers; -1 is every bit.
function unsigned(value: number | bigint): string {
  return value < 0 ? String(BigInt.asUintN(64, BigInt(value))) : String(value);
}
