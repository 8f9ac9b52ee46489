/** Annotations about the container's unit: `org.systemd.property.NAME` as under runc and crun, `run.oci.systemd.subgroup` as under crun. */
import { TsrunError } from '../../errors.js';
import type { UnitProperty } from '../plan.js';
import type { BusVariant } from './value.js';
import { parseVariant } from './variant.js';

type Annotations = Readonly<Record<string, string>>;

const PREFIX = 'org.systemd.property.';

/** Which processes are in the unit is not the config's business: it would draw in others. */
const OURS = new Set(['PIDs', 'PIDFDs']);

/**
 * What acts on other units of the host, on the host itself, or runs programs (systemd.unit(5), systemd.exec(5)): an annotation often comes
 * from whoever may name an image, and would act as root. Devices and the place in the tree are the config's to say, in its own words.
 */
const FOREIGN =
  /^(Exec.*|Wants|Requires|Requisite|BindsTo|PartOf|Upholds|Conflicts|JoinsNamespaceOf|On(Success|Failure).*|.*(Action|ActionExitStatus|RebootArgument)|(Propagates|StopPropagated).*|RequiresMountsFor|WantsMountsFor|Triggers|Device(Allow|Policy)|BPFProgram|.*FilterPath|Slice|Delegate.*|User|Group)$/;

/** Times are documented as NAMESec and called NAMEUSec on the bus. */
function microseconds({ type, value }: BusVariant, what: string): BusVariant {
  const amount = typeof value === 'bigint' || typeof value === 'number' ? value : null;
  if (amount === null || amount < 0) throw new TsrunError(`${what}: must be a number of seconds`);
  const exact = typeof amount === 'bigint' ? amount * 1_000_000n : BigInt(Math.trunc(amount * 1_000_000));
  if (exact >= 2n ** 64n || type === 'b') throw new TsrunError(`${what}: is too large`);
  return { type: 't', value: exact };
}

/** The properties that the annotations give, in their order. */
export function annotatedProperties(annotations: Annotations): readonly UnitProperty[] {
  return Object.entries(annotations).flatMap(([key, text]) => {
    if (!key.startsWith(PREFIX)) return [];
    const name = key.slice(PREFIX.length);
    const what = `/annotations/${key}`;
    if (!/^[A-Za-z]{3,}$/.test(name)) throw new TsrunError(`${what}: the name of a property has three letters at least, and nothing else`);
    if (OURS.has(name)) throw new TsrunError(`${what}: cannot be set`);
    if (FOREIGN.test(name)) throw new TsrunError(`${what}: reaches beyond the container's unit`);
    const value = parseVariant(text, `annotation ${key}`);
    if (/[a-z]Sec$/.test(name)) return [{ name: `${name.slice(0, -'Sec'.length)}USec`, ...microseconds(value, what) }];
    return [{ name, ...value }];
  });
}

/** The name of the container's cgroup below that of its unit; empty: none of its own. */
export function subgroup(annotations: Annotations): string {
  const key = 'run.oci.systemd.subgroup';
  const name = annotations[key] ?? 'container';
  // a path of several would need controllers in each
  if (name === '.' || name === '..' || /[/\0\n]/.test(name) || name.length > 255) {
    throw new TsrunError(`/annotations/${key}: must be the name of one directory, is ${JSON.stringify(name)}`);
  }
  return name;
}
