import type { Spec } from '../spec/types.js';

/** Where a container finds its end of the proxy, as under runc and crun. */
const DIRECTORY = '/run/notify';
/** The proxy's socket in the directory that is bound there. */
export const NOTIFY_SOCKET = 'notify.sock';

/**
 * A config whose program finds a socket of ours in NOTIFY_SOCKET (man 3 sd_notify): never the host's own, on which the container would be
 * the host's service.
 * @param directory on the host, of the socket; empty: none
 */
export function withNotify(spec: Spec, directory: string): Spec {
  if (directory === '' || spec.process === undefined) return spec;
  const bind = { destination: DIRECTORY, type: 'bind', source: directory, options: ['bind', 'nosuid', 'noexec', 'nodev', 'ro'] };
  const env = [...(spec.process.env ?? []), `NOTIFY_SOCKET=${DIRECTORY}/${NOTIFY_SOCKET}`];
  return { ...spec, mounts: [...(spec.mounts ?? []), bind], process: { ...spec.process, env } };
}
