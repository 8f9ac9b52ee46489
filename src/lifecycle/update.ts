/** `update`: other limits for a container that is there. */
import { changeResources } from '../cgroups/change.js';
import { changeProperties } from '../cgroups/systemd.js';
import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import { planResources } from '../plan/cgroups.js';
import { updateResources } from '../plan/resources/update.js';
import { resourceProperties, restoringProperties } from '../plan/systemd/properties.js';
import { formatJson, parseJson } from '../spec/json.js';
import type { Resources, Spec } from '../spec/types.js';
import { checkResources, checkUpdatedResources, warningsOfResources } from '../spec/validate.js';
import { isAlive } from '../state/status.js';
import { lockStateDirectory, readSavedConfig, readState, writeSavedConfig, type ContainerState } from '../state/store.js';
import type { UpdateOptions } from './options.js';

export type { UpdateOptions } from './options.js';

/** Bytes of a resources file. */
const LARGEST_RESOURCES = 32 << 20;

/**
 * Changes the limits of a container that is created, running or paused, and what is saved of them: the next update counts from
 * there. Devices are left alone. Everything is checked before anything is written; what the kernel refuses changes nothing.
 */
export function update({ root, id, resources, warn }: UpdateOptions): void {
  // Standard input may take its time: the container is not locked meanwhile.
  readState(root, id);
  const given = checkResources('file' in resources ? readResources(resources.file) : resources);
  for (const warning of warningsOfResources(given)) warn(warning);
  const directory = lockStateDirectory(root, id);
  try {
    const state = readState(root, id);
    // Nobody is at work on it: the lock is ours.
    if (!isAlive(state)) throw new TsrunError('container not running');
    const spec = parseJson(readSavedConfig(root, id), 'config.json') as Spec;
    const current = spec.linux?.resources ?? {};
    const { merged, change } = updateResources(current, given);
    checkUpdatedResources(merged);
    const undo = apply(state, change, current, warn);
    try {
      writeSavedConfig(directory.path, formatJson({ ...spec, linux: { ...spec.linux, resources: merged } }));
    } catch (error) {
      undo();
      throw error;
    }
  } finally {
    native().close(directory.lock);
  }
}

function readResources(file: string): unknown {
  if (file === '-') return parseJson(native().read(0, LARGEST_RESOURCES), 'standard input');
  return parseJson(native().readFile(file, LARGEST_RESOURCES), file);
}

/** @returns takes it back */
function apply({ cgroup, unit }: ContainerState, change: Resources, current: Resources, warn: UpdateOptions['warn']): () => void {
  const controllers = cgroup === '' ? null : native().readFile(`${cgroup}/cgroup.controllers`, 4096).trim().split(' ').filter(Boolean);
  const { writes, warnings } = planResources(change, controllers, `the cgroup ${cgroup}`);
  for (const warning of warnings) warn(warning);
  const [first] = writes;
  if (first === undefined) return () => undefined;
  if (cgroup === '') throw new TsrunError(`${first.pointer}: cannot set limits without cgroups: the container has none of its own`);
  const undo = changeResources(cgroup, writes);
  if (unit === undefined) return undo;
  // The unit's own cgroup is above: its limits hold too.
  try {
    const properties = resourceProperties(change);
    const undoUnit = changeProperties(unit, properties, restoringProperties(properties, current));
    return () => {
      undoUnit();
      undo();
    };
  } catch (error) {
    undo();
    throw error;
  }
}
