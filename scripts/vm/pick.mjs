// Which machine: the two flags that `npm run vm` and `npm run test:vm` share.
import { run } from '../lib/run.mjs';
import { releases } from './image.mjs';
import { kernels } from './kernel.mjs';
import { EMULATED } from './suites.mjs';

const list = (words) => words.join(', ').replace(/, ([^,]*)$/, ' or $1');

/** Their help. */
export const pickOptions = `  --release NAME   ${list(Object.keys(releases))} (TSRUN_VM_RELEASE; ${Object.keys(releases)[0]})
  --kernel NAME    ${list(kernels)}: user-mode Linux, at the processor's own speed; ${EMULATED}: the release's own kernel under
                   QEMU, slow without KVM, for what the other lacks (TSRUN_VM_KERNEL; ${list(Object.entries(releases).map(([name, version]) => `${version} for ${name}`))})`;

/** The release and the kernel's version by these flags, the environment and the defaults; sets up what only the emulated one needs. */
export function pick({ release = process.env['TSRUN_VM_RELEASE'] ?? Object.keys(releases)[0], kernel = process.env['TSRUN_VM_KERNEL'] }) {
  if (!Object.hasOwn(releases, release)) throw new Error(`no release ${release}: ${Object.keys(releases).join(', ')}`);
  const version = kernel ?? releases[release];
  if (version !== EMULATED && !kernels.includes(version)) throw new Error(`no kernel ${version}: ${[...kernels, EMULATED].join(', ')}`);
  if (version === EMULATED) run('sh', ['scripts/setup', EMULATED], { stdio: ['ignore', 2, 2] });
  return { release, version };
}
