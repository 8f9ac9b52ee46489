/** tsrun-systemd: the program that talks to a service manager by systemd's library (native/systemd/requests.h has its end). */
import { isSystemError, TsrunError } from '../errors.js';
import { installation } from '../launch.js';
import { native, type StartedHelper } from '../native.js';
import type { BusValue } from '../plan/systemd/value.js';
import { decodeValues, encodeValues, Malformed } from './values.js';

export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  /** One value for each complete type of the signature. */
  readonly args: readonly BusValue[];
  /** Milliseconds to wait for the reply. */
  readonly timeout: number;
  /** The method returns a job of systemd's: wait for its end too, as long again. */
  readonly job: boolean;
}

export interface BusReply {
  /** Name of a D-Bus error, empty when there was none, and its words. */
  readonly error: string;
  readonly words: string;
  /** How the job ended: `done`, `failed`, `timeout`, `canceled`, `dependency`, `skipped`; empty when it has not ended in time. */
  readonly job: string;
  readonly values: readonly BusValue[];
}

/** What the helper, or systemd's library, could not do: mostly a connection that could not be made, or failed. */
export class ConnectionError extends TsrunError {
  /** Positive errno. */
  readonly reason: number;

  constructor(reason: number, doing: string) {
    super(`${doing}: ${native().errorText(reason)}`);
    this.reason = reason;
    this.name = 'ConnectionError';
  }
}

/** The helper cannot be started, has ended, or does not make sense: no other address makes that better. */
export class HelperError extends TsrunError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HelperError';
  }
}

const SIGKILL = 9;

/** Exit status of the dynamic loader when it does not find a library. */
const NOT_LOADED = 127;

/** Text of a request's field. @throws TypeError for one that would be two */
function field(text: string): string {
  if (text.includes('\0')) throw new TypeError(`NUL in ${JSON.stringify(text)}`);
  return text;
}

const asked = (fields: readonly string[]): string => `${fields.join('\0')}\0`;

/** What a call's request is. @throws TypeError for values that are not of their types */
export function encodeCall(call: BusCall): string {
  const head = [call.destination, call.path, call.interface, call.member].map(field);
  const fields = ['call', ...head, String(call.timeout), call.job ? '1' : '0', call.signature];
  encodeValues(call.signature, call.args, fields);
  return asked(fields);
}

/**
 * What a call came to. @throws ConnectionError when it is the connection that failed
 * @throws Malformed for what is no answer to a call
 */
export function decodeReply(answer: string): BusReply {
  const [kind, ...fields] = fieldsOf(answer);
  const [first = '', second = ''] = fields;
  const none: BusReply = { error: '', words: '', job: '', values: [] };
  if (kind === 'values' && fields.length > 0) return { ...none, values: decodeValues(first, fields.slice(1)) };
  if (kind === 'job' && fields.length === 1) return { ...none, job: first };
  if (kind === 'error' && fields.length === 2 && first !== '') return { ...none, error: first, words: second };
  throw failureOf(kind, fields);
}

function fieldsOf(answer: string): string[] {
  const fields = answer.split('\0');
  if (fields.pop() !== '' || fields.length === 0) throw new Malformed('its end');
  return fields;
}

function failureOf(kind: string | undefined, [errno = '', doing = '', ...more]: readonly string[]): Error {
  if (kind !== 'failed' || more.length > 0 || !/^[1-9]\d{0,3}$/.test(errno)) return new Malformed(`its kind "${String(kind)}"`);
  return new ConnectionError(Number(errno), doing);
}

export class SystemdHelper {
  private readonly path: string;
  private readonly started: StartedHelper;
  private closed = false;

  private constructor(path: string, started: StartedHelper) {
    this.path = path;
    this.started = started;
  }

  /** Starts it. `close` it. @throws HelperError */
  static start(): SystemdHelper {
    const { systemd: path, self } = installation();
    try {
      return new SystemdHelper(path, native().startSystemdHelper(path, self));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // what is there and yet not found names a dynamic loader that is not there
      const lacking = error.code === 'ENOENT' && error.doing.startsWith('exec ') ? ' (of its dynamic loader)' : '';
      throw new HelperError(`the systemd cgroup manager needs tsrun's own program ${path}: ${error.message}${lacking}`, { cause: error });
    }
  }

  /** Connects, in place of what was connected to before. @throws ConnectionError, HelperError */
  connect(address: string, direct: boolean): void {
    this.ask(asked(['connect', field(address), direct ? '1' : '0']), (answer) => {
      const [kind, ...fields] = fieldsOf(answer);
      if (kind !== 'done' || fields.length > 0) throw failureOf(kind, fields);
    });
  }

  /** @throws ConnectionError, HelperError */
  call(call: BusCall): BusReply {
    return this.ask(encodeCall(call), decodeReply);
  }

  private ask<T>(request: string, decode: (answer: string) => T): T {
    const answer = this.exchange(request);
    try {
      return decode(answer);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new HelperError(`${this.path}: malformed answer: ${error.message}`, { cause: error });
    }
  }

  private exchange(request: string): string {
    try {
      return native().askSystemdHelper(this.started.socket, request);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const status = this.end();
      if (error.code !== 'ECONNRESET') throw new HelperError(`${this.path}: ${error.message}`, { cause: error });
      throw new HelperError(this.lastWords(status, error.doing), { cause: error });
    }
  }

  /** Why it has ended: by its exit status, and what it said. */
  private lastWords(status: number, words: string): string {
    if (status === NOT_LOADED) return `systemd's library is needed to talk to systemd: ${words}`;
    return `${this.path} ended with status ${status}${words === '' ? '' : `: ${words}`}`;
  }

  /** Ends it, and everything that it holds: it has nothing to put in order. */
  close(): void {
    if (!this.closed) this.end();
  }

  /** Its exit status, or 128 + the signal that ended it; -1 when somebody else has reaped it. */
  private end(): number {
    if (this.closed) return -1;
    this.closed = true;
    const { socket, pidfd } = this.started;
    native().close(socket);
    try {
      // one that has ended by itself keeps its own status
      native().signal(pidfd, SIGKILL);
      return native().reap(pidfd);
    } catch {
      return -1;
    } finally {
      native().close(pidfd);
    }
  }
}
