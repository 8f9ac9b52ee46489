import { describe, expect, it } from 'vitest';

import type { Host } from '../../../src/plan/host.js';
import { CLONE_FLAG, idMapText, namespaceOf, planNamespaces, userNamespaceKind, type NamespacePlan } from '../../../src/plan/namespaces.js';
import type { Step } from '../../../src/plan/steps.js';
import type { IdMapping, Linux, Namespace, NamespaceType, Spec } from '../../../src/spec/types.js';
import { host } from './host.js';
import { renderStep } from './render.js';

const user: Host = { ...host, euid: 1000, egid: 100 };
const insideUserNamespace: Host = { ...host, inUserNamespace: true };
const mappings: IdMapping[] = [{ containerID: 0, hostID: 100000, size: 65536 }];

/** `pid` is a new one, `pid=/path` is joined. */
function plan(words: string, who: Host = host, linux: Partial<Linux> = {}): NamespacePlan {
  const namespaces = words
    .split(' ')
    .filter((word) => word !== '')
    .map((word): Namespace => {
      const [type, path] = word.split('=');
      return { type: type as NamespaceType, ...(path === undefined ? {} : { path }) };
    });
  const maps = words.includes('user') && !words.includes('user=') && who.euid === 0 ? { uidMappings: mappings, gidMappings: mappings } : {};
  return planNamespaces({ ociVersion: '1.2.0', linux: { namespaces, ...maps, ...linux } }, who);
}

/** The plan as words: types instead of flags. */
function words(made: NamespacePlan): { born: string; steps: string[]; last?: string[] } {
  const types = (flags: number): string =>
    Object.entries(CLONE_FLAG)
      .filter(([, flag]) => (flags & flag) !== 0)
      .map(([type]) => type)
      .join('+');
  const word = (step: Step): string => {
    switch (step.op) {
      case 'unshare':
        return `unshare ${types(step.flags)}`;
      case 'fork':
        return step.flags === 0 ? 'fork' : `fork ${types(step.flags)}`;
      case 'join':
        return `join ${step.type}${step.late ? ' or later' : ''}`;
      default:
        return renderStep(step);
    }
  };
  const born = types(made.cloneFlags);
  return { born, steps: made.steps.map(word), ...(made.lastFork ? { last: made.lastJoin.map(word) } : {}) };
}

describe('without joined ones', () => {
  it.each<[string, string, string[]]>([
    ['', '', []],
    ['mount', '', ['unshare mount']],
    ['pid', 'pid', []],
    ['pid mount network ipc uts cgroup', 'pid', ['unshare mount+cgroup+uts+ipc+network']],
    ['pid user mount', 'user+pid', ['idmap', 'unshare mount']],
    ['user', 'user', ['idmap']],
    // the time namespace is for children
    ['time', '', ['unshare time', 'fork']],
    ['time pid mount cgroup', '', ['unshare time', 'fork pid', 'unshare mount+cgroup']],
    ['time user pid mount', '', ['unshare user', 'idmap', 'unshare time', 'fork pid', 'unshare mount']],
  ])('%j', (given, born, steps) => {
    expect(words(plan(given))).toEqual({ born, steps });
    expect(plan(given).slots).toEqual([]);
  });

  it('takes an empty path for none', () => {
    expect(plan('pid= mount=')).toEqual(plan('pid mount'));
  });

  it('are no different for an ordinary user, but for his maps', () => {
    expect(words(plan('pid user mount', user))).toEqual(words(plan('pid user mount')));
  });
});

describe('joined ones', () => {
  it('are opened by the runtime, in the order of the config', () => {
    expect(plan('network=/net ipc=/ipc').slots).toEqual([
      { name: 'namespace.network', open: 'namespace', path: '/net', flag: CLONE_FLAG.network },
      { name: 'namespace.ipc', open: 'namespace', path: '/ipc', flag: CLONE_FLAG.ipc },
    ]);
  });

  it.each<[string, string, string[]]>([
    ['network=/n', '', ['join network or later', 'joinRest']],
    ['network=/n pid mount', 'pid', ['join network or later', 'joinRest', 'unshare mount']],
    // the new ones come behind: they are to belong to the user namespace
    ['user=/u mount', '', ['join user', 'becomeRoot', 'unshare mount']],
    ['user=/u', '', ['join user', 'becomeRoot']],
    ['user=/u network=/n mount', '', ['join network or later', 'join user', 'joinRest', 'becomeRoot', 'unshare mount']],
    ['user=/u pid mount', '', ['join user', 'becomeRoot', 'fork pid', 'unshare mount']],
    ['user=/u time', '', ['join user', 'becomeRoot', 'unshare time', 'fork']],
    ['user=/u time network=/n', '', ['join network or later', 'join user', 'becomeRoot', 'joinRest', 'unshare time', 'fork']],
    // what belongs to the user namespace outside is joined before the new one is made
    ['user network=/n mount', '', ['join network or later', 'unshare user', 'idmap', 'joinRest', 'fork', 'unshare mount']],
    ['user network=/n pid', '', ['join network or later', 'unshare user', 'idmap', 'joinRest', 'fork pid']],
    ['time=/t', '', ['join time or later', 'joinRest']],
    ['mount=/m', '', ['join mount or later', 'joinRest']],
  ])('%j', (given, born, steps) => {
    expect(words(plan(given))).toEqual({ born, steps });
  });

  const join = ['join pid or later'];
  it.each<[string, string[], string[]]>([
    ['pid=/p mount', ['unshare mount', 'pidNamespace namespace.pid'], join],
    ['pid=/p network=/n mount', ['join network or later', 'joinRest', 'unshare mount', 'pidNamespace namespace.pid'], join],
    ['user=/u pid=/p mount', ['join user', 'becomeRoot', 'unshare mount', 'pidNamespace namespace.pid'], join],
    // that last fork also takes it into the time namespace
    ['pid=/p time mount', ['unshare time', 'unshare mount', 'pidNamespace namespace.pid'], join],
    // from the new user namespace it could not be joined any more
    ['user pid=/p mount', ['pidNamespace namespace.pid', 'join pid or later', 'unshare user', 'idmap', 'joinRest', 'unshare mount'], []],
  ])('%j: the pid namespace is entered last, by whomever', (given, steps, last) => {
    for (const who of [host, user, insideUserNamespace]) expect(words(plan(given, who))).toEqual({ born: '', steps, last });
  });

  it('the user namespace must succeed at once, the others may be joined once in it', () => {
    const joins = plan('user=/u ipc=/i').steps.filter((step) => step.op === 'join');
    expect(joins.map(({ type, late }) => [type, late])).toEqual([
      ['ipc', true],
      ['user', false],
    ]);
  });
});

