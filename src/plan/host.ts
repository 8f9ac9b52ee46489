/** What a plan needs to know about the machine and the caller. Read once by state/host.ts; plain data, so tests invent it. */
export interface Host {
  readonly euid: number;
  readonly egid: number;
  /** The runtime itself is in a user namespace other than the initial one. */
  readonly inUserNamespace: boolean;
  /** Where cgroup v2 is mounted, or null. */
  readonly cgroupMount: string | null;
  /** `cgroup.controllers` of that mount. */
  readonly controllers: readonly string[];
  /** The runtime's own cgroup v2 path, `/` first. */
  readonly ownCgroup: string;
  /** In a user namespace: whether a service manager of the user's own can be reached. */
  readonly userBus?: boolean;
  /** The runtime's bounding set as a bit mask in decimal: what it can give away. */
  readonly bounding: string;
  /** Number of the kernel's last capability (`/proc/sys/kernel/cap_last_cap`). */
  readonly lastCapability: number;
  /** There is a `/proc/kcore`. */
  readonly kcore: boolean;
  readonly apparmor: boolean;
  readonly selinux: boolean;
  /** `cgroup.procs` and the like: `/sys/kernel/cgroup/delegate`, one a line, read only when a cgroup is delegated. */
  readonly architecture: 'x86_64' | 'aarch64';
}
