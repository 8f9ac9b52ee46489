/** The runtime's side of the conversation with tsrun-init, until the container is made or a step has failed. */
import { TsrunError, isSystemError } from '../errors.js';
import { native, type Message, type Said, type Spawned, type StepFailure } from '../native.js';
import type { Step } from '../plan/steps.js';
import { trace } from '../trace.js';

/** The container's first process. `pid` and `pidfd` change hands when a second stage takes over. */
export interface Child {
  pid: number;
  pidfd: number;
  readonly sync: number;
  readonly exe: string;
  /** Processes of the container can see it, and speak in its place (pidfd_getfd, ptrace): it gets nothing any more. */
  seen: boolean;
  /** How its plan has a second stage take over, as long as that has not happened. */
  second: Second | undefined;
  /**
   * What has been said by others than it before `born`: by the second stage, which may be faster than its parent, or by who has taken its
   * place. Nothing of it is believed before.
   */
  readonly aside: Said[];
}

type Second = 'forked' | 'born';

export interface Conversation {
  /** Does what init asks for, of `fd` if there is one; the answer goes back, a number being a descriptor of which init gets its own. */
  readonly answer: (what: string, child: Child, fd: number | undefined) => string | number;
  /** The step of that number in words, for who follows the story. */
  readonly nameStep?: (step: number) => string;
  /** Takes what SCMP_ACT_NOTIFY reports to, a descriptor. With a last fork before it, `child` is the process that it is of. */
  readonly listener: (listener: number, child: Child) => void;
  /** Init's second stage is another process. */
  readonly moved: (child: Child) => void;
}

/**
 * Answers until init, which has `total` steps to take, says it is ready, or its end of the conversation is gone because it has become the program.
 * @throws TsrunError for a step that failed, or when init died; what `receive` throws when a signal is to end us
 */
export function converse(child: Child, total: number, conversation: Conversation): 'ready' | 'executed' {
  let begun = false;
  // Far more than a plan has to say: who does not stop talking would keep us from all else.
  for (let left = 8 * total + 64; left > 0; left--) {
    const message = hear(child, 8 * total);
    switch (message.type) {
      case 'ready':
        return 'ready';
      case 'begin':
        begun = true;
        break;
      case 'step':
        trace(() => stepDone(message.step, conversation.nameStep?.(message.step) ?? message.op, message.microseconds, total));
        break;
      case 'ask':
        try {
          if (child.seen) throw new TsrunError(`tsrun-init asks for "${message.what}" where others could get the answer`);
          reply(child, conversation.answer(message.what, child, message.fd));
        } finally {
          if (message.fd !== undefined) native().close(message.fd);
        }
        break;
      case 'forked':
      case 'born':
        takeOver(child, message);
        trace(() => `init is process ${message.pid} now`);
        conversation.moved(child);
        break;
      case 'listener':
        conversation.listener(message.listener, child);
        break;
      case 'failed':
        throw new TsrunError(stepFailure(message, total));
      case 'unknown':
        throw new TsrunError('tsrun-init says what it never says');
      case 'end':
        // Before its second stage has been heard of, nothing can have been executed.
        if (begun && child.second !== 'born') {
          trace(() => 'the program has taken the place of init');
          return 'executed';
        }
        throw new TsrunError(died(child));
    }
  }
  throw new TsrunError('tsrun-init says more than there is to say');
}

/** The next message that is to be believed. At most `most` are put aside. */
function hear(child: Child, most: number): Message {
  for (;;) {
    const put = child.second === undefined ? child.aside.shift() : undefined;
    // Between two stages of which nobody else can know, the first one's end is not the end.
    const message = put ?? native().receive(child.sync, -1, child.second === 'forked' ? -1 : child.pidfd);
    if (message.type === 'end' || isBelieved(message, child)) return message;
    // The kernel fills in the sender. Who has CAP_SYS_ADMIN over a pid namespace may name another one (man 7 unix), but none outside of it.
    if (child.second === 'born' && message.sender !== child.pid && child.aside.length < most) {
      child.aside.push(message);
      continue;
    }
    drop(message);
    throw new TsrunError("a message of tsrun-init's is from another process");
  }
}

/**
 * Whether it can only be from whom it should be: a second stage is announced once, by itself, or by its parent where others can see it;
 * all else is said by the process itself.
 */
function isBelieved(message: Said, { pid, second }: Child): boolean {
  if (message.type === 'forked') return second === 'forked' && message.sender === message.pid;
  if (message.type === 'born') return second === 'born' && message.sender === pid;
  return message.sender === pid;
}

/** Closes what came with it. */
function drop(message: Said): void {
  if (message.type === 'forked' || message.type === 'born') native().close(message.pidfd);
  if (message.type === 'listener') native().close(message.listener);
  if (message.type === 'ask' && message.fd !== undefined) native().close(message.fd);
}

