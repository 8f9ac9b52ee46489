import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { harness, hosts, shell, skipped, SLEEP, until, whyNoContainers, type TestHost } from './harness.js';

const reason = whyNoContainers() ?? (spawnSync('python3', ['--version']).error === undefined ? undefined : 'needs python3');

/** What the other screen begins and ends with. */
const ENTER = '\x1b[?1049h';
const LEAVE = '\x1b[?1049l';

interface Step {
  readonly after: string;
  readonly type?: string;
  readonly resize?: readonly [number, number];
  readonly kill?: string;
  readonly run?: readonly string[];
}

interface Seen {
  readonly status: number;
  readonly shown: string;
  readonly restored: boolean;
}

/** The command on a terminal of 99 columns by 33 rows, and somebody at it. */
function atTerminal(steps: readonly Step[], command: readonly string[], env: Record<string, string> = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const fixture = join(import.meta.dirname, '../fixtures/at-terminal.py');
    const child = spawn('python3', [fixture, JSON.stringify(steps), ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
    });
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    child.on('error', reject);
    child.on('close', () => {
      resolve(JSON.parse(text) as Seen);
    });
  });
}

/** Everything ended as it began: what comes after the other screen is the shell's. */
function expectRestored({ shown, restored }: Seen, after = ''): void {
  expect(restored).toBe(true);
  expect(shown.startsWith(ENTER)).toBe(true);
  expect(shown.slice(shown.lastIndexOf(LEAVE) + LEAVE.length)).toBe(after);
  expect(shown.indexOf('\x1b[?25h')).toBeGreaterThan(shown.indexOf('\x1b[?25l'));
}

