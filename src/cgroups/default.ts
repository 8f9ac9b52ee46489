/** Parent of the cgroups of containers whose config names none, below the cgroup v2 mount. */
export const DEFAULT_PARENT = '/tsrun';
