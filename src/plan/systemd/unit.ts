/** Names of systemd's units and where their cgroups are (man 5 systemd.unit, man 5 systemd.slice). */
import { TsrunError } from '../../errors.js';
import { utf8 } from '../../utf8.js';

/** UNIT_NAME_MAX. */
const LONGEST = 255;

/** A unit, and the slice that it is in, by their names. */
export interface UnitName {
  readonly name: string;
  readonly slice: string;
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0');

/** What a unit name cannot contain becomes `\xHH`, a byte of UTF-8 each, as systemd-escape(1) does it. */
function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9:_.\\-]/gu, (character) => [...utf8(character)].map((byte) => `\\x${hex(byte)}`).join(''));
}

/**
 * The unit for `linux.cgroupsPath`, which has the form `slice:prefix:name`; an empty one is `:tsrun:ID`. No slice: system.slice,
 * or user.slice of a user's own service manager. `-` is the root slice, with or without `.slice`.
 */
export function unitName(cgroupsPath: string, id: string, user: boolean): UnitName {
  const parts = cgroupsPath === '' ? ['', 'tsrun', id] : cgroupsPath.split(':');
  const [slice = '', prefix = '', name = ''] = parts;
  if (parts.length !== 3) {
    throw new TsrunError(
      `/linux/cgroupsPath: expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "${cgroupsPath}" instead`,
    );
  }
  if (name.endsWith('.slice')) throw new TsrunError(`/linux/cgroupsPath: ${name} is a slice, and a slice has no processes of its own`);
  const scope = `${escaped(`${prefix}-${name}`)}.scope`;
  if (scope.length > LONGEST) throw new TsrunError(`/linux/cgroupsPath: the unit name ${scope} is longer than ${LONGEST} characters`);
  const chosen = slice === '' ? (user ? 'user.slice' : 'system.slice') : slice === '-' ? '-.slice' : slice;
  expandSlice(chosen);
  return { name: scope, slice: chosen };
}

/**
 * The cgroup of a slice below that of its service manager: `a-b.slice` is `/a.slice/a-b.slice`, and the root slice `-.slice`
 * is empty.
 */
export function expandSlice(slice: string): string {
  const invalid = () => new TsrunError(`/linux/cgroupsPath: invalid slice name: ${slice}`);
  if (slice.length > LONGEST || !/^[A-Za-z0-9:_.\\-]+\.slice$/.test(slice)) throw invalid();
  const name = slice.slice(0, -'.slice'.length);
  if (name === '-') return '';
  let path = '';
  let prefix = '';
  for (const part of name.split('-')) {
    if (part === '') throw invalid();
    prefix = prefix === '' ? part : `${prefix}-${part}`;
    path += `/${prefix}.slice`;
  }
  return path;
}

/** The object path of a unit: every byte but letters and digits becomes `_HH`, as sd_bus_path_encode(3) does it. */
export function unitObject(name: string): string {
  let label = '';
  for (const byte of utf8(name)) {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z]/.test(character) || (label !== '' && /[0-9]/.test(character));
    label += plain ? character : `_${hex(byte)}`;
  }
  return `/org/freedesktop/systemd1/unit/${label}`;
}
