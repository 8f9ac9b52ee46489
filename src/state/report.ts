/** The state as the OCI runtime specification shows it, to callers and to hooks. */
import type { ContainerState } from './store.js';
import type { Status } from './status.js';

export interface StateReport {
  readonly ociVersion: string;
  readonly id: string;
  /** 0 when stopped. */
  readonly pid: number;
  readonly status: Status;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner: string;
}

export function report(state: ContainerState, status: Status): StateReport {
  return {
    ociVersion: state.ociVersion,
    id: state.id,
    pid: status === 'stopped' ? 0 : state.pid,
    status,
    bundle: state.bundle,
    rootfs: state.rootfs,
    created: state.created,
    ...(state.annotations === undefined ? {} : { annotations: state.annotations }),
    owner: state.owner,
  };
}

/** The container process state: what the receiver of a seccomp listener gets with its descriptor. `pid` is the filtered process. */
export function processState(state: ContainerState, status: Status, pid: number, metadata: string): string {
  const { ociVersion } = state;
  const given = metadata === '' ? {} : { metadata };
  return JSON.stringify({ ociVersion, fds: ['seccompFd'], pid, ...given, state: JSON.parse(hookState(state, status)) as unknown });
}

/** What init hears when it is to go on: the container's state for its hooks; where there is none, nothing of the host's. */
export function wordToStart(state: ContainerState, hooks: readonly unknown[] = []): string {
  return hooks.length === 0 ? '{}' : hookState(state, 'created');
}

/** What a hook gets on its standard input. */
export function hookState(state: ContainerState, status: Status): string {
  const annotations = state.annotations === undefined ? {} : { annotations: state.annotations };
  const pid = status === 'stopped' ? {} : { pid: state.pid };
  return JSON.stringify({ ociVersion: state.ociVersion, id: state.id, status, ...pid, bundle: state.bundle, ...annotations });
}
