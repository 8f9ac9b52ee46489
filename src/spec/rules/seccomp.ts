import { each } from '../each.js';
import { mustBeAbsolute, refuse, show } from '../problem.js';
import type { Seccomp, SeccompAction } from '../types.js';

/** The largest value each action can return: an errno, or a tracer's message (man 2 seccomp, SECCOMP_RET_DATA). */
const LARGEST: Readonly<Partial<Record<SeccompAction, number>>> = { SCMP_ACT_ERRNO: 4095, SCMP_ACT_TRACE: 65535 };

export function checkSeccomp(seccomp: Seccomp): void {
  checkErrno(seccomp.defaultAction, seccomp.defaultErrnoRet, '/linux/seccomp/defaultErrnoRet');
  each(seccomp.syscalls, ({ names, action, errnoRet }, index) => {
    const pointer = `/linux/seccomp/syscalls/${index}`;
    checkErrno(action, errnoRet, `${pointer}/errnoRet`);
    const empty = names.indexOf('');
    if (empty >= 0) refuse(`${pointer}/names/${empty}`, 'must not be empty');
  });
  checkListener(seccomp);
}

/** Somebody must take the questions, and what is said to them is for somebody. */
function checkListener(seccomp: Seccomp): void {
  const { listenerPath = '', listenerMetadata = '' } = seccomp;
  if (listenerPath !== '') mustBeAbsolute(listenerPath, '/linux/seccomp/listenerPath');
  else if (notifies(seccomp)) refuse('/linux/seccomp/listenerPath', 'is required with SCMP_ACT_NOTIFY');
  else if (listenerMetadata !== '') refuse('/linux/seccomp/listenerPath', 'is required beside listenerMetadata');
}

function notifies({ defaultAction, syscalls = [] }: Seccomp): boolean {
  return defaultAction === 'SCMP_ACT_NOTIFY' || syscalls.some(({ action }) => action === 'SCMP_ACT_NOTIFY');
}

export function warnAboutSeccomp(seccomp: Seccomp, warnings: string[]): void {
  if (notifies(seccomp)) return;
  each(seccomp.flags, (flag, index) => {
    // The kernel takes it for filters with a listener only.
    if (flag === 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV') warnings.push(`/linux/seccomp/flags/${index}: ignored without SCMP_ACT_NOTIFY`);
  });
}

function checkErrno(action: SeccompAction, value: number | undefined, pointer: string): void {
  if (value === undefined) return;
  const largest = LARGEST[action];
  if (largest === undefined) refuse(pointer, `is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE only, not for ${action}`);
  if (value > largest) refuse(pointer, `must be at most ${largest} for ${action}, is ${show(value)}`);
}
