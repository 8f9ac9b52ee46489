import type { Call } from '../call.js';
import type { Definition } from '../command.js';

export const definition: Definition = {
  name: 'top',
  summary: 'show what running containers use',
  description: [
    'Shows processor time, memory, io, processes, pressure and throttling of the running and paused containers, or of those named, and the last minutes of it as graphs. The keys are explained by ?.',
    'Where stdin and stdout are no terminal, and with --format plain or json, one sample is printed after one interval, and more with --count. A line of JSON has the time (RFC 3339), the seconds since the sample before, and the containers; what cannot be known, for want of a cgroup, a controller or an earlier sample, is null.',
    'The environment variable NO_COLOR is respected. Where the locale is not UTF-8, graphs are drawn in ASCII.',
  ],
  arguments: [{ name: 'ID', help: "the containers' names", optional: true, rest: true, complete: 'container' }],
  flags: [
    { name: 'interval', short: 'i', value: 'DURATION', help: 'time between two samples, like 500ms or 1m (default: 1s)' },
    { name: 'count', short: 'n', value: 'N', number: true, help: 'end after N samples; 0: never (default: never on a terminal, else 1)' },
    { name: 'once', help: 'print one sample and end: --format plain --count 1' },
    {
      name: 'sort',
      short: 's',
      value: 'KEY',
      choices: ['cpu', 'memory', 'io', 'pids', 'pressure', 'id'],
      help: 'order of the containers (default: cpu)',
    },
    { name: 'reverse', short: 'r', help: 'the other way round' },
    {
      name: 'format',
      short: 'f',
      value: 'FORMAT',
      choices: ['table', 'plain', 'json'],
      help: 'table, plain or json (default: table, a live view, on a terminal, else plain)',
    },
  ],
  examples: [
    { words: 'top', does: 'watch all running containers' },
    { words: 'top --sort memory web worker', does: 'watch two of them' },
    { words: 'top --once', does: 'print what is used now, and end' },
    { words: 'top --format json --interval 10s --count 0', does: 'a line of JSON every ten seconds' },
  ],
};

export async function action(call: Call): Promise<number> {
  const { top } = await import('../top/top.js');
  return top(call);
}
