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
  readFile: vi.fn<Native['readFile']>(() => ''),
  processExe: vi.fn<Native['processExe']>(() => null),
  pidfdOpen: vi.fn<Native['pidfdOpen']>((pid) => pid),
  errorText: vi.fn<Native['errorText']>((errno) => (errno === 1 ? 'operation not permitted' : '')),
};
vi.mock('../../../src/native.js', () => ({ native: () => fake }));

let child: Child;
beforeEach(() => {
  said = [];
  done = [];
  child = { pid: 10, pidfd: 20, sync: 30, exe: '1:2', seen: false, second: undefined, aside: [] };
});

const silent: Conversation = { answer: () => '', listener: () => undefined, moved: () => undefined };

describe('the conversation', () => {
  it('ends when init is ready', () => {
    said = [
      { type: 'ready', sender: 10 },
      { type: 'begin', sender: 10 },
    ];
    expect(converse(child, 1, silent)).toBe('ready');
    expect(said).toHaveLength(1);
  });

  it('ends when init has become the program: its end is closed behind the last step', () => {
    said = [{ type: 'begin', sender: 10 }, { type: 'end' }];
    expect(converse(child, 1, silent)).toBe('executed');
  });

  it('answers', () => {
    said = [
      { type: 'ask', what: 'idmap', sender: 10 },
      { type: 'ask', what: 'createRuntime', sender: 10 },
      { type: 'ready', sender: 10 },
    ];
    converse(child, 1, { ...silent, answer: (what, { pid }) => `${what} of ${pid}` });
    expect(done).toEqual(['reply 30 idmap of 10', 'reply 30 createRuntime of 10']);
  });

  it('answers with a descriptor, which it closes', () => {
    said = [
      { type: 'ask', what: 'tree 0', sender: 10 },
      { type: 'ready', sender: 10 },
    ];
    converse(child, 1, { ...silent, answer: () => 5 });
    expect(done).toEqual(['send 30 5', 'close 5']);
  });

  it('closes a descriptor that cannot be sent', () => {
    said = [{ type: 'ask', what: 'tree 0', sender: 10 }];
    fake.sendFd.mockImplementationOnce(() => {
      throw systemError('EPIPE', 32, 'sendmsg', 'broken pipe');
    });
    expect(() => converse(child, 1, { ...silent, answer: () => 5 })).toThrow('broken pipe');
    expect(done).toEqual(['close 5']);
  });

  it('goes on with the second stage, and reaps the first', () => {
    child.second = 'forked';
    said = [
      { type: 'forked', pid: 11, pidfd: 21, sender: 11 },
      { type: 'ask', what: 'x', sender: 11 },
      { type: 'ready', sender: 11 },
    ];
    converse(child, 1, { ...silent, answer: (_, { pid }) => String(pid), moved: ({ pid }) => void done.push(`moved ${pid}`) });
    expect(child).toMatchObject({ pid: 11, pidfd: 21, seen: false });
    expect(done).toEqual(['reap 20', 'close 20', 'moved 11', 'reply 30 11']);
  });

  it('goes on with one that others can see when its parent says so, and gives it nothing any more', () => {
    child.second = 'born';
    said = [{ type: 'born', pid: 11, pidfd: 21, sender: 10 }, { type: 'begin', sender: 11 }, { type: 'end' }];
    expect(converse(child, 1, silent)).toBe('executed');
    expect(child).toMatchObject({ pid: 11, pidfd: 21, seen: true });
    said = [{ type: 'ask', what: 'tree 0', sender: 11, fd: 50 }];
    expect(() => converse(child, 1, { ...silent, answer: () => 5 })).toThrow('asks for "tree 0" where others could get the answer');
    expect(done).toEqual(['reap 20', 'close 20', 'close 50']);
  });

  it('hears one that others can see only after its parent, however fast it is', () => {
    child.second = 'born';
    said = [
      { type: 'step', step: 8, op: 'enterPidNamespace', microseconds: 1, sender: 11 },
      { type: 'listener', listener: 40, sender: 11 },
      { type: 'ready', sender: 11 },
      { type: 'born', pid: 11, pidfd: 21, sender: 10 },
    ];
    const listener = (fd: number, { pid }: Child): void => void done.push(`listener ${fd} of ${pid}`);
    expect(converse(child, 9, { ...silent, listener, moved: ({ pid }) => void done.push(`moved ${pid}`) })).toBe('ready');
    expect(child).toMatchObject({ pid: 11, pidfd: 21, seen: true });
    expect(done).toEqual(['reap 20', 'close 20', 'moved 11', 'listener 40 of 11']);
  });

  it.each<[string, Message]>([
    ['asks', { type: 'ask', what: 'tree 0', sender: 11, fd: 50 }],
    ['says that another one took over', { type: 'forked', pid: 12, pidfd: 22, sender: 11 }],
    ['says that it is another one itself', { type: 'forked', pid: 11, pidfd: 22, sender: 11 }],
    ['says that another one was born', { type: 'born', pid: 12, pidfd: 22, sender: 11 }],
  ])('gives nothing to one that others can see which %s before its parent has spoken', (_, message) => {
    child.second = 'born';
    said = [message, { type: 'born', pid: 11, pidfd: 21, sender: 10 }];
    const answer = vi.fn(() => 5);
    expect(() => converse(child, 9, { ...silent, answer })).toThrow(/where others could get the answer|from another process/);
    expect(answer).not.toHaveBeenCalled();
    expect(child).toMatchObject({ pid: 11, pidfd: 21, seen: true });
    expect(done).toEqual(['reap 20', 'close 20', message.type === 'ask' ? 'close 50' : 'close 22']);
  });

  it('believes nothing that a third one says', () => {
    child.second = 'born';
    said = [
      { type: 'ready', sender: 12 },
      { type: 'born', pid: 11, pidfd: 21, sender: 10 },
    ];
    expect(() => converse(child, 9, silent)).toThrow('from another process');
    for (const message of [
      { type: 'ready', sender: 12 },
      { type: 'begin', sender: 12 },
      { type: 'failed', sender: 12, step: 1, op: 'x', errno: 1, doing: 'x' },
      { type: 'ask', what: 'tree 0', sender: 10 },
    ] as const) {
      said = [message];
      expect(() => converse(child, 9, silent)).toThrow('from another process');
    }
  });

  it('puts no more aside than a plan has to say', () => {
    child.second = 'born';
    said = Array.from({ length: 100 }, () => ({ type: 'ask', what: 'x', sender: 11, fd: 50 }));
    expect(() => converse(child, 2, silent)).toThrow('from another process');
    expect(said.length).toBeGreaterThan(80);
    endInit(child);
    expect(done.filter((what) => what === 'close 50')).toHaveLength(100 - said.length);
  });

  it('fails where the parent has ended without a word of the child', () => {
    child.second = 'born';
    said = [{ type: 'begin', sender: 10 }, { type: 'end' }];
    fake.peek.mockReturnValueOnce(137);
    expect(() => converse(child, 9, silent)).toThrow('ended by signal 9 before it was made');
  });

  it.each<[string, Child['second'], Message]>([
    ['somebody else says that it was born', 'born', { type: 'born', pid: 11, pidfd: 21, sender: 10 }],
    ['somebody else says that it forked', 'forked', { type: 'forked', pid: 11, pidfd: 21, sender: 12 }],
    ['it forks where its plan says nothing of that', undefined, { type: 'forked', pid: 11, pidfd: 21, sender: 11 }],
    ['one is born where its plan says nothing of that', undefined, { type: 'born', pid: 11, pidfd: 21, sender: 10 }],
    ['one is born whom nobody sees', 'forked', { type: 'born', pid: 11, pidfd: 21, sender: 10 }],
  ])('fails when %s', (_, second, message) => {
    child.second = second;
    if (second === 'born') child.pid = 9;
    said = [message, { type: 'born', pid: 12, pidfd: 22, sender: 9 }];
    expect(() => converse(child, 1, silent)).toThrow('from another process');
    expect(done).toContain('close 21');
  });

  it('takes a second stage over once', () => {
    child.second = 'forked';
    said = [
      { type: 'forked', pid: 11, pidfd: 21, sender: 11 },
      { type: 'forked', pid: 12, pidfd: 22, sender: 12 },
    ];
    expect(() => converse(child, 1, silent)).toThrow('from another process');
    expect(child).toMatchObject({ pid: 11 });
    expect(done).toEqual(['reap 20', 'close 20', 'close 22']);
  });

  it('takes a listener from it alone', () => {
    said = [
      { type: 'listener', listener: 40, sender: 10 },
      { type: 'ready', sender: 10 },
    ];
    converse(child, 1, { ...silent, listener: (listener) => void done.push(`listener ${listener}`) });
    expect(done).toEqual(['listener 40']);
    said = [{ type: 'listener', listener: 41, sender: 12 }];
    expect(() => converse(child, 1, silent)).toThrow('from another process');
    expect(done).toEqual(['listener 40', 'close 41']);
  });

  it('ends with whoever does not stop talking', () => {
    const endless = vi.fn<Native['receive']>(() => ({ type: 'step', step: 1, op: 'x', microseconds: 1, sender: 10 }));
    fake.receive.mockImplementation(endless);
    try {
      expect(() => converse(child, 1, silent)).toThrow('more than there is to say');
    } finally {
      fake.receive.mockImplementation(() => said.shift() ?? { type: 'end' });
    }
    expect(endless.mock.calls.length).toBeLessThan(200);
  });

  it('fails with what init never says', () => {
    said = [{ type: 'unknown', sender: 10 }];
    expect(() => converse(child, 1, silent)).toThrow('says what it never says');
  });

  it("waits no longer than for the process's end, but for one that nobody else knows", () => {
    said = [{ type: 'ready', sender: 10 }];
    converse(child, 1, silent);
    expect(fake.receive).toHaveBeenLastCalledWith(30, -1, 20);
    child.second = 'forked';
    said = [{ type: 'ready', sender: 10 }];
    converse(child, 1, silent);
    expect(fake.receive).toHaveBeenLastCalledWith(30, -1, -1);
  });

  it('fails with the words of the step that failed', () => {
    said = [{ type: 'failed', sender: 10, step: 3, op: 'mount', errno: 1, doing: 'mount proc on /proc' }];
    expect(() => converse(child, 9, silent)).toThrow('mount proc on /proc (step 3 of 9, mount): operation not permitted');
  });

  it('fails when what init asks for fails', () => {
    said = [
      { type: 'ask', what: 'createRuntime', sender: 10 },
      { type: 'ready', sender: 10 },
    ];
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
    child.second = 'forked';
    said = [
      { type: 'ready', sender: 10 },
      { type: 'forked', pid: 11, pidfd: 21, sender: 11 },
    ];
    endInit(child);
    expect(done).toEqual(['signal 20 9', 'reap 20', 'close 20', 'signal 21 9', 'reap 21', 'close 21']);
  });

  it('ends one that others can see, of which its parent has spoken, and does not wait for more', () => {
    child.second = 'born';
    said = [{ type: 'born', pid: 11, pidfd: 21, sender: 10 }];
    fake.receive.mockImplementation(() => {
      const message = said.shift();
      if (message === undefined) throw systemError('EAGAIN', 11, 'wait for a message', 'try again');
      return message;
    });
    try {
      endInit(child);
      expect(done).toEqual(['signal 20 9', 'reap 20', 'close 20', 'signal 21 9', 'reap 21', 'close 21']);
      expect(fake.receive).toHaveBeenLastCalledWith(30, 0);
    } finally {
      fake.receive.mockImplementation(() => said.shift() ?? { type: 'end' });
    }
  });

  it('ends one that others can see, of which its parent could not speak any more, if it is ours', () => {
    child.second = 'born';
    fake.pidfdOpen.mockImplementation((pid) => pid + 10);
    said = [
      { type: 'begin', sender: 11 },
      { type: 'ask', what: 'x', sender: 12, fd: 50 },
    ];
    fake.peek
      .mockReturnValueOnce(0)
      .mockReturnValueOnce(-1)
      .mockReturnValueOnce(137)
      .mockImplementationOnce(() => {
        throw systemError('ECHILD', 10, "wait for the container's process", 'no child processes');
      });
    endInit(child);
    expect(done).toEqual(['signal 20 9', 'reap 20', 'close 20', 'signal 21 9', 'reap 21', 'close 21', 'close 22', 'close 50']);
  });

  it('ends one that others can see, of which nobody has spoken, among our children', () => {
    child.second = 'born';
    fake.readFile.mockReturnValueOnce('12 13 ');
    fake.processExe.mockImplementation((pid) => (pid === 13 ? '1:2' : '3:4'));
    fake.pidfdOpen.mockImplementation((pid) => pid + 10);
    endInit(child);
    expect(done).toEqual(['signal 20 9', 'reap 20', 'close 20', 'signal 23 9', 'reap 23', 'close 23']);
  });

  it('leaves one to others that does not end, or is held by its tracer', () => {
    fake.waitPidfd.mockReturnValueOnce(false);
    endInit(child);
    fake.peek.mockReturnValueOnce(-1);
    endInit(child);
    expect(done).toEqual(['signal 20 9', 'close 20', 'signal 20 9', 'close 20']);
  });

  it('does not hear out one that others can see', () => {
    child.seen = true;
    fake.receive.mockClear();
    endInit(child);
    expect(fake.receive).not.toHaveBeenCalled();
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
