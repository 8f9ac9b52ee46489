// What the emulated machine does not run of test/integration and test/vm, each with its reason. With KVM it runs all.

const loops = 'thousands of calls, which the kernel decides nothing about; the host has run them';
const noKernel = 'reads files and flags; the host has run it';

/** By release, and there by the test file's name below `test/`, without `.test.ts`. */
export const tooSlow = {
  trixie: {
    'integration/badinput': noKernel,
    'integration/cli': noKernel,
    'integration/install': noKernel,
    'integration/faults': loops,
    'integration/cycles': loops,
    'integration/top': 'keys and intervals of milliseconds; the host has run it, and test/vm has the values of a real kernel',
  },
};
