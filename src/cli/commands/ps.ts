import { TsrunError } from '../../errors.js';
import { native } from '../../native.js';
import { container } from '../arguments.js';
import type { Call } from '../call.js';
import type { Definition } from '../command.js';
import { print } from '../output.js';

export const definition: Definition = {
  name: 'ps',
  summary: "show a container's processes",
  description: [
    'Shows what ps(1) knows of the processes in the container. What follows the container is passed to ps; its output must have a PID column.',
  ],
  arguments: [container, { name: 'OPTION', help: 'options for ps (default: -ef)', optional: true, rest: true }],
  passThrough: true,
  flags: [{ name: 'format', short: 'f', value: 'FORMAT', choices: ['table', 'json'], help: 'table or json (default: table)' }],
  examples: [
    { words: 'ps web', does: 'show the processes of the container web' },
    { words: 'ps web -o pid,rss,args', does: 'choose the columns' },
    { words: 'ps --format json web', does: 'only the process ids' },
  ],
};

/** The header and the lines of ps(1) whose process is one of `pids`. */
export function filterTable(table: string, pids: readonly number[]): string {
  const [header = '', ...lines] = table.split('\n');
  const column = header.trim().split(/\s+/).indexOf('PID');
  if (column < 0) throw new TsrunError("couldn't find PID field in ps output");
  const wanted = new Set(pids.map(String));
  const kept = lines.filter((line) => wanted.has(line.trim().split(/\s+/)[column] ?? ''));
  return [header, ...kept].map((line) => `${line}\n`).join('');
}

/** ps(1) as the shell would find it. */
export function findProgram(name: string, path: string): string {
  for (const directory of path.split(':')) {
    // an empty or relative element would take it from wherever we stand
    if (!directory.startsWith('/')) continue;
    const file = `${directory}/${name}`;
    const status = native().stat(file);
    if (status?.kind === 'file' && (status.mode & 0o111) !== 0) return file;
  }
  throw new TsrunError(`exec: "${name}": executable file not found in $PATH`);
}

export async function action(call: Call): Promise<number> {
  const { pids } = await import('../../lifecycle/ps.js');
  const found = pids(call.container());
  if (call.text('format') === 'json') {
    print(`${JSON.stringify(found)}\n`);
    return 0;
  }
  const options = call.args.slice(1);
  const program = findProgram('ps', call.variable('PATH') ?? '/usr/bin:/bin');
  print(filterTable(native().output(program, options.length === 0 ? ['-ef'] : options), found));
  return 0;
}
