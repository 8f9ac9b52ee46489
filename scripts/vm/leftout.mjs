// What the emulated machine does not run of its suites, each with its reason. With KVM it runs all.

const loops = 'thousands of calls, which the kernel decides nothing about; the host has run them';
const minutes = 'ten minutes of calls of an engine; npm run test:vm -- engines --all';
const noKernel = 'reads files and flags; the host has run it';

/** By release, and there by the test file's name below `test/`, without `.test.ts`. */
export const tooSlow = {
  trixie: {
    'integration/badinput': noKernel,
    'integration/cli': noKernel,
    'integration/install': noKernel,
    'integration/faults': loops,
    'integration/cycles': loops,
    'engines/docker-options': minutes,
    'engines/podman-options': minutes,
    'integration/top': 'keys and intervals of milliseconds; the host has run it, and test/vm has the values of a real kernel',
  },
};
