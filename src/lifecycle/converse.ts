/** The runtime's side of the conversation with tsrun-init, until the container is made or a step has failed. */
import { TsrunError } from '../errors.js';
import { native, type Message, type Spawned, type StepFailure } from '../native.js';
import { trace } from '../trace.js';

/** The container's first process. `pid` and `pidfd` change hands when a second stage takes over. */
export interface Child {
  pid: number;
  pidfd: number;
  readonly sync: number;
  readonly exe: string;
  /** Processes of the container can see it, and speak in its place (pidfd_getfd, ptrace): it gets nothing any more. */
  seen: boolean;
}

type TakenOver = Extract<Message, { type: 'forked' | 'born' }>;

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
 * @throws TsrunError for a step that failed, or when init died
 */
export function converse(child: Child, total: number, conversation: Conversation): 'ready' | 'executed' {
  for (let begun = false; ;) {
    const message = native().receive(child.sync, -1);
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
          reply(child.sync, conversation.answer(message.what, child, message.fd));
        } finally {
          if (message.fd !== undefined) native().close(message.fd);
        }
        break;
      case 'forked':
      case 'born':
        if (!isItsOwn(message, child)) {
          native().close(message.pidfd);
          throw new TsrunError("a message of tsrun-init's is from another process");
        }
        takeOver(child, message);
        trace(() => `init is process ${message.pid} now`);
        conversation.moved(child);
        break;
      case 'listener':
        // The kernel fills in the sender. Who has CAP_SYS_ADMIN over a pid namespace may name another one (man 7 unix), but none outside of it.
        if (message.sender !== child.pid) {
          native().close(message.listener);
          throw new TsrunError("a message of tsrun-init's is from another process");
        }
        conversation.listener(message.listener, child);
        break;
      case 'failed':
        throw new TsrunError(stepFailure(message, total));
      case 'end':
        if (begun) {
          trace(() => 'the program has taken the place of init');
          return 'executed';
        }
        throw new TsrunError(died(child));
    }
  }
}

/** `step 14 of 52, mount /proc new: 0.120 ms` */
export function stepDone(step: number, name: string, microseconds: number, total?: number): string {
  return `step ${step}${total === undefined ? '' : ` of ${total}`}, ${name}: ${(microseconds / 1000).toFixed(3)} ms`;
}

function reply(sync: number, answer: string | number): void {
  if (typeof answer === 'string') {
    native().reply(sync, answer);
    return;
  }
  try {
    native().sendFd(sync, answer, '.');
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

/** Whether it can only be from whom it should be: the second stage itself, or of one that others can see its parent, which they cannot. */
function isItsOwn({ type, pid, sender }: TakenOver, child: Child): boolean {
  return !child.seen && sender === (type === 'born' ? child.pid : pid);
}

/** The first stage has ended; from now on the second one is ours to end. */
function takeOver(child: Child, { type, pid, pidfd }: TakenOver): void {
  const first = child.pidfd;
  child.pid = pid;
  child.pidfd = pidfd;
  child.seen = type === 'born';
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
  for (;;) {
    const message = native().receive(child.sync, FORKED_TIMEOUT);
    if (message.type === 'end') return;
    if (message.type !== 'forked' && message.type !== 'born') continue;
    if (isItsOwn(message, child)) end(message);
    else native().close(message.pidfd);
  }
}

/** Ends and reaps a child. A pid namespace's first process cannot end before all in it are reaped. */
export function end({ pidfd }: { readonly pidfd: number }): void {
  try {
    native().signal(pidfd, 9);
    native().reap(pidfd);
  } finally {
    native().close(pidfd);
  }
}

export function childOf(spawned: Spawned): Child {
  return { pid: spawned.pid, pidfd: spawned.pidfd, sync: spawned.sync, exe: spawned.exe, seen: false };
}
