import { beforeEach, describe, expect, it, vi } from 'vitest';

import { converse, endInit, stepFailure, type Child, type Conversation } from '../../../src/lifecycle/converse.js';
import type { Message, Native } from '../../../src/native.js';
import { systemError } from '../cli/native.js';

/** What init says, in order, then that it is gone; and what was done about it. */
let said: Message[];
let done: string[];

const fake = {
  receive: vi.fn<Native['receive']>(() => said.shift() ?? { type: 'end' }),
  reply: vi.fn<Native['reply']>((sync, text) => void done.push(`reply ${sync} ${text}`)),
  sendFd: vi.fn<Native['sendFd']>((sync, fd) => void done.push(`send ${sync} ${fd}`)),
  close: vi.fn<Native['close']>((fd) => void done.push(`close ${fd}`)),
  reap: vi.fn<Native['reap']>((pidfd) => done.push(`reap ${pidfd}`)),
  signal: vi.fn<Native['signal']>((pidfd, signal) => void done.push(`signal ${pidfd} ${signal}`)),
  waitPidfd: vi.fn<Native['waitPidfd']>(() => true),
  peek: vi.fn<Native['peek']>(() => 0),
  errorText: vi.fn<Native['errorText']>((errno) => (errno === 1 ? 'operation not permitted' : '')),
};
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

let child: Child;
beforeEach(() => {
  said = [];
  done = [];
  child = { pid: 10, pidfd: 20, sync: 30, exe: '1:2', seen: false };
});

const silent: Conversation = { answer: () => '', listener: () => undefined, moved: () => undefined };

describe('the conversation', () => {
  it('ends when init is ready', () => {
    said = [{ type: 'ready' }, { type: 'begin' }];
    expect(converse(child, 1, silent)).toBe('ready');
    expect(said).toHaveLength(1);
  });

  it('ends when init has become the program: its end is closed behind the last step', () => {
    said = [{ type: 'begin' }, { type: 'end' }];
    expect(converse(child, 1, silent)).toBe('executed');
  });

  it('answers', () => {
    said = [{ type: 'ask', what: 'idmap' }, { type: 'ask', what: 'createRuntime' }, { type: 'ready' }];
    converse(child, 1, { ...silent, answer: (what, { pid }) => `${what} of ${pid}` });
    expect(done).toEqual(['reply 30 idmap of 10', 'reply 30 createRuntime of 10']);
  });

  it('answers with a descriptor, which it closes', () => {
    said = [{ type: 'ask', what: 'tree 0' }, { type: 'ready' }];
    converse(child, 1, { ...silent, answer: () => 5 });
    expect(done).toEqual(['send 30 5', 'close 5']);
  });

  it('closes a descriptor that cannot be sent', () => {
    said = [{ type: 'ask', what: 'tree 0' }];
    fake.sendFd.mockImplementationOnce(() => {
      throw systemError('EPIPE', 32, 'sendmsg', 'broken pipe');
    });
    expect(() => converse(child, 1, { ...silent, answer: () => 5 })).toThrow('broken pipe');
    expect(done).toEqual(['close 5']);
  });

  it('goes on with the second stage, and reaps the first', () => {
    said = [{ type: 'forked', pid: 11, pidfd: 21, sender: 11 }, { type: 'ask', what: 'x' }, { type: 'ready' }];
    converse(child, 1, { ...silent, answer: (_, { pid }) => String(pid), moved: ({ pid }) => void done.push(`moved ${pid}`) });
    expect(child).toMatchObject({ pid: 11, pidfd: 21 });
    expect(done).toEqual(['reap 20', 'close 20', 'moved 11', 'reply 30 11']);
  });

  it('goes on with one that others can see when its parent says so, and gives it nothing any more', () => {
    said = [{ type: 'born', pid: 11, pidfd: 21, sender: 10 }, { type: 'begin' }, { type: 'end' }];
    expect(converse(child, 1, silent)).toBe('executed');
    expect(child).toMatchObject({ pid: 11, pidfd: 21, seen: true });
    said = [{ type: 'ask', what: 'tree 0' }];
    expect(() => converse(child, 1, { ...silent, answer: () => 5 })).toThrow('asks for "tree 0" where others could get the answer');
  });

  it.each<[string, Message]>([
    ['somebody else says that it was born', { type: 'born', pid: 11, pidfd: 21, sender: 11 }],
    ['somebody else says that it forked', { type: 'forked', pid: 11, pidfd: 21, sender: 12 }],
  ])('fails when %s', (_, message) => {
    said = [message];
    expect(() => converse(child, 1, silent)).toThrow('from another process');
    expect(done).toEqual(['close 21']);
  });

  it('takes a listener from it alone', () => {
    said = [{ type: 'listener', listener: 40, sender: 10 }, { type: 'ready' }];
    converse(child, 1, { ...silent, listener: (listener) => void done.push(`listener ${listener}`) });
    expect(done).toEqual(['listener 40']);
    said = [{ type: 'listener', listener: 41, sender: 12 }];
    expect(() => converse(child, 1, silent)).toThrow('from another process');
    expect(done).toEqual(['listener 40', 'close 41']);
  });

  it('takes no further one over from one that others can see', () => {
    said = [
      { type: 'born', pid: 11, pidfd: 21, sender: 10 },
      { type: 'forked', pid: 12, pidfd: 22, sender: 12 },
    ];
    expect(() => converse(child, 1, silent)).toThrow('from another process');
    done = [];
    said = [{ type: 'born', pid: 1, pidfd: 23, sender: 11 }];
    endInit(child);
    expect(done).toEqual(['signal 21 9', 'reap 21', 'close 21', 'close 23']);
  });

  it('fails with the words of the step that failed', () => {
    said = [{ type: 'failed', step: 3, op: 'mount', errno: 1, doing: 'mount proc on /proc' }];
    expect(() => converse(child, 9, silent)).toThrow('mount proc on /proc (step 3 of 9, mount): operation not permitted');
  });

  it('fails when what init asks for fails', () => {
    said = [{ type: 'ask', what: 'createRuntime' }, { type: 'ready' }];
    const answer = (): string => {
      throw new Error('hook');
    };
    expect(() => converse(child, 1, { ...silent, answer })).toThrow('hook');
    expect(done).toEqual([]);
  });

  it('tells how init ended too early', () => {
    fake.peek.mockReturnValueOnce(137);
    expect(() => converse(child, 1, silent)).toThrow('container process ended by signal 9 before it was made');
    fake.peek.mockReturnValueOnce(3);
    expect(() => converse(child, 1, silent)).toThrow('container process ended with status 3 before it was made');
  });
});

