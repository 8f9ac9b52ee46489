// A container's plan from the text of its config, as `tsrun create` makes it on a machine with everything.
import { planCreate } from '../../src/plan/create.js';
import { encodeSteps } from '../../src/plan/encode.js';
import { checkConfig } from '../../src/spec/validate.js';
import type { Spec } from '../../src/spec/types.js';
import { host } from '../unit/plan/host.js';

export function encodedPlan(text: string): { readonly plan: unknown; readonly steps: string } {
  const spec: Spec = checkConfig(JSON.parse(text)).spec;
  const machine = { ...host, apparmor: true, selinux: true, architecture: 'aarch64' as const };
  const plan = planCreate(spec, machine, {
    id: 'c1',
    bundle: '/bundle',
    cgroupManager: 'cgroupfs',
    noPivot: false,
    keyring: '_ses.c1',
    filterFirst: false,
    preserveFds: 0,
    listenFds: 0,
    notify: '',
  });
  const names = plan.slots.map(({ name }) => name);
  return { plan: JSON.parse(JSON.stringify(plan)) as unknown, steps: encodeSteps(plan.steps, names) };
}
