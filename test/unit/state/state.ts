import type { ContainerState } from '../../../src/state/store.js';

/** A container's state with these things in it. */
export function state(changes: Partial<ContainerState> = {}): ContainerState {
  return {
    id: 'c1',
    ociVersion: '1.2.0',
    pid: 7,
    startTime: '100',
    exe: '1:2',
    bundle: '/bundle',
    rootfs: '/bundle/rootfs',
    created: '2026-08-01T10:20:30.123456789Z',
    owner: 'root',
    cgroup: '/sys/fs/cgroup/tsrun/c1',
    ...changes,
  };
}
