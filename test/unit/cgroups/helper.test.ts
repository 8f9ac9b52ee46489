/** Requests to tsrun-systemd, its answers, and what is made of its end. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { decodeReply, encodeCall, SystemdHelper } from '../../../src/cgroups/helper.js';

const current = vi.hoisted((): { native: object } => ({ native: {} }));
vi.mock('../../../src/native.js', () => ({ native: () => current.native }));
vi.mock('../../../src/launch.js', () => ({ installation: () => ({ systemd: '/libexec/tsrun-systemd' }) }));

/** A failure as the addon throws it. */
function refused(code: string, errno: number, doing: string): Error {
  return Object.assign(new Error(`${doing}: words of ${code}`), { code, errno, doing });
}

const call = {
  destination: 'a.b',
  path: '/a',
  interface: 'a.I',
  member: 'M',
  signature: 'su',
  args: ['x', 1],
  timeout: 30_000,
  job: true,
} as const;

/** What was done to the helper's process and our descriptors, in order. */
let done: string[] = [];
let answers: (string | Error)[] = [];
let status = 137;
beforeEach(() => {
  done = [];
  answers = [];
  status = 137;
  current.native = {
    startSystemdHelper: (path: string) => {
      done.push(`start ${path}`);
      return { socket: 5, pidfd: 6 };
    },
    askSystemdHelper: (socket: number, request: string) => {
      done.push(`ask ${socket} ${JSON.stringify(request.split('\0'))}`);
      const answer = answers.shift() ?? 'done\0';
      if (answer instanceof Error) throw answer;
      return answer;
    },
    errorText: (errno: number) => `errno ${errno}`,
    signal: (pidfd: number, signal: number) => done.push(`signal ${pidfd} ${signal}`),
    reap: (pidfd: number) => {
      done.push(`reap ${pidfd}`);
      return status;
    },
    close: (fd: number) => done.push(`close ${fd}`),
  };
});

const ENDED = ['close 5', 'signal 6 9', 'reap 6', 'close 6'];

describe('a call', () => {
  test('is fields', () => {
    expect(encodeCall(call).split('\0')).toEqual(['call', 'a.b', '/a', 'a.I', 'M', '30000', '1', 'su', 'x', '1', '']);
    expect(encodeCall({ ...call, job: false, signature: '', args: [] }).split('\0')).toEqual([
      'call',
      'a.b',
      '/a',
      'a.I',
      'M',
      '30000',
      '0',
      '',
      '',
    ]);
  });
  test.each(['destination', 'path', 'interface', 'member'] as const)('is refused with a NUL in its %s', (key) => {
    expect(() => encodeCall({ ...call, [key]: 'a\0b' })).toThrow('NUL in "a\\u0000b"');
  });
});

describe('an answer', () => {
  test.each([
    ['values\0sv\0a\0u\x007\0', { error: '', words: '', job: '', values: ['a', 7] }],
    ['values\0\0', { error: '', words: '', job: '', values: [] }],
    ['job\0done\0', { error: '', words: '', job: 'done', values: [] }],
    ['job\0\0', { error: '', words: '', job: '', values: [] }],
    ['error\0a.E\0words\0', { error: 'a.E', words: 'words', job: '', values: [] }],
  ])('%j', (answer, reply) => {
    expect(decodeReply(answer)).toEqual(reply);
  });
  test('of a connection that failed', () => {
    expect(() => decodeReply('failed\x00111\0connect to x\0')).toThrow(
      expect.objectContaining({ reason: 111, message: 'connect to x: errno 111' }),
    );
  });
  test.each([
    '',
    'values',
    'values\0',
    'job\0',
    'job\0a\0b\0',
    'error\0\0words\0',
    'error\0a\0',
    'failed\0x\0y\0',
    'failed\x000\0y\0',
    'done\0',
    'x\0',
  ])('not %j', (answer) => {
    expect(() => decodeReply(answer)).toThrow(
      expect.objectContaining({ constructor: expect.objectContaining({ name: 'Malformed' }) as object }),
    );
  });
});

describe('the helper', () => {
  test('is started, asked, killed and reaped', () => {
    answers = ['done\0', 'job\0done\0'];
    const helper = SystemdHelper.start();
    helper.connect('unix:path=/x', true);
    expect(helper.call(call).job).toBe('done');
    helper.close();
    helper.close();
    expect(done).toEqual([
      'start /libexec/tsrun-systemd',
      'ask 5 ["connect","unix:path=/x","1",""]',
      'ask 5 ["call","a.b","/a","a.I","M","30000","1","su","x","1",""]',
      ...ENDED,
    ]);
  });
  test('goes on after a connection that failed', () => {
    answers = ['failed\x002\0connect to unix:path=/x\0', 'done\0'];
    const helper = SystemdHelper.start();
    expect(() => helper.connect('unix:path=/x', true)).toThrow('connect to unix:path=/x: errno 2');
    helper.connect('unix:path=/y', false);
    expect(done).not.toContain('reap 6');
  });
  test('that has ended is reaped at once, and said why', () => {
    const ended = (words: string): string => {
      answers = [refused('ECONNRESET', 104, words)];
      done = [];
      const helper = SystemdHelper.start();
      let message = '';
      try {
        helper.connect('a', false);
      } catch (error) {
        message = error instanceof Error ? error.message : '';
      }
      helper.close();
      expect(done.slice(2)).toEqual(ENDED);
      return message;
    };
    status = 127;
    expect(ended('tsrun-systemd: error while loading shared libraries: x')).toBe(
      "systemd's library is needed to talk to systemd: tsrun-systemd: error while loading shared libraries: x",
    );
    status = 134;
    expect(ended('Assertion failed')).toBe('/libexec/tsrun-systemd ended with status 134: Assertion failed');
    expect(ended('')).toBe('/libexec/tsrun-systemd ended with status 134');
  });
  test('is ended when it cannot be spoken to', () => {
    answers = [refused('EMSGSIZE', 90, 'send a request')];
    expect(() => SystemdHelper.start().call(call)).toThrow('/libexec/tsrun-systemd: send a request: words of EMSGSIZE');
    expect(done.slice(2)).toEqual(ENDED);
  });
  test('that makes no sense is an error', () => {
    answers = ['nonsense'];
    expect(() => SystemdHelper.start().call(call)).toThrow('/libexec/tsrun-systemd: malformed answer: its end');
  });
  test.each([
    [refused('ENOENT', 2, 'open /libexec/tsrun-systemd'), 'open /libexec/tsrun-systemd: words of ENOENT'],
    [refused('ENOENT', 2, 'exec /libexec/tsrun-systemd'), 'exec /libexec/tsrun-systemd: words of ENOENT (of its dynamic loader)'],
  ])('that cannot be started says why', (error, words) => {
    current.native = {
      startSystemdHelper: () => {
        throw error;
      },
    };
    expect(() => SystemdHelper.start()).toThrow(`the systemd cgroup manager needs tsrun's own program /libexec/tsrun-systemd: ${words}`);
  });
});
