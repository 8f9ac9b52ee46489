/** What `features` tells: the parts of the runtime specification that plans are made for (features.md and features-linux.md of it). */
import {
  hookKinds,
  memoryPolicyFlags,
  memoryPolicyModes,
  namespaceTypes,
  seccompActions,
  seccompArchitectures,
  seccompFlags,
  seccompOperators,
} from '../spec/words.js';
import { commit, specVersion, version } from '../version.js';
import { CAPABILITIES } from './capabilities.js';
import { knownMountOptions } from './mount-options.js';

/**
 * The document for standard output. It is about tsrun: whether this kernel has a feature is not looked at, as the specification
 * wants it.
 */
export function features(): Readonly<Record<string, unknown>> {
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: specVersion,
    hooks: hookKinds,
    mountOptions: knownMountOptions(),
    linux: {
      namespaces: namespaceTypes,
      capabilities: CAPABILITIES,
      cgroup: { v1: false, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp: {
        enabled: true,
        actions: seccompActions,
        operators: seccompOperators,
        archs: seccompArchitectures,
        knownFlags: seccompFlags,
        supportedFlags: seccompFlags,
      },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: false },
      memoryPolicy: { modes: memoryPolicyModes, flags: memoryPolicyFlags },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    annotations: { 'org.tsrun.version': version, 'org.tsrun.commit': commit },
    // an engine that lets users write annotations gives them what systemd may do as root
    potentiallyUnsafeConfigAnnotations: ['org.systemd.property.', 'run.oci.systemd.subgroup'],
  };
}
