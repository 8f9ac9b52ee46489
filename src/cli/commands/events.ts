import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { parseDuration } from '../duration.js';
import { print, ReaderGone } from '../output.js';
import { UsageError } from '../usage.js';

export const definition: Definition = {
  name: 'events',
  summary: 'show what a container uses, and when it runs out of memory',
  description: [
    'Prints a line of JSON every interval: times of the cpu in nanoseconds, memory, processes, block devices, huge pages, and pressure (PSI). A line of the type "oom" says at once that the kernel has ended a process of the container for want of memory.',
    'Ends with the last process of the container.',
  ],
  arguments: [container],
  flags: [
    { name: 'interval', value: 'DURATION', help: 'time between two lines, such as 500ms or 1m30s (default: 5s)' },
    { name: 'stats', help: 'print one line and end' },
  ],
  examples: [
    { words: 'events --stats web', does: 'show what the container web uses now' },
    { words: 'events --interval 1s web', does: 'show it every second' },
  ],
};

function interval(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(`invalid value "${text}" for flag -interval: ${words}`);
  }
}

export async function action(call: Call): Promise<number> {
  const options = { ...call.container(), interval: interval(call.text('interval') ?? '5s'), warn: call.warn };
  const { checkInterval, events, statistics } = await import('../../lifecycle/events.js');
  const { eventLine } = await import('../event.js');
  checkInterval(options);
  if (call.on('stats')) {
    print(eventLine({ type: 'stats', id: options.id, statistics: statistics(options) }));
    return 0;
  }
  try {
    for (const event of events(options)) print(eventLine(event));
  } catch (error) {
    // who read it has seen enough
    if (!(error instanceof ReaderGone)) throw error;
  }
  return 0;
}
