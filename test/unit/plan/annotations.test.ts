import { describe, expect, it } from 'vitest';

import { planCreate } from '../../../src/plan/create.js';
import { defaultSpec } from '../../../src/spec/defaults.js';
import type { Spec } from '../../../src/spec/types.js';
import { host } from './host.js';

const plan = (annotations: Spec['annotations'], cgroupManager: 'cgroupfs' | 'systemd') => {
  const spec = defaultSpec();
  const process = { ...spec.process, cwd: '/', terminal: false };
  return planCreate({ ...spec, process, annotations }, host, {
    id: 'c1',
    bundle: '/bundle',
    cgroupManager,
    noPivot: false,
    keyring: null,
    filterFirst: false,
    preserveFds: 0,
    listenFds: 0,
    notify: '',
  });
};

/** What runtimes and engines have taken orders from, and more like it. */
const orders = {
  'io.kubernetes.cri-o.Devices': '/dev/sda',
  'io.kubernetes.cri-o.cgroup2-mount-hierarchy-rw': 'true',
  'io.kubernetes.cri-o.UnifiedCgroup': 'memory.max=max;pids.max=max',
  'io.kubernetes.cri-o.userns-mode': 'host',
  'run.oci.hooks.stdout': '/tmp/out',
  'run.oci.handler': 'krun',
  'run.oci.keep_original_groups': '1',
  'run.oci.mount_context_type': 'context',
  'run.oci.seccomp.receiver': '/tmp/socket',
  'module.wasm.image/variant': 'compat',
  'org.criu.config': '/tmp/criu.conf',
};

describe('annotations', () => {
  it.each(['cgroupfs', 'systemd'] as const)('widen nothing, with %s (CVE-2023-6476)', (manager) => {
    expect(plan(orders, manager)).toEqual(plan({}, manager));
    // one that has a meaning would be seen to change the plan
    if (manager === 'systemd') expect(plan({ 'run.oci.systemd.subgroup': 'x' }, manager)).not.toEqual(plan({}, manager));
  });
});
