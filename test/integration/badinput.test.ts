// What cannot be done is refused in one clear line that says where in the config it is, and nothing was touched.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { harness, hosts, skipped, whyNoContainers, without, type Change, type Config } from './harness.js';

const h = harness('badinput');

/** What the types do not allow. */
const bad =
  (change: (config: never) => void): Change =>
  (config) => {
    change(config as never);
  };

type Loose = Omit<Config, 'process' | 'linux' | 'mounts' | 'root' | 'hooks'> & {
  [key: string]: unknown;
  process: Record<string, unknown>;
  linux: Record<string, unknown> & { namespaces: Record<string, unknown>[] };
  mounts: unknown[];
  root: Record<string, unknown>;
};

const loose = (change: (config: Loose) => void): Change => bad(change);

/** A name, the change, and what the message has to say. */
const cases: readonly (readonly [string, Change, RegExp])[] = [
  ['no ociVersion', loose((c) => delete (c as { ociVersion?: string }).ociVersion), /\/ociVersion|ociVersion/],
  ['an ociVersion of another age', loose((c) => (c.ociVersion = '2.0.0')), /\/ociVersion: /],
  ['an ociVersion that is none', loose((c) => (c.ociVersion = 'one')), /\/ociVersion: /],
  ['no root', loose((c) => delete (c as { root?: unknown }).root), /\/root: /],
  ['a root that is not there', loose((c) => (c.root['path'] = 'nowhere')), /\/root\/path: .*no such file or directory/],
  ['a root that is a file', loose((c) => (c.root['path'] = 'config.json')), /\/root\/path: .*not a directory/],
  ['a relative cwd', loose((c) => (c.process['cwd'] = 'tmp')), /\/process\/cwd: must be absolute, is "tmp"/],
  ['no cwd', loose((c) => delete c.process['cwd']), /\/process.*cwd/],
  ['no args', loose((c) => (c.process['args'] = [])), /\/process\/args: /],
  ['args that are no list', loose((c) => (c.process['args'] = 'sh')), /\/process\/args: /],
  ['an argument that is a number', loose((c) => (c.process['args'] = ['sh', 1])), /\/process\/args\/1: /],
  ['a NUL in an argument', loose((c) => (c.process['args'] = ['sh\0x'])), /\/process\/args\/0: .*NUL/i],
  ['a variable without a value', loose((c) => (c.process['env'] = ['A=b', 'C'])), /\/process\/env\/1: /],
  ['an unknown limit', loose((c) => (c.process['rlimits'] = [{ type: 'RLIMIT_X', soft: 1, hard: 1 }])), /\/process\/rlimits\/0\/type: /],
  [
    'a limit given twice',
    loose((c) => (c.process['rlimits'] = [1, 2].map(() => ({ type: 'RLIMIT_NOFILE', soft: 1, hard: 1 })))),
    /\/process\/rlimits\/1.*RLIMIT_NOFILE/,
  ],
  ['a user that is no number', loose((c) => (c.process['user'] = { uid: 'root', gid: 0 })), /\/process\/user\/uid: /],
  ['a negative user', loose((c) => (c.process['user'] = { uid: -1, gid: 0 })), /\/process\/user\/uid: /],
  ['an oomScoreAdj out of range', loose((c) => (c.process['oomScoreAdj'] = 1001)), /\/process\/oomScoreAdj: /],
  ['a scheduler that there is not', loose((c) => (c.process['scheduler'] = { policy: 'SCHED_X' })), /\/process\/scheduler\/policy: /],
  [
    'an I/O priority out of range',
    loose((c) => (c.process['ioPriority'] = { class: 'IOPRIO_CLASS_BE', priority: 8 })),
    /\/process\/ioPriority\/priority: /,
  ],
  ['a namespace that there is not', loose((c) => c.linux.namespaces.push({ type: 'x' })), /\/linux\/namespaces\/\d+\/type: /],
  ['a namespace given twice', loose((c) => c.linux.namespaces.push({ type: 'pid' })), /\/linux\/namespaces\/\d+.*pid/],
  ['a relative namespace path', loose((c) => c.linux.namespaces.push({ type: 'user', path: 'x' })), /\/linux\/namespaces\/\d+\/path: /],
  ['a user namespace without mappings', loose((c) => c.linux.namespaces.push({ type: 'user' })), /\/linux\/(uid|gid)Mappings: /],
  [
    'mappings without a user namespace',
    loose((c) => (c.linux['uidMappings'] = [{ containerID: 0, hostID: 0, size: 1 }])),
    /\/linux\/(uid|gid)Mappings/,
  ],
  ['a hostname without a uts namespace', without('uts'), /\/hostname: /],
  ['a timeOffset without a time namespace', loose((c) => (c.linux['timeOffsets'] = { monotonic: { secs: 1 } })), /\/linux\/timeOffsets: /],
  ['a sysctl of the host', loose((c) => (c.linux['sysctl'] = { 'kernel.panic': '1' })), /\/linux\/sysctl.*kernel\.panic/],
  [
    'a network sysctl without a network namespace',
    bad((c: Config) => {
      without('network')(c);
      c.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
    }),
    /\/linux\/sysctl.*net\.ipv4\.ip_forward/,
  ],
  ['a mount without a destination', loose((c) => c.mounts.push({ type: 'tmpfs', source: 'tmpfs' })), /\/mounts\/\d+.*destination/],
  [
    'a bind mount of nothing',
    loose((c) => c.mounts.push({ destination: '/x', type: 'bind', source: '/no/such/source', options: ['bind'] })),
    /\/no\/such\/source.*no such file or directory/,
  ],
  ['an unknown file system', loose((c) => c.mounts.push({ destination: '/tmp', type: 'nosuchfs', source: 'x' })), /nosuchfs/],
  [
    'an option that the file system refuses',
    loose((c) => c.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'x', options: ['nosuchoption=1'] })),
    /nosuchoption|\/tmp/,
  ],
  [
    'a uid mapping of a mount without a gid mapping',
    loose((c) =>
      c.mounts.push({
        destination: '/tmp',
        type: 'bind',
        source: '/tmp',
        options: ['bind'],
        uidMappings: [{ containerID: 0, hostID: 0, size: 1 }],
      }),
    ),
    /\/mounts\/\d+/,
  ],
  [
    'a device of an unknown type',
    loose((c) => (c.linux['devices'] = [{ path: '/dev/x', type: 'x', major: 1, minor: 3 }])),
    /\/linux\/devices\/0\/type: /,
  ],
  [
    'a device with a relative path',
    loose((c) => (c.linux['devices'] = [{ path: 'x', type: 'c', major: 1, minor: 3 }])),
    /\/linux\/devices\/0\/path: /,
  ],
  ['a relative masked path', loose((c) => (c.linux['maskedPaths'] = ['proc/kcore'])), /\/linux\/maskedPaths\/0: /],
  ['a relative read-only path', loose((c) => (c.linux['readonlyPaths'] = ['proc/sys'])), /\/linux\/readonlyPaths\/0: /],
  ['a propagation that there is not', loose((c) => (c.linux['rootfsPropagation'] = 'x')), /\/linux\/rootfsPropagation: /],
  [
    'a seccomp action that there is not',
    loose((c) => (c.linux['seccomp'] = { defaultAction: 'SCMP_ACT_X' })),
    /\/linux\/seccomp\/defaultAction: /,
  ],
  [
    'a seccomp rule without names',
    loose((c) => (c.linux['seccomp'] = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: [], action: 'SCMP_ACT_ERRNO' }] })),
    /\/linux\/seccomp\/syscalls\/0\/names: /,
  ],
  [
    'seccomp notifications without a listener',
    loose((c) => (c.linux['seccomp'] = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['getcwd'], action: 'SCMP_ACT_NOTIFY' }] })),
    /\/linux\/seccomp.*listenerPath/,
  ],
  [
    'an errnoRet that is not used',
    loose((c) => (c.linux['seccomp'] = { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 })),
    /\/linux\/seccomp.*rrnoRet/,
  ],
  ['a relative hook', loose((c) => (c['hooks'] = { createRuntime: [{ path: 'hook' }] })), /\/hooks\/createRuntime\/0\/path: /],
  [
    'a hook whose timeout is no time',
    loose((c) => (c['hooks'] = { poststop: [{ path: '/bin/true', timeout: 0 }] })),
    /\/hooks\/poststop\/0\/timeout: /,
  ],
  ['an annotation without a name', loose((c) => (c.annotations = { '': 'x' })), /\/annotations/],
  ['an annotation that is no text', loose((c) => ((c as { annotations: unknown }).annotations = { a: 1 })), /\/annotations\/a: /],
  ['a unified key with a slash', loose((c) => (c.linux['resources'] = { unified: { 'a/b': '1' } })), /\/linux\/resources\/unified/],
  [
    'a unified file of an unknown controller',
    loose((c) => (c.linux['resources'] = { unified: { 'nosuch.max': '1' } })),
    /\/linux\/resources\/unified.*nosuch/,
  ],
  [
    'a device rule of an unknown type',
    loose((c) => (c.linux['resources'] = { devices: [{ allow: true, type: 'x', access: 'r' }] })),
    /\/linux\/resources\/devices\/0\/type: /,
  ],
  [
    'a device rule of an unknown access',
    loose((c) => (c.linux['resources'] = { devices: [{ allow: true, type: 'c', access: 'x' }] })),
    /\/linux\/resources\/devices\/0\/access: /,
  ],
  ['a personality that there is not', loose((c) => (c.linux['personality'] = { domain: 'X' })), /\/linux\/personality\/domain: /],
];

