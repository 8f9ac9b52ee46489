/** The systemd unit of a container: its name, where it is, and all its properties but the processes. */
import type { Spec } from '../spec/types.js';
import type { Host } from './host.js';
import type { UnitPlan, UnitProperty } from './plan.js';
import { annotatedProperties, subgroup } from './systemd/annotations.js';
import { deviceProperties } from './systemd/devices.js';
import { creationProperties, resourceProperties } from './systemd/properties.js';
import { expandSlice, unitName } from './systemd/unit.js';

const on = (name: string): UnitProperty => ({ name, type: 'b', value: true });

/** What a scope of ours is like, whatever the config says. */
function basicProperties(slice: string): UnitProperty[] {
  return [
    { name: 'Slice', type: 's', value: slice },
    // what is below the unit's cgroup is ours
    on('Delegate'),
    // not stopped with the basic system, before those who use it
    { name: 'DefaultDependencies', type: 'b', value: false },
    // a unit that fails goes too: nothing waits for a reset
    { name: 'CollectMode', type: 's', value: 'inactive-or-failed' },
    on('MemoryAccounting'),
    on('CPUAccounting'),
    on('IOAccounting'),
    on('TasksAccounting'),
  ];
}

/** Without those that a later list names again; within one list a name may come twice (an empty DeviceAllow, then a full one). */
function overridden(...lists: readonly (readonly UnitProperty[])[]): UnitProperty[] {
  return lists.flatMap((list, index) => {
    const later = new Set(lists.slice(index + 1).flatMap((other) => other.map(({ name }) => name)));
    return list.filter(({ name }) => !later.has(name));
  });
}

/** An ordinary user, or root of a user namespace with a user's bus at hand, has a service manager of its own. */
function hasOwnManager(host: Host): boolean {
  return host.inUserNamespace ? host.userBus === true : host.euid !== 0;
}

export interface UnitAndPath {
  readonly unit: UnitPlan;
  /** The container's cgroup below that of the service manager. */
  readonly path: string;
}

/** Throws for names and annotations that systemd would not take. */
export function planUnit(spec: Spec, id: string, host: Host): UnitAndPath {
  const annotations = spec.annotations ?? {};
  const resources = spec.linux?.resources ?? {};
  const user = hasOwnManager(host);
  const { name, slice } = unitName(spec.linux?.cgroupsPath ?? '', id, user);
  const properties = overridden(
    basicProperties(slice),
    [...deviceProperties(resources.devices ?? []), ...resourceProperties(resources), ...creationProperties(resources)],
    annotatedProperties(annotations),
  );
  const group = subgroup(annotations);
  return {
    unit: { name, slice, user, subgroup: group, properties },
    path: `${expandSlice(slice)}/${name}${group === '' ? '' : `/${group}`}`,
  };
}
