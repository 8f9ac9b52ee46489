/** `linux.devices` and the devices that every container has: nodes that are made, taken from the host, or must be there. */
import { TsrunError } from '../errors.js';
import type { Device, Spec } from '../spec/types.js';
import { cleanPath } from '../spec/paths.js';
import { parseMountOptions } from './mount-options.js';
import type { MountContext } from './mounts.js';
import { hostId } from './namespaces.js';
import type { NodePlan } from './plan.js';
import type { Step } from './steps.js';

export interface DevicesPlan {
  readonly steps: readonly Step[];
  /** What the runtime makes. */
  readonly made: readonly NodePlan[];
  /** The container has a /dev from outside. */
  readonly bound: boolean;
}

type DeviceStep = Extract<Step, { op: 'device' }>;
type NodeStep = DeviceStep & { readonly type: 'c' | 'b' };

/** Devices every container has (OCI runtime-spec, config-linux.md, "Default Devices"); Documentation/admin-guide/devices.txt. */
const DEFAULT_DEVICES: readonly NodeStep[] = (
  [
    ['/dev/null', 1, 3],
    ['/dev/zero', 1, 5],
    ['/dev/full', 1, 7],
    ['/dev/random', 1, 8],
    ['/dev/urandom', 1, 9],
    ['/dev/tty', 5, 0],
  ] as const
).map(([path, major, minor]) => ({ op: 'device', path, type: 'c', major, minor, mode: 0o666, uid: 0, gid: 0, found: false }));

/** Whoever binds a /dev of their own gets it as it is. */
function bindsDev(spec: Spec): boolean {
  return (spec.mounts ?? []).some(
    (mount) => cleanPath(mount.destination) === '/dev' && (mount.type === 'bind' || parseMountOptions(mount.options ?? []).bind !== null),
  );
}

/**
 * The devices after all mounts. A user namespace makes no device nodes (man 7 user_namespaces): there the default ones are the
 * host's, and those of the config are made by the runtime if that is root. Into a /dev from outside nothing is put; what
 * the config lists must be there.
 */
export function planDevices(spec: Spec, context: MountContext): DevicesPlan {
  const made: NodePlan[] = [];
  const bound = bindsDev(spec);
  const given = (spec.linux?.devices ?? []).map(deviceStep);
  const paths = new Set(given.map((device) => device.path));
  const defaults = bound ? [] : DEFAULT_DEVICES.filter((device) => !paths.has(device.path));
  const mayMake = context.userNamespace === 'none' && !context.host.inUserNamespace;
  const steps = [
    ...defaults.map((device) => (mayMake ? device : bindStep(device, -1))),
    ...given.map((device, index) => {
      if (bound && device.path.startsWith('/dev/')) return { ...device, found: true };
      if (mayMake || !isNode(device)) return device;
      const node = nodePlan(device, index, spec, context);
      return bindStep(device, node === null ? -1 : made.push(node) - 1);
    }),
  ];
  return { steps, made, bound };
}

/** A fifo is no device: everybody may make one. */
const isNode = (device: DeviceStep): device is NodeStep => device.type !== 'p';

function bindStep({ path, type, major, minor }: NodeStep, made: number): Step {
  return { op: 'bindDevice', path, source: path, type, major, minor, made };
}

/** null: the runtime may make it no more than init; or the owner's id outside is not known, the user namespace being another's. */
function nodePlan(device: NodeStep, index: number, spec: Spec, context: MountContext): NodePlan | null {
  const { path, type, major, minor, mode } = device;
  if (context.host.euid !== 0 || context.host.inUserNamespace || context.userNamespace !== 'new') return null;
  const { uidMappings = [], gidMappings = [], devices = [] } = spec.linux ?? {};
  const outside = (what: 'uid' | 'gid', mappings: typeof uidMappings): number => {
    const id = hostId(device[what], mappings);
    if (id === null && devices[index]?.[what] !== undefined) {
      throw new TsrunError(`/linux/devices/${index}/${what}: ${device[what]} is not in /linux/${what}Mappings`);
    }
    // nobody in the container, as the host's root is there
    return id ?? 0;
  };
  return { path, type, major, minor, mode, uid: outside('uid', uidMappings), gid: outside('gid', gidMappings) };
}

function deviceStep(device: Device): DeviceStep {
  return {
    op: 'device',
    path: cleanPath(device.path),
    type: device.type === 'u' ? 'c' : device.type,
    major: device.major ?? 0,
    minor: device.minor ?? 0,
    // Podman gives the whole st_mode, with the file type in it.
    mode: (device.fileMode ?? 0o666) & 0o7777,
    uid: device.uid ?? 0,
    gid: device.gid ?? 0,
    found: false,
  };
}
