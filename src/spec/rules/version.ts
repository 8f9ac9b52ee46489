import { refuse, show } from '../problem.js';

/** The specification this is written to. */
export const OCI_VERSION = '1.3.0';

/** https://semver.org, version 2: the groups are major, minor and patch. */
const SEMVER =
  /^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** `ociVersion` must be SemVer, of major version 1: within it every newer version only adds what may be left out. */
export function checkVersion(version: string): void {
  if (isPlain(version)) return;
  const parts = SEMVER.exec(version);
  if (parts === null) refuse('/ociVersion', `must be a version as "${OCI_VERSION}", is ${show(version)}`);
  if (parts[1] !== '1') refuse('/ociVersion', `version ${version} is not supported (supported: 1.x)`);
}

/** `1.2.0` and the like, told without the regular expression, which would have to be compiled for it. */
function isPlain(version: string): boolean {
  const [major, minor = '', patch = '', ...rest] = version.split('.');
  return major === '1' && isNumber(minor) && isNumber(patch) && rest.length === 0;
}

function isNumber(text: string): boolean {
  return text.length < 9 && String(Number(text)) === text;
}
