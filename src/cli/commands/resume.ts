import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';

export const definition: Definition = {
  name: 'resume',
  summary: 'let a paused container go on',
  description: ['Its processes go on where they were stopped; also those of a container whose cgroup something else has frozen.'],
  arguments: [container],
  flags: [],
  examples: [{ words: 'resume web', does: 'let the container web go on' }],
};

export async function action(call: Call): Promise<number> {
  const { resume } = await import('../../lifecycle/resume.js');
  resume({ ...call.container(), warn: call.warn });
  return 0;
}
