import { TsrunError } from '../../errors.js';
import type { UpdateOptions } from '../../lifecycle/update.js';
import type { Integer, Resources } from '../../spec/types.js';
import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { parseInteger, parseSize } from '../sizes.js';

export const definition: Definition = {
  name: 'update',
  summary: 'change the limits of a container',
  description: [
    'What is not given stays as it is; devices always do. Sizes may have a unit (64m, 1.5g); -1 is no limit.',
    'A file given with --resources holds the OCI resources object, and all other flags for limits are ignored then.',
  ],
  arguments: [container],
  flags: [
    { name: 'resources', short: 'r', value: 'FILE', complete: 'file', help: 'a file with OCI resources as JSON; - is standard input' },
    { name: 'blkio-weight', value: 'N', number: true, help: 'weight of its input and output, 10 to 1000' },
    { name: 'cpu-period', value: 'USEC', help: 'length of the periods that --cpu-quota counts in, in microseconds' },
    { name: 'cpu-quota', value: 'USEC', help: 'processor time in each period, in microseconds' },
    { name: 'cpu-burst', value: 'USEC', help: 'processor time that may be saved up for a later period, in microseconds' },
    { name: 'cpu-share', value: 'N', help: 'share of the processors beside other containers (1024 is the normal one)' },
    { name: 'cpu-rt-period', value: 'USEC', help: 'without effect: cgroup v2 has no real-time limits' },
    { name: 'cpu-rt-runtime', value: 'USEC', help: 'without effect: cgroup v2 has no real-time limits' },
    { name: 'cpuset-cpus', value: 'LIST', help: 'processors that it may use: 0-2,5' },
    { name: 'cpuset-mems', value: 'LIST', help: 'memory nodes that it may use' },
    { name: 'cpu-idle', value: '0|1', help: '1: it runs only when nothing else wants to' },
    { name: 'memory', value: 'SIZE', help: 'limit of its memory' },
    { name: 'memory-reservation', value: 'SIZE', help: 'memory that is taken from it last' },
    { name: 'memory-swap', value: 'SIZE', help: 'limit of memory and swap together' },
    { name: 'pids-limit', value: 'N', help: 'how many processes it may have' },
    { name: 'l3-cache-schema', value: 'SCHEMA', help: 'cache allocation by Intel RDT; refused, not supported yet' },
    { name: 'mem-bw-schema', value: 'SCHEMA', help: 'memory bandwidth by Intel RDT; refused, not supported yet' },
    { name: 'kernel-memory', value: 'SIZE', help: 'without effect', hidden: true },
    { name: 'kernel-memory-tcp', value: 'SIZE', help: 'without effect', hidden: true },
  ],
  examples: [
    { words: 'update --memory 64m --memory-swap 128m web', does: 'limit the memory of the container web' },
    { words: 'update --cpu-quota 50000 --cpu-period 100000 web', does: 'give it half a processor' },
    { words: 'update --resources - web', does: 'limits as an OCI resources object on standard input' },
  ],
};

/** Leaves out what was not given. */
function section<T extends object>(values: T): T | undefined {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as T);
}

/** The flags for limits as OCI resources; an empty value is not given. */
function resourcesOf(call: Call): Resources {
  const text = (name: string): string | undefined => (call.text(name) === '' ? undefined : call.text(name));
  const read = (name: string, parse: (text: string, flag: string) => Integer): Integer | undefined => {
    const given = text(name);
    return given === undefined ? undefined : parse(given, name);
  };
  const number = (name: string): Integer | undefined => read(name, (given, flag) => parseInteger(given, flag, false));
  const signed = (name: string): Integer | undefined => read(name, (given, flag) => parseInteger(given, flag, true));
  const size = (name: string): Integer | undefined => read(name, parseSize);
  const idle = number('cpu-idle');
  const sections = {
    memory: section({
      limit: size('memory'),
      reservation: size('memory-reservation'),
      swap: size('memory-swap'),
      kernel: size('kernel-memory'),
      kernelTCP: size('kernel-memory-tcp'),
    }),
    cpu: section({
      shares: number('cpu-share'),
      quota: signed('cpu-quota'),
      burst: number('cpu-burst'),
      period: number('cpu-period'),
      realtimeRuntime: signed('cpu-rt-runtime'),
      realtimePeriod: number('cpu-rt-period'),
      cpus: text('cpuset-cpus'),
      mems: text('cpuset-mems'),
      idle: idle === undefined ? undefined : Number(idle),
    }),
    pids: section({ limit: signed('pids-limit') }),
    blockIO: section({ weight: call.number('blkio-weight') }),
  };
  return section(sections) ?? {};
}

function refuseRdt(call: Call): void {
  if ((call.text('l3-cache-schema') ?? '') !== '')
    throw new TsrunError('Intel RDT/CAT: l3 cache schema is not enabled: --l3-cache-schema is not supported yet');
  if ((call.text('mem-bw-schema') ?? '') !== '')
    throw new TsrunError('Intel RDT/MBA: memory bandwidth schema is not enabled: --mem-bw-schema is not supported yet');
}

export function updateOptions(call: Call): UpdateOptions {
  refuseRdt(call);
  const file = call.text('resources') ?? '';
  const path = file === '-' ? file : call.path('resources');
  return { ...call.container(), resources: file === '' ? resourcesOf(call) : { file: path ?? file }, warn: call.warn };
}

export async function action(call: Call): Promise<number> {
  const options = updateOptions(call);
  const { update } = await import('../../lifecycle/update.js');
  update(options);
  return 0;
}
