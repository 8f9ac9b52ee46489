import type { Step } from './steps.js';

/** What of a step says which one it is. Never a value that may be secret, as a program's arguments and environment are. */
const TELLING = [
  'destination',
  'path',
  'kind',
  'index',
  'what',
  'name',
  'list',
  'slot',
  'flags',
  'profile',
  'label',
  'resource',
  'uid',
] as const;

/** `mount /proc new`: for people who follow a plan as it is carried out. */
export function stepName(step: Step): string {
  const words: string[] = [step.op];
  for (const name of TELLING) {
    const value = (step as unknown as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'number') words.push(name === 'flags' ? `0x${value.toString(16)}` : `${name} ${value}`);
    else if (typeof value === 'string' && value !== '') words.push(value);
  }
  return words.join(' ');
}
