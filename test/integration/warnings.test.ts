// What is done in part, or not as it was asked for, is said: once, in words, and in the place that --log names.
import { beforeEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, shell, skipped, whyNoContainers, type Change, type Harness } from './harness.js';

const h: Harness = harness('warnings');

/** The messages of the log lines of that level. */
function messages(stderr: string, level: string): string[] {
  return [...stderr.matchAll(new RegExp(`level=${level} msg=(".*")$`, 'gm'))].map((line) => JSON.parse(line[1] ?? '""') as string);
}

describe.skipIf(skipped('warnings', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };

  beforeEach(async () => {
    await h.expectNothingLeft();
  });

  const capabilities = (sets: NonNullable<Parameters<Change>[0]['process']['capabilities']>): Change => {
    return (config) => {
      config.process.capabilities = sets;
    };
  };
  const KILL = ['CAP_KILL'];

  it.each<[string, Change, string]>([
    [
      'personality flags',
      (config) => (config.linux.personality = { domain: 'LINUX', flags: ['X'] }),
      '/linux/personality/flags: ignored, there are none yet',
    ],
    [
      'an ambient capability that cannot be raised',
      capabilities({ bounding: KILL, permitted: KILL, effective: KILL, ambient: KILL }),
      'ignoring ambient capabilities that are not both permitted and inheritable, as they must be: [CAP_KILL]',
    ],
    [
      'an effective capability that is not permitted',
      capabilities({ bounding: KILL, permitted: [], effective: KILL }),
      'ignoring effective capabilities that are not permitted: [CAP_KILL]',
    ],
    [
      'a nice for SCHED_DEADLINE',
      (config) => {
        config.process.scheduler = { policy: 'SCHED_DEADLINE', nice: 19, runtime: 1_000_000, deadline: 10_000_000, period: 10_000_000 };
      },
      '/process/scheduler/nice: ignored, SCHED_DEADLINE has none',
    ],
  ])('%s: the container runs, and the warning comes once', (_, change, warning) => {
    const { status, stderr } = h.run([change], on);
    expect(messages(stderr, 'warning')).toEqual([warning]);
    expect(messages(stderr, 'error')).toEqual([]);
    expect(status).toBe(0);
  });

  it('a LISTEN_FDS that nobody passed descriptors for keeps nothing from running', () => {
    const env = { PATH: process.env['PATH'] ?? '', LISTEN_FDS: '3' };
    const print = shell('echo "<$LISTEN_FDS>"; ls /proc/self/fd | wc -l');
    const { status, stdout, stderr } = h.run([print], { ...on, env });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '<>\n4\n' });
    expect(messages(stderr, 'warning')).toEqual([expect.stringMatching(/^ignoring LISTEN_FDS=3: descriptor 3 is not open/)]);
    const id = h.running([shell(SLEEP)], on);
    expect(h.tsrun(['exec', id, 'sh', '-c', 'echo "<$LISTEN_FDS>"'], { ...on, env })).toMatchObject({ status: 0, stdout: '<>\n' });
    // said to be for somebody else, there is nothing to warn of
    expect(h.run([print], { ...on, env: { ...env, LISTEN_PID: '1' } })).toMatchObject({ status: 0, stdout: '<>\n4\n', stderr: '' });
  });

  it('list of a state root that somebody named and that is not there is an error', () => {
    const missing = h.path('no-such-root');
    expect(h.refusal(['list'], 1, { ...on, root: missing })).toBe(`--root ${missing}: no such file or directory`);
    const env = { PATH: process.env['PATH'] ?? '', XDG_RUNTIME_DIR: h.path('no-such-runtime') };
    expect(h.tsrun(['list', '--quiet'], { ...on, root: null, env }).status).toBe(0);
  });
});