describe('id maps', () => {
  it('are as the kernel takes them', () => {
    expect(idMapText([])).toBe('');
    expect(
      idMapText([
        { containerID: 0, hostID: 1000, size: 1 },
        { containerID: 1, hostID: 100000, size: 65536 },
      ]),
    ).toBe('0 1000 1\n1 100000 65536\n');
  });

  it('are those of the config, kept apart', () => {
    const gids: IdMapping[] = [{ containerID: 5, hostID: 6, size: 7 }];
    expect(plan('user', host, { gidMappings: gids }).idMaps).toEqual({ uidMap: '0 100000 65536\n', gidMap: '5 6 7\n' });
    expect(plan('user time', host, { gidMappings: gids }).idMaps).toEqual({ uidMap: '0 100000 65536\n', gidMap: '5 6 7\n' });
  });

  it('of an ordinary user who gives none make him root', () => {
    expect(plan('user', user).idMaps).toEqual({ uidMap: '0 1000 1\n', gidMap: '0 100 1\n' });
  });

  it('are needed by root', () => {
    expect(() => plan('user', host, { uidMappings: [] })).toThrow(
      '/linux/uidMappings: a new user namespace needs uidMappings and gidMappings',
    );
    expect(() => plan('user', host, { gidMappings: [] })).toThrow('/linux/uidMappings');
  });

  it('are for a new user namespace only', () => {
    expect(plan('mount', host, { uidMappings: mappings, gidMappings: mappings }).idMaps).toBeNull();
    expect(plan('user=/u', host, { uidMappings: mappings, gidMappings: mappings }).idMaps).toBeNull();
  });
});

describe('time offsets', () => {
  it('are written between making the namespace and entering it', () => {
    const made = plan('time', host, { timeOffsets: { monotonic: { secs: 5, nanosecs: 6 }, boottime: { secs: -1 } } });
    expect(made.steps).toEqual([
      { op: 'unshare', flags: CLONE_FLAG.time },
      { op: 'timeOffsets', text: 'monotonic 5 6\nboottime -1 0\n' },
      { op: 'fork', flags: 0 },
    ]);
  });

  it('are written by root from outside a user namespace, where init may not', () => {
    const offsets = { timeOffsets: { monotonic: { secs: 5 } } };
    expect(words(plan('user time', host, offsets)).steps).toEqual(['unshare user', 'idmap', 'unshare time', 'ask timeOffsets', 'fork']);
    expect(plan('user time', host, offsets).timeOffsets).toBe('monotonic 5 0\n');
    expect(words(plan('user time', user, offsets)).steps).toContain('timeOffsets monotonic 5 0\\n');
  });

  it('are not written when there are none', () => {
    expect(words(plan('time', host, { timeOffsets: {} })).steps).toEqual(['unshare time', 'fork']);
  });
});

describe('what a config says of a namespace', () => {
  const spec: Spec = { ociVersion: '1.2.0', linux: { namespaces: [{ type: 'pid' }, { type: 'user', path: '/u' }] } };

  it('is found by its type', () => {
    expect(namespaceOf(spec, 'pid')).toEqual({ type: 'pid' });
    expect(namespaceOf(spec, 'mount')).toBeUndefined();
    expect(namespaceOf({ ociVersion: '1.2.0' }, 'pid')).toBeUndefined();
  });

  it('tells how the user namespace comes about', () => {
    const kind = (namespaces: Namespace[]) => userNamespaceKind({ ociVersion: '1.2.0', linux: { namespaces } });
    expect(userNamespaceKind(spec)).toBe('joined');
    expect(kind([{ type: 'user' }])).toBe('new');
    expect(kind([{ type: 'user', path: '' }])).toBe('new');
    expect(kind([{ type: 'pid' }])).toBe('none');
  });

  it('has the flags of man 2 clone', () => {
    expect(Object.values(CLONE_FLAG).reduce((one, other) => one + other)).toBe(0x7e020080);
  });
});
