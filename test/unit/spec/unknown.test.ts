import { describe, expect, it } from 'vitest';

import { defaultSpec } from '../../../src/spec/defaults.js';
import { unknownKeys } from '../../../src/spec/unknown.js';

describe('unknown properties of a config', () => {
  it('are none in the default config', () => {
    expect(unknownKeys(defaultSpec())).toEqual([]);
    expect(unknownKeys(defaultSpec({ uid: 1, gid: 1 }))).toEqual([]);
  });

  it('are named by JSON pointers, at every depth', () => {
    const config = {
      ociVersion: '1.2.0',
      surprise: { a: 1 },
      process: { cwd: '/', arg: ['sh'], user: { uid: 0, 'a/b~c': 1 }, rlimits: [{ type: 'RLIMIT_CPU', soft: 1, hard: 1, medium: 1 }] },
      mounts: [{ destination: '/a' }, { destination: '/b', option: [] }],
      hooks: { poststop: [{ path: '/h', environment: [] }], later: [] },
      linux: {
        resources: { memory: { limit: 1, swop: 1 } },
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['a'], action: 'x', comment: '' }] },
      },
    };
    expect(unknownKeys(config)).toEqual([
      '/surprise',
      '/process/arg',
      '/process/user/a~1b~0c',
      '/process/rlimits/0/medium',
      '/mounts/1/option',
      '/hooks/poststop/0/environment',
      '/hooks/later',
      '/linux/resources/memory/swop',
      '/linux/seccomp/syscalls/0/comment',
    ]);
  });

  it('are not the keys of maps, which are free', () => {
    const free = { annotations: { a: 'b' }, linux: { sysctl: { 'net.a': '1' }, resources: { unified: { 'memory.high': '1' } } } };
    expect(unknownKeys(free)).toEqual([]);
  });
});
