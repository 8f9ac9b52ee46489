import type { Host } from '../../../src/plan/host.js';

/** The machine most tests are about: root in the initial namespaces, every capability, no security module. */
export const host: Host = {
  euid: 0,
  egid: 0,
  inUserNamespace: false,
  cgroupMount: '/sys/fs/cgroup',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'],
  ownCgroup: '/',
  bounding: '2199023255551',
  lastCapability: 40,
  kcore: true,
  apparmor: false,
  selinux: false,
  architecture: 'x86_64',
};
