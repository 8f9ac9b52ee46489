import type { Plan } from '../../../src/plan/plan.js';
import type { Step } from '../../../src/plan/steps.js';

/** One line: the op, its texts, then what else is not 0, false or empty, by name; flag words in hexadecimal. */
export function renderStep(step: Step): string {
  const words: string[] = [step.op];
  const named: string[] = [];
  for (const [name, value] of Object.entries(step)) {
    if (name === 'op') continue;
    const text = renderValue(name, value);
    if (text === undefined) continue;
    if (typeof value === 'string' && !/^\d+$/.test(value)) words.push(text);
    else named.push(`${name}=${text}`);
  }
  return [...words, ...named].join(' ');
}

const FLAGS = ['flag', 'flags', 'set', 'clear', 'replace', 'setRecursive', 'clearRecursive', 'propagation'];

const CAPABILITIES = ['effective', 'permitted', 'inheritable', 'ambient'];

function renderValue(name: string, value: unknown): string | undefined {
  if (value === (name === 'tree' ? -1 : 0) || value === false || value === '') return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : `[${value.map((item) => renderItem(name, item)).join(' ')}]`;
  return renderItem(name, value);
}

function renderItem(name: string, value: unknown): string {
  if (typeof value === 'number' && FLAGS.includes(name)) return `0x${value.toString(16)}`;
  if (typeof value === 'string' && (CAPABILITIES.includes(name) || name === 'set')) return `0x${BigInt(value).toString(16)}`;
  if (name === 'mode') return `0${Number(value).toString(8)}`;
  return String(value).replaceAll('\n', '\\n');
}

/** The whole plan, a line a thing. */
export function renderPlan(plan: Plan): string {
  return [
    ...plan.slots.map((slot) => `slot ${Object.values(slot).join(' ')}`),
    ...plan.trees.map((tree, number) => `tree ${number}: ${tree.source} on ${tree.destination}`),
    `clone 0x${plan.cloneFlags.toString(16)}`,
    ...(plan.idMaps === null ? [] : [`uidMap ${plan.idMaps.uidMap.trim()}; gidMap ${plan.idMaps.gidMap.trim()}`]),
    ...(plan.cgroup === null ? [] : renderCgroup(plan.cgroup)),
    ...(plan.oomScoreAdj === null ? [] : [`oomScoreAdj ${plan.oomScoreAdj}`]),
    ...plan.hostLimits.map((limit) => `hostLimit ${limit.resource} ${limit.soft} ${limit.hard}`),
    ...plan.warnings.map((warning) => `warning ${warning}`),
    '',
    ...plan.steps.map(renderStep),
    '',
  ].join('\n');
}

function renderCgroup(cgroup: NonNullable<Plan['cgroup']>): string[] {
  const filter = cgroup.deviceFilter === null ? 'every device' : 'a device filter';
  return [`cgroup ${cgroup.path} with ${filter}`, ...cgroup.writes.map(({ file, value }) => `cgroup ${file} = ${value}`)];
}