/** `step 14 of 52, mount /proc new: 0.120 ms` */
export function stepDone(step: number, name: string, microseconds: number, total?: number): string {
  return `step ${step}${total === undefined ? '' : ` of ${total}`}, ${name}: ${(microseconds / 1000).toFixed(3)} ms`;
}

function reply({ sync, pidfd }: Child, answer: string | number): void {
  if (typeof answer === 'string') {
    native().reply(sync, answer, pidfd);
    return;
  }
  try {
    native().sendFd(sync, answer, '.', pidfd);
  } finally {
    native().close(answer);
  }
}

/** `mount proc on /proc (step 14 of 52): operation not permitted`, with errno's words as the caller of a runtime knows them. */
export function stepFailure(failure: StepFailure, total?: number): string {
  const words = native().errorText(failure.errno);
  const reason = words === '' ? '' : `: ${words}`;
  if (failure.op === 'program' || failure.op === 'exec') return `unable to start container process: ${failure.doing}${reason}`;
  if (failure.op === 'hook') return `${failure.doing}${reason}`;
  const place = total === undefined || failure.step === 0 ? failure.op : `step ${failure.step} of ${total}, ${failure.op}`;
  return `${failure.doing} (${place})${reason}`;
}

function died(child: Child): string {
  const status = native().waitPidfd(child.pidfd, 1000) ? native().peek(child.pidfd) : -1;
  const how = status > 128 ? `by signal ${status - 128}` : `with status ${status}`;
  return `container process ended ${how} before it was made (out of memory, or killed)`;
}

/** The first stage has ended; from now on the second one is ours to end. */
function takeOver(child: Child, { type, pid, pidfd }: { readonly type: Second; readonly pid: number; readonly pidfd: number }): void {
  const first = child.pidfd;
  child.pid = pid;
  child.pidfd = pidfd;
  child.seen = type === 'born';
  child.second = undefined;
  try {
    native().reap(first);
  } finally {
    native().close(first);
  }
}

/** Milliseconds that a second stage gets to say that it is there. */
const FORKED_TIMEOUT = 10_000;

/** Ends and reaps init, also a second stage that has not been heard of yet. */
export function endInit(child: Child): void {
  end(child);
  try {
    // Of one that others can see nothing more is to be expected, and its end of the conversation may be in their hands.
    for (let left = 1000; left > 0 && !child.seen; left--) {
      // The parent of one that others can see has said all that it is going to say.
      const message = native().receive(child.sync, child.second === 'born' ? 0 : FORKED_TIMEOUT);
      if (message.type === 'end') break;
      if (isBelieved(message, child) && (message.type === 'forked' || message.type === 'born')) end(message);
      else if (child.second === 'born') child.aside.push(message);
      else drop(message);
    }
  } catch (error) {
    if (!isSystemError(error, 'EAGAIN')) throw error;
  } finally {
    for (const message of child.aside.splice(0)) {
      endOurs(message.sender);
      drop(message);
    }
    if (child.second === 'born') endUnheard(child.exe);
  }
}

/** The same for one that has said nothing either: no other child of ours runs the copy of tsrun-init that was made for it. */
function endUnheard(exe: string): void {
  let children: string;
  try {
    children = native().readFile('/proc/thread-self/children', 1 << 20);
  } catch {
    // A kernel without CONFIG_PROC_CHILDREN.
    return;
  }
  for (const pid of children.split(' ').filter(Boolean).map(Number)) if (native().processExe(pid) === exe) endOurs(pid);
}

/** A second stage whose parent was ended between making it and saying so: it is ours to reap, as nothing else that has no number for us. */
function endOurs(pid: number): void {
  let pidfd: number;
  try {
    pidfd = native().pidfdOpen(pid);
  } catch {
    return;
  }
  try {
    native().peek(pidfd);
  } catch {
    // ECHILD: somebody else's.
    native().close(pidfd);
    return;
  }
  end({ pidfd });
}

/** Milliseconds that a process gets to end after SIGKILL. */
const KILL_TIMEOUT = 10_000;

/**
 * Ends and reaps a child. A pid namespace's first process cannot end before all in it are reaped. One that does not end, or that its
 * tracer has not let go of yet, stays for whoever reaps after us.
 */
export function end({ pidfd }: { readonly pidfd: number }): void {
  try {
    native().signal(pidfd, 9);
    if (native().waitPidfd(pidfd, KILL_TIMEOUT) && native().peek(pidfd) >= 0) native().reap(pidfd);
  } finally {
    native().close(pidfd);
  }
}

/** A process that carries out `steps`. */
export function childOf(spawned: Spawned, steps: readonly Step[]): Child {
  const second = steps.some(({ op }) => op === 'enterPidNamespace') ? 'born' : steps.some(({ op }) => op === 'fork') ? 'forked' : undefined;
  return { pid: spawned.pid, pidfd: spawned.pidfd, sync: spawned.sync, exe: spawned.exe, seen: false, second, aside: [] };
}
