/** Connections to systemd's service managers, the system's and a user's. */
import { TsrunError } from '../errors.js';
import { launch } from '../launch.js';
import { native } from '../native.js';
import type { BusValue } from '../plan/systemd/value.js';
import { utf8 } from '../utf8.js';
import { ConnectionError, HelperError, SystemdHelper, type BusCall, type BusReply } from './helper.js';
import { sleep } from './sleep.js';

/** Where a service manager can be reached. */
export interface BusAddress {
  /** As D-Bus writes it: `unix:path=/run/dbus/system_bus_socket`. */
  readonly address: string;
  /** The manager itself listens there, without a bus between. */
  readonly direct: boolean;
}

const SYSTEMD = 'org.freedesktop.systemd1';
const MANAGER = 'org.freedesktop.systemd1.Manager';
const PATH = '/org/freedesktop/systemd1';

/** Milliseconds for a call and for a job, as under runc. */
const TIMEOUT = 30_000;

/** Tries to connect, when the other end has too many waiting: EAGAIN (man 2 connect). */
const TRIES = 7;
const EAGAIN = 11;

/** A path as a value of an address (D-Bus specification, "Server Addresses"). */
function addressOf(path: string): string {
  const bytes = [...utf8(path)];
  const plain = (character: string) => /[-0-9A-Za-z_/.]/.test(character);
  const text = bytes.map((byte) => {
    const character = String.fromCharCode(byte);
    return plain(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  });
  return `unix:path=${text.join('')}`;
}

function sockets(paths: readonly (readonly [path: string, direct: boolean])[]): BusAddress[] {
  return paths.filter(([path]) => native().stat(path)?.kind === 'socket').map(([path, direct]) => ({ address: addressOf(path), direct }));
}

/**
 * The address in an environment variable. Only of a socket: systemd's library would also run a program that an address names
 * (`unixexec:`), and the environment must not make us run anything.
 */
function namedAddresses(variable: string): BusAddress[] {
  const address = launch().variable(variable) ?? '';
  if (address === '') return [];
  const other = address.split(';').find((each) => !/^(unix|tcp):/.test(each) && each !== '');
  if (other !== undefined) throw new TsrunError(`${variable}: only unix: and tcp: addresses are used, is ${JSON.stringify(address)}`);
  return [{ address, direct: false }];
}

/** Of a user: what the environment names, and where systemd-logind puts it. */
function userAddresses(): BusAddress[] {
  const { euid } = native().identity();
  const directory = launch().variable('XDG_RUNTIME_DIR') ?? '';
  const directories = [...new Set(directory === '' ? [] : [directory]), ...(euid === 0 ? [] : [`/run/user/${euid}`])];
  return [
    ...sockets(directories.map((path) => [`${path}/systemd/private`, true] as const)),
    ...namedAddresses('DBUS_SESSION_BUS_ADDRESS'),
    ...sockets(directories.map((path) => [`${path}/bus`, false] as const)),
  ];
}

/**
 * The addresses of the service manager, the best first: systemd's own socket, which only its user may open, answers without
 * the bus and also when that does not run.
 */
export function busAddresses(user: boolean): BusAddress[] {
  if (user) return userAddresses();
  return [
    ...sockets([['/run/systemd/private', true]]),
    ...namedAddresses('DBUS_SYSTEM_BUS_ADDRESS'),
    ...sockets([['/run/dbus/system_bus_socket', false]]),
  ];
}

/** What a service manager refused: its error's name and words. */
export class BusError extends TsrunError {
  readonly code: string;

  constructor(code: string, words: string) {
    super(words === '' ? code : words);
    this.code = code;
    this.name = 'BusError';
  }
}

export function isBusError(error: unknown, code?: string): error is BusError {
  return error instanceof BusError && (code === undefined || error.code === code);
}

/** A service manager that has answered. */
export class ServiceManager {
  private readonly helper: SystemdHelper;
  /** Its own words: `257.13-1~deb13u1`. */
  readonly version: string;

  private constructor(helper: SystemdHelper, version: string) {
    this.helper = helper;
    this.version = version;
  }

  /**
   * Connects to the first that answers; `close` it.
   * @param started has been started before, and is ended with the connection, or if there is none
   * @throws TsrunError with what each said
   */
  static connect(addresses: readonly BusAddress[], started?: SystemdHelper): ServiceManager {
    if (addresses.length === 0) {
      started?.close();
      throw new TsrunError('cannot talk to systemd: no bus found');
    }
    const helper = started ?? SystemdHelper.start();
    try {
      return ServiceManager.connectBy(helper, addresses);
    } catch (error) {
      helper.close();
      throw error;
    }
  }

  private static connectBy(helper: SystemdHelper, addresses: readonly BusAddress[]): ServiceManager {
    const failures: string[] = [];
    for (const address of addresses) {
      try {
        return ServiceManager.connectTo(helper, address);
      } catch (error) {
        if (!(error instanceof TsrunError) || error instanceof HelperError) throw error;
        failures.push(`${address.address}: ${error.message}`);
      }
    }
    throw new TsrunError(`cannot talk to systemd: ${failures.join('; ')}`);
  }

  private static connectTo(helper: SystemdHelper, { address, direct }: BusAddress): ServiceManager {
    for (let attempt = 1; ; attempt++) {
      try {
        helper.connect(address, direct);
        const [version] = checked(helper.call(property(PATH, MANAGER, 'Version'))).values;
        return new ServiceManager(helper, asText(version));
      } catch (error) {
        if (attempt === TRIES || !(error instanceof ConnectionError && error.reason === EAGAIN)) throw error;
        sleep(50 * 2 ** attempt);
      }
    }
  }

  close(): void {
    this.helper.close();
  }

  /** A method of the manager. @throws BusError, or another TsrunError when the connection fails */
  call(member: string, signature: string, args: readonly BusValue[]): readonly BusValue[] {
    return checked(this.helper.call(method(member, signature, args, false))).values;
  }

  /** A method that starts a job; returns how that ended, empty when it is still going on after 30 seconds. */
  job(member: string, signature: string, args: readonly BusValue[]): string {
    return checked(this.helper.call(method(member, signature, args, true))).job;
  }

  /** A property of an object, as text. */
  property(path: string, name: string, iface: string): string {
    return asText(checked(this.helper.call(property(path, iface, name))).values[0]);
  }
}

function method(member: string, signature: string, args: readonly BusValue[], job: boolean): BusCall {
  return { destination: SYSTEMD, path: PATH, interface: MANAGER, member, signature, args, timeout: TIMEOUT, job };
}

function property(path: string, iface: string, name: string): BusCall {
  const call = method('Get', 'ss', [iface, name], false);
  return { ...call, path, interface: 'org.freedesktop.DBus.Properties' };
}

function asText(value: BusValue | undefined): string {
  if (typeof value !== 'string') throw new TsrunError('systemd answered with something that is no text');
  return value;
}

function checked(reply: BusReply): BusReply {
  if (reply.error !== '') throw new BusError(reply.error, reply.words);
  return reply;
}
