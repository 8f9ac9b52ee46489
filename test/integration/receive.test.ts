// Descriptors that come over a socket from a process which may be the container's: none stays open but the one that was asked for. And its words.
import { spawnSync } from 'node:child_process';
import { closeSync, readdirSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addon } from '../fixtures/addon.js';
import { skipped, whyNoContainers } from './harness.js';

const why = whyNoContainers() ?? (spawnSync('python3', ['--version']).status === 0 ? undefined : 'needs python3');

describe.skipIf(skipped('receiving descriptors', why))('a message', () => {
  let ours = -1;
  let theirs = -1;
  beforeEach(() => {
    [ours, theirs] = addon.socketPair();
  });
  afterEach(() => {
    closeSync(ours);
    closeSync(theirs);
  });

  const open = (): string[] => readdirSync('/proc/self/fd');

  /** Sends the text with that many descriptors. */
  const send = (text: string, count: number): void => {
    const script = `import socket, sys; socket.send_fds(socket.socket(fileno=3), [sys.argv[1].encode()], [0] * ${count})`;
    const { status, stderr } = spawnSync('python3', ['-c', script, text], { stdio: ['ignore', 'pipe', 'pipe', theirs], encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  };

  it.each([1, 2, 10])('with %i descriptors leaves one open', (count) => {
    const before = open();
    send('/dev/pts/0', count);
    closeSync(addon.receiveFd(ours, 10_000));
    expect(open()).toEqual(before);
    send('ready', count);
    expect(addon.receive(ours, 10_000)).toEqual({ type: 'ready', sender: -1 });
    expect(open()).toEqual(before);
  });

  it('with more than there is room for leaves none open, and is an error', () => {
    const before = open();
    send('/dev/pts/0', 100);
    expect(() => addon.receiveFd(ours, 10_000)).toThrow(expect.objectContaining({ code: 'EMSGSIZE' }) as Error);
    send('ready', 100);
    expect(() => addon.receive(ours, 10_000)).toThrow(expect.objectContaining({ code: 'EMSGSIZE' }) as Error);
    expect(open()).toEqual(before);
  });

  const said = (...fields: string[]): unknown => {
    writeSync(theirs, fields.join('\0'));
    return addon.receive(ours, 10_000);
  };

  it('reaches the log without control characters', () => {
    const words = 'a\nlevel=error\r\x1b[31m\x7f\u009b1mä\u00a0€\\';
    const clean = 'a\\x0alevel=error\\x0d\\x1b[31m\\x7f\\x9b1mä\u00a0€\\';
    expect(said('failed', '3', words, '1', words)).toEqual({ type: 'failed', sender: -1, step: 3, op: clean, errno: 1, doing: clean });
    expect(said('ask', words)).toEqual({ type: 'ask', sender: -1, what: clean });
    expect(said('step', '3', words, '7')).toEqual({ type: 'step', sender: -1, step: 3, op: clean, microseconds: 7 });
  });

  it.each([
    ['-1', '-1'],
    ['99999999999', '4096'],
    ['x', '0'],
    ['', ''],
    ['1 ', '1x'],
    ['0x1', '99999999999999999999'],
  ])('has no step %j and no errno %j', (step, errno) => {
    // EPROTO
    expect(said('failed', step, 'mount', errno, 'x')).toMatchObject({ step: 0, errno: 71 });
  });

  it.each([['nonsense'], ['ready', 'x'], ['failed', '1'], ['forked', 'x'], ['born'], ['listener'], ['begin', ''], ['end']])(
    'is nothing that init says: %j',
    (...fields) => {
      expect(said(...fields)).toEqual({ type: 'unknown', sender: -1 });
    },
  );
});
