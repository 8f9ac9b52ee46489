// The containers that are measured.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../fixtures');
const fixture = (name) => JSON.parse(readFileSync(join(fixtures, name), 'utf8'));

/** What `runc spec` writes, without a terminal. */
function plain(args) {
  const config = fixture('runc-spec.json');
  return { ...config, process: { ...config.process, terminal: false, args } };
}

/** What Docker wrote for `docker run`, without what only Docker's own machine has: its files, network hook and AppArmor. */
function docker(args) {
  const config = fixture('captures/docker-plain/1-create/config.json');
  const { cgroupsPath, resources, ...linux } = config.linux;
  const { apparmorProfile, ...process } = config.process;
  return {
    ociVersion: '1.0.2',
    process: { ...process, args },
    root: { path: 'rootfs' },
    hostname: config.hostname,
    mounts: config.mounts.filter(({ type }) => type !== 'bind'),
    linux: { ...linux, resources: { devices: resources.devices } },
  };
}

export const configs = [
  { name: 'default', what: 'what `runc spec` writes', make: plain },
  { name: 'docker', what: "Docker's: seccomp profile, device rules, sysctls", make: docker },
];
