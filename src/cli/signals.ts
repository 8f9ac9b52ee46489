import { TsrunError } from '../errors.js';

/** signal(7), the numbers of x86 and ARM. */
const numbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
};

/** The C library keeps 32 and 33 for itself: its SIGRTMIN is 34, and programs mean that one. */
const realtimeMin = 34;
const realtimeMax = 64;

/** Names without SIG, for completion. */
export const signalNames: readonly string[] = Object.keys(numbers);

function realtime(name: string): number | undefined {
  const match = /^RT(?:MIN(?:\+(\d{1,2}))?|MAX(?:-(\d{1,2}))?)$/.exec(name);
  if (match === null) return undefined;
  const number = name.startsWith('RTMIN') ? realtimeMin + Number(match[1] ?? 0) : realtimeMax - Number(match[2] ?? 0);
  return number >= realtimeMin && number <= realtimeMax ? number : undefined;
}

/** A signal by number or name: `9`, `KILL`, `SIGKILL`, `sigrtmin+3`. 0 is one too: it only asks whether there is a process. */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && number <= realtimeMax) return number;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const found = Object.hasOwn(numbers, name) ? numbers[name] : realtime(name);
  if (found === undefined) throw new TsrunError(`unknown signal "${text}"`);
  return found;
}
