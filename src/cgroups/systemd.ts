/** Units of systemd: the scope in which it keeps a container's processes, and with it their cgroup. */
import { TsrunError } from '../errors.js';
import { native } from '../native.js';
import type { UnitPlan, UnitProperty } from '../plan/plan.js';
import { knownProperties, systemdVersion } from '../plan/systemd/properties.js';
import { unitObject } from '../plan/systemd/unit.js';
import type { BusValue } from '../plan/systemd/value.js';
import { isBusError, ServiceManager, type BusAddress } from './bus.js';
import { SystemdHelper } from './helper.js';
import { sleep } from './sleep.js';

/** What is remembered of a container's unit. */
export interface UnitState {
  readonly name: string;
  readonly slice: string;
  /** Tells our unit from another of that name. */
  readonly description: string;
  /** Where its service manager can be reached. */
  readonly bus: readonly BusAddress[];
  /** Absolute path of the unit's cgroup; empty until it is made. */
  readonly cgroup: string;
}

const UNIT = 'org.freedesktop.systemd1.Unit';
const UNIT_EXISTS = 'org.freedesktop.systemd1.UnitExists';
const SIGKILL = 9;

/** Waits, in milliseconds, until a unit of that name that is over has gone. */
const PAUSES = [10, 20, 40, 80, 160, 320];

/** States in which a unit is about to go. */
const ENDING = new Set(['failed', 'inactive', 'deactivating']);

/** @throws TsrunError where systemd does not run */
export function requireSystemd(): void {
  if (native().stat('/run/systemd/system')?.kind !== 'directory') {
    throw new TsrunError(
      'the systemd cgroup manager needs a host that systemd runs (there is no /run/systemd/system): use --cgroup-manager cgroupfs (without --systemd-cgroup)',
    );
  }
}

function onBus<T>(addresses: readonly BusAddress[], act: (manager: ServiceManager) => T, started?: SystemdHelper): T {
  requireSystemd();
  const manager = ServiceManager.connect(addresses, started);
  try {
    return act(manager);
  } finally {
    manager.close();
  }
}

function asStructs(properties: readonly UnitProperty[], version: string): BusValue {
  return knownProperties(properties, systemdVersion(version)).map(({ name, type, value }) => [name, { type, value }]);
}

const attempted = (what: string, unit: Pick<UnitState, 'name' | 'slice'>) => `${what} unit ${unit.name} in ${unit.slice}`;

/** Starts the helper of a `startUnit` that is to come: it loads its library meanwhile. `close` it if that does not come. */
export function prepareUnit(): SystemdHelper {
  requireSystemd();
  return SystemdHelper.start();
}

/**
 * Has systemd make the unit with process `pid` in it, and waits for that.
 * @param helper of `prepareUnit`, which is ended
 * @throws TsrunError that names unit and slice; then a unit may be there all the same: stopUnit
 */
export function startUnit(plan: UnitPlan, unit: UnitState, pid: number, helper?: SystemdHelper): void {
  const start = (manager: ServiceManager): void => {
    const properties: UnitProperty[] = [
      ...plan.properties,
      { name: 'Description', type: 's', value: unit.description },
      { name: 'PIDs', type: 'au', value: [pid] },
    ];
    const args = [unit.name, 'fail', asStructs(properties, manager.version), []];
    const doing = attempted('start', unit);
    for (let attempt = 0; ; attempt++) {
      try {
        const result = manager.job('StartTransientUnit', 'ssa(sv)a(sa(sv))', args);
        if (result === 'done') return;
        throw new TsrunError(result === '' ? `${doing}: not done after 30 seconds` : `${doing}: the job ended as "${result}"`);
      } catch (error) {
        if (!isBusError(error)) throw error;
        const wait = PAUSES[attempt];
        if (error.code === UNIT_EXISTS && wait !== undefined && isEnding(manager, unit.name)) {
          resetFailed(manager, unit.name);
          sleep(wait);
          continue;
        }
        throw new TsrunError(`${doing}: ${error.message}`, { cause: error });
      }
    }
  };
  onBus(unit.bus, start, helper);
}

function isEnding(manager: ServiceManager, name: string): boolean {
  return ENDING.has(manager.property(unitObject(name), 'ActiveState', UNIT));
}

function resetFailed(manager: ServiceManager, name: string): void {
  try {
    manager.call('ResetFailedUnit', 's', [name]);
  } catch (error) {
    // gone already, or not failed
    if (!isBusError(error)) throw error;
  }
}

/** Does what can fail because there is nothing left to do it to. */
function unlessGone(act: () => string, doing: string): void {
  try {
    const result = act();
    if (result === '') throw new TsrunError(`${doing}: not done after 30 seconds`);
  } catch (error) {
    if (isBusError(error) && ['NoSuchUnit', 'NoSuchProcess'].some((name) => error.code.endsWith(`.${name}`))) return;
    if (isBusError(error)) throw new TsrunError(`${doing}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Whether there is a unit of that name and it is ours: the description of one that there is not is its name. */
function isOurs(manager: ServiceManager, unit: UnitState): boolean {
  return manager.property(unitObject(unit.name), 'Description', UNIT) === unit.description;
}

function kill(manager: ServiceManager, unit: UnitState): void {
  const act = () => {
    manager.call('KillUnit', 'ssi', [unit.name, 'all', SIGKILL]);
    return 'done';
  };
  unlessGone(act, attempted('kill', unit));
}

/** Sends SIGKILL to every process of the unit. One that is gone, or another of that name, is left alone. */
export function killUnit(unit: UnitState): void {
  onBus(unit.bus, (manager) => {
    if (isOurs(manager, unit)) kill(manager, unit);
  });
}

/** Ends every process of the unit and has systemd forget it, if it is there and ours. */
export function stopUnit(unit: UnitState): void {
  onBus(unit.bus, (manager) => {
    if (!isOurs(manager, unit)) return;
    kill(manager, unit);
    unlessGone(() => manager.job('StopUnit', 'ss', [unit.name, 'replace']), attempted('stop', unit));
    resetFailed(manager, unit.name);
  });
}

/**
 * Changes properties of the running unit.
 * @param before takes it back
 * @returns takes it back; never throws
 */
export function changeProperties(unit: UnitState, properties: readonly UnitProperty[], before: readonly UnitProperty[]): () => void {
  setProperties(unit, properties);
  return () => {
    try {
      setProperties(unit, before);
    } catch {
      // the unit is gone, or systemd is
    }
  };
}

function setProperties(unit: UnitState, properties: readonly UnitProperty[]): void {
  if (properties.length === 0) return;
  onBus(unit.bus, (manager) => {
    try {
      manager.call('SetUnitProperties', 'sba(sv)', [unit.name, true, asStructs(properties, manager.version)]);
    } catch (error) {
      if (!isBusError(error)) throw error;
      throw new TsrunError(`${attempted('set properties of', unit)}: ${error.message}`, { cause: error });
    }
  });
}

/**
 * Has systemd move process `pid` into the cgroup `subgroup` (`/container`, or `/`) below the unit's: for a caller who may not
 * move it himself because it comes from a part of the tree that is not his.
 */
export function attachProcess(unit: UnitState, subgroup: string, pid: number): void {
  onBus(unit.bus, (manager) => {
    try {
      manager.call('AttachProcessesToUnit', 'ssau', [unit.name, subgroup, [pid]]);
    } catch (error) {
      if (!isBusError(error)) throw error;
      throw new TsrunError(`${attempted('move a process into', unit)}: ${error.message}`, { cause: error });
    }
  });
}