describe('ending init', () => {
  it('kills, reaps, and hears it out', () => {
    endInit(child);
    expect(done).toEqual(['signal 20 9', 'reap 20', 'close 20']);
  });

  it('ends a second stage that had not been heard of', () => {
    said = [{ type: 'ready' }, { type: 'forked', pid: 11, pidfd: 21, sender: 11 }];
    endInit(child);
    expect(done).toEqual(['signal 20 9', 'reap 20', 'close 20', 'signal 21 9', 'reap 21', 'close 21']);
  });
});

describe('a failure in words', () => {
  const failure = { step: 14, op: 'mount', errno: 1, doing: 'mount proc on /proc' };

  it('names the step and why', () => {
    expect(stepFailure(failure, 52)).toBe('mount proc on /proc (step 14 of 52, mount): operation not permitted');
  });

  it('does without the place that it does not know', () => {
    expect(stepFailure(failure)).toBe('mount proc on /proc (mount): operation not permitted');
    expect(stepFailure({ ...failure, step: 0 }, 52)).toBe('mount proc on /proc (mount): operation not permitted');
  });

  it('adds no reason where the text says it', () => {
    expect(stepFailure({ ...failure, errno: 4095, doing: 'refused' }, 52)).toBe('refused (step 14 of 52, mount)');
  });

  it('of the program is in the words that engines look for', () => {
    for (const op of ['program', 'exec']) {
      expect(stepFailure({ ...failure, op, doing: 'exec: "nope": executable file not found in $PATH', errno: 4095 }, 52)).toBe(
        'unable to start container process: exec: "nope": executable file not found in $PATH',
      );
      expect(stepFailure({ ...failure, op, doing: 'exec /x' }, 52)).toBe(
        'unable to start container process: exec /x: operation not permitted',
      );
    }
  });

  it('of a hook is what the hook was', () => {
    expect(stepFailure({ ...failure, op: 'hook', doing: 'hook startContainer 0 (/bin/false): exit status 1', errno: 4095 }, 52)).toBe(
      'hook startContainer 0 (/bin/false): exit status 1',
    );
  });
});
