// Descriptors that come over a socket from a process which may be the container's: none stays open but the one that was asked for.
import { spawnSync } from 'node:child_process';
import { closeSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addon } from '../fixtures/addon.js';
import { skipped, whyNoContainers } from './harness.js';

const why = whyNoContainers() ?? (spawnSync('python3', ['--version']).status === 0 ? undefined : 'needs python3');

describe.skipIf(skipped('receiving descriptors', why))('a message with', () => {
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

  it.each([1, 2, 10])('%i descriptors leaves one open', (count) => {
    const before = open();
    send('/dev/pts/0', count);
    closeSync(addon.receiveFd(ours, 10_000));
    expect(open()).toEqual(before);
    send('ready', count);
    expect(addon.receive(ours, 10_000)).toEqual({ type: 'ready', sender: -1 });
    expect(open()).toEqual(before);
  });

  it('more than there is room for leaves none open, and is an error', () => {
    const before = open();
    send('/dev/pts/0', 100);
    expect(() => addon.receiveFd(ours, 10_000)).toThrow(expect.objectContaining({ code: 'EMSGSIZE' }) as Error);
    send('ready', 100);
    expect(() => addon.receive(ours, 10_000)).toThrow(expect.objectContaining({ code: 'EMSGSIZE' }) as Error);
    expect(open()).toEqual(before);
  });
});