describe.skipIf(skipped('top', reason)).each(hosts)('under $name', (host: TestHost) => {
  const h = harness('top');
  const top = (...args: string[]): string[] => [...host.command, '--root', h.root, 'top', ...args];
  const busy = shell('while :; do :; done');

  describe('without a terminal', () => {
    test('one sample of rows, with rates', async () => {
      const [idle, working] = [h.running(), h.running([busy])];
      // the shell, and the sleep that it starts: from then on it does nothing
      expect(await until(() => (JSON.parse(h.ok(['ps', '--format', 'json', idle])) as unknown[]).length === 2)).toBe(true);
      const lines = h.ok(['top', '--interval', '1s'], { host }).split('\n');
      expect(lines[0]).toMatch(/^ID +S +CPU% +MAX% +THR% +MEM +LIMIT +MEM% +OOM +READ\/s +WRITE\/s +PIDS +PSI-C +PSI-M +PSI-I$/);
      expect(lines).toHaveLength(4);
      const [first, second] = [lines[1]?.split(/ +/), lines[2]?.split(/ +/)];
      expect([first?.[0], second?.[0]]).toEqual([working, idle]);
      expect(Number(first?.[2])).toBeGreaterThan(5);
      expect(Number(second?.[2])).toBeLessThan(5);
    });

    test('lines of JSON', () => {
      const id = h.running([busy]);
      const { pid } = h.state(id);
      const lines = h.ok(['top', '--format', 'json', '--interval', '500ms', '--count', '2'], { host }).trimEnd().split('\n');
      expect(lines).toHaveLength(2);
      let [worked, passed] = [0, 0];
      for (const line of lines) {
        const { time, seconds, containers } = JSON.parse(line) as {
          time: string;
          seconds: number;
          containers: { cpu: { percent: number } }[];
        };
        expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
        // a round that was late makes the next one shorter
        expect(seconds).toBeGreaterThan(0);
        expect(containers).toHaveLength(1);
        expect(containers[0]).toMatchObject({ id, status: 'running', pid });
        expect(Object.keys(containers[0] ?? {})).toEqual(['id', 'status', 'pid', 'cpu', 'memory', 'pids', 'io', 'pressure']);
        worked += (containers[0]?.cpu.percent ?? 0) * seconds;
        passed += seconds;
      }
      expect(worked / passed).toBeGreaterThan(5);
    });

    test('only what runs, or else what is named, in whatever state', () => {
      const waiting = h.id();
      h.ok(['create', '--bundle', h.bundle(shell(SLEEP)), waiting]);
      const running = h.running();
      const quick = ['--interval', '20ms', '--format', 'json'];
      const ids = (...args: string[]): unknown =>
        (JSON.parse(h.ok(['top', ...quick, ...args], { host })) as { containers: { id: string; status: string }[] }).containers.map(
          ({ id, status }) => [id, status],
        );
      expect(ids()).toEqual([[running, 'running']]);
      expect(ids(waiting)).toEqual([[waiting, 'created']]);
      expect(ids('--sort', 'id', '--reverse', waiting, running)).toEqual(
        [
          [waiting, 'created'],
          [running, 'running'],
        ]
          .sort()
          .reverse(),
      );
    });

    test('no container at all', () => {
      expect(h.ok(['top', '--once', '--interval', '20ms'], { host })).toMatch(/^ID .*\n$/);
      expect(h.ok(['top', '--format', 'json', '--interval', '20ms'], { host })).toContain('"containers":[]');
    });

    test('a container that is not there, and values that make no sense, are refused', () => {
      expect(h.tsrun(['top', 'nobody'], { host })).toMatchObject({ status: 1, stdout: '' });
      expect(h.tsrun(['top', 'nobody'], { host }).stderr).toContain('container \\"nobody\\" does not exist');
      expect(h.tsrun(['top', '--interval', '5'], { host }).stderr).toContain('invalid value \\"5\\" for flag -interval: parse error');
      expect(h.tsrun(['top', '--interval', '0s'], { host }).stderr).toContain('must be 10ms to 24h');
      expect(h.tsrun(['top', '--sort', 'x'], { host }).stderr).toContain('must be one of cpu, memory');
    });

    test('a reader that has seen enough is no error', () => {
      const command = `set -o pipefail; ${top('--interval', '20ms', '--count', '0').join(' ')} | head -n 3`;
      const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8', timeout: 30_000 });
      expect({ status, stderr, lines: stdout.split('\n').length }).toEqual({ status: 0, stderr: '', lines: 4 });
    });

    test('a dumb terminal gets rows', async () => {
      const { shown, status } = await atTerminal([], top('--interval', '50ms', '--count', '1'), { TERM: 'dumb' });
      expect(shown).toMatch(/^ID .*\r\n$/);
      expect(status).toBe(0);
    });
  });

  describe('at a terminal', () => {
    test('keys change the view, its size follows the window, q ends it and leaves nothing behind', async () => {
      const id = h.running([busy]);
      const seen = await atTerminal(
        [
          { after: '1 running', type: '\r' },
          { after: 'escape goes back', type: '?' },
          { after: 'any key goes back', type: 'x' },
          { after: 'any key goes back', type: 'r' },
          { after: 'sort: cpu ▲', type: 's' },
          { after: 'sort: memory ▲', resize: [10, 60] },
          { after: '\x1b[10;1H', type: 'p' },
          { after: ' PAUSED ', type: 'q' },
        ],
        top('--interval', '200ms'),
      );
      expect(seen.status).toBe(0);
      expectRestored(seen);
      expect(seen.shown).toContain(id);
      // the last line of the first window, and of the second
      expect(seen.shown).toContain('\x1b[33;1H');
      expect(seen.shown.slice(seen.shown.indexOf('sort: memory ▲'))).not.toContain('\x1b[33;1H\x1b[Kq');
      expect(seen.shown).toMatch(/[▁▂▃▄▅▆▇█]/u);
    });

    test.each([
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['SIGINT', 130],
      ['SIGUSR1', 138],
    ])('%s puts the terminal back', async (kill, status) => {
      const seen = await atTerminal([{ after: 'no running containers', kill }], top());
      expect(seen.status).toBe(status);
      expectRestored(seen);
    });

    test('so do ^C, and an error', async () => {
      const ended = await atTerminal([{ after: 'no running containers', type: '\x03' }], top());
      expect(ended.status).toBe(130);
      expectRestored(ended);

      // a state root that cannot be read any more
      const root = h.path('fragile');
      mkdirSync(root);
      const steps = [{ after: 'no running containers', run: ['sh', '-c', `rmdir ${root} && touch ${root}`] }];
      const failed = await atTerminal(steps, [...host.command, '--root', root, 'top', '--interval', '100ms']);
      expect(failed.status).toBe(1);
      expectRestored(failed, failed.shown.slice(failed.shown.lastIndexOf(LEAVE) + LEAVE.length));
      expect(failed.shown.slice(failed.shown.lastIndexOf(LEAVE))).toMatch(/level=error msg=.*fragile.* a directory/);
    });

    test('^Z stops it with the terminal put back, fg draws it again', async () => {
      const shellCommand = ['bash', '--norc', '--noprofile', '-i'];
      const { shown } = await atTerminal(
        [
          { after: 'bash-', type: `${top('--interval', '100ms').join(' ')}\r` },
          { after: 'no running containers', type: '\x1a' },
          {
            after: 'Stopped',
            type: 'stty -a | tr " " "\\n" | grep -x -e icanon -e echo | paste -sd+; echo seen; fg; echo status=$?; exit\r',
          },
          { after: 'seen\r\n', type: 'r' },
          { after: 'sort: cpu ▲', type: 'q' },
        ],
        shellCommand,
      );
      const [stopped, again] = [shown.indexOf('Stopped'), shown.indexOf('seen\r\n')];
      expect(shown.slice(0, stopped).lastIndexOf(LEAVE)).toBeGreaterThan(shown.indexOf(ENTER));
      expect(shown.slice(stopped, again)).toContain('icanon+echo\r\n');
      expect(shown.indexOf(ENTER, again)).toBeGreaterThan(again);
      expect(shown).toContain('status=0\r\n');
    });

    test('containers come and go while it runs; details stay on one that has ended', async () => {
      const id = h.id();
      const tsrun = [...(hosts[0]?.command ?? []), '--root', h.root];
      const seen = await atTerminal(
        [
          { after: 'no running containers', run: [...tsrun, 'run', '--detach', '--bundle', h.bundle(shell(SLEEP)), id] },
          { after: '1 running', type: '\r' },
          { after: 'escape goes back', run: [...tsrun, 'delete', '--force', id] },
          { after: 'has ended', type: '\x7f' },
          { after: 'has ended', type: 'q' },
        ],
        top('--interval', '100ms'),
      );
      expect(seen.status).toBe(0);
      expectRestored(seen);
      expect(seen.shown).toContain('has ended');
    });

    test('--count ends it by itself; NO_COLOR and a locale without Unicode are respected', async () => {
      h.running([busy]);
      const seen = await atTerminal([], top('--interval', '100ms', '--count', '5'), { NO_COLOR: '1', LC_ALL: 'C' });
      expect(seen.status).toBe(0);
      expectRestored(seen);
      expect(seen.shown).toMatch(/^[\x00-\x7f]*$/);
      expect(seen.shown).not.toMatch(/\x1b\[[0-9;]*3[0-7]m/);
    });
  });
});