const texts: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /config\.json/],
  ['no JSON', '{"ociVersion": ', /config\.json/],
  ['another value than an object', '[]', /config\.json|object/],
  ['something behind the object', '{} {}', /config\.json/],
  ['deep nesting', `{"ociVersion": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`, /config\.json|ociVersion|root|nest/],
  ['bytes that are no text', '\xff\xfe\0', /config\.json/],
];

describe.skipIf(skipped('badinput', whyNoContainers())).each(hosts)('under $name', (host) => {
  async function refused(bundle: string, words: RegExp): Promise<void> {
    const { status, stdout, stderr } = h.tsrun(['create', '--bundle', bundle, h.id()], { host });
    const lines = stderr.trimEnd().split('\n');
    expect({ status, stdout, lines: lines.filter((line) => !line.includes('level=warning')).length }, stderr.slice(0, 1000)).toEqual({
      status: 1,
      stdout: '',
      lines: 1,
    });
    const message = JSON.parse(/msg=(".*")$/.exec(lines.at(-1) ?? '')?.[1] ?? '""') as string;
    expect(message).toMatch(words);
    expect(message).toMatch(/^\S+ create failed: /);
    expect(message).not.toMatch(/internal error|undefined|\[object|TypeError|    at /);
    expect(message.length).toBeLessThan(1000);
    await h.expectNothingLeft();
  }

  // the rules are the same under both: one of them is enough for the long list
  const list = host === hosts[0] ? cases : cases.filter((_, at) => at % 10 === 0);
  it.each(list)('refuses %s', async (_, change, words) => {
    await refused(h.bundle(change), words);
  });

  it.each(texts)('refuses a config.json that is %s', async (_, text, words) => {
    await refused(h.bundleOf(text), words);
  });

  it('refuses a bundle that is not there, is a file, or is empty', async () => {
    await refused(h.path('nowhere'), /no such file or directory/);
    writeFileSync(h.path('file'), '');
    await refused(h.path('file'), /not a directory/);
    mkdirSync(h.path(h.id('empty')));
    await refused(h.path('empty-of-all'), /no such file or directory/);
    const directory = h.path(h.id('directory'));
    mkdirSync(join(directory, 'config.json'), { recursive: true });
    await refused(directory, /is a directory/);
  });

  it('refuses ids that are none', () => {
    for (const id of ['', '.', '..', 'a/b', '../x', 'a b', 'ä', 'a\nb', 'x'.repeat(5000)]) {
      const { status, stderr } = h.tsrun(['create', '--bundle', h.bundle(), '--', id], { host });
      expect({ id, status }).toEqual({ id, status: 1 });
      expect(stderr).toMatch(/container (id|ID)/);
    }
  });

  it('refuses a state root of /', () => {
    expect(h.tsrun(['list'], { host, root: '/' })).toMatchObject({ status: 1, stderr: expect.stringContaining('--root') as unknown });
  });

  it('takes a config of ten megabytes', async () => {
    const annotations = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`org.example.${at}`, 'x'.repeat(10_000)]));
    const { status, stderr } = h.run([(config) => (config.annotations = annotations)], { host });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await h.expectNothingLeft();
  });
});
