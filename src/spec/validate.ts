import { each } from './each.js';
import { validateConfig, validateProcess, validateResources } from './generated/validators.js';
import { refuse, show } from './problem.js';
import { checkDevices } from './rules/devices.js';
import { checkHooks } from './rules/hooks.js';
import { checkMemoryPolicy } from './rules/memory-policy.js';
import { checkLinuxPaths } from './rules/paths.js';
import { checkMounts } from './rules/mounts.js';
import { checkNamespaces } from './rules/namespaces.js';
import { checkNetDevices } from './rules/net-devices.js';
import { checkProcessRules, warnAboutProcess } from './rules/process.js';
import { checkBurst, checkResourceRules, checkSwap, warnAboutResources } from './rules/resources.js';
import { checkSeccomp, warnAboutSeccomp } from './rules/seccomp.js';
import { checkSysctl } from './rules/sysctl.js';
import { checkIdMappings, checkUser } from './rules/user-namespace.js';
import { checkVersion } from './rules/version.js';
import type { Process, Resources, Spec } from './types.js';
import { refuseUnsupported } from './unsupported.js';

/** What the compiled validators leave behind: the first thing that is wrong. */
interface Problem {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: {
    readonly type?: string;
    readonly missingProperty?: string;
    readonly limit?: number;
    readonly must?: string;
    readonly what?: string;
    readonly known?: string;
  };
}

interface Validator {
  (value: unknown): boolean;
  readonly errors?: readonly Problem[] | null;
}

export interface CheckedConfig {
  readonly spec: Spec;
  /** What is asked for and will not be done, in words. */
  readonly warnings: readonly string[];
}

/**
 * Checks the whole of a config.json: its shape, then the rules that a schema cannot say. Pure; the value itself is handed
 * back, typed.
 *
 * @throws TsrunError with one line: `/linux/namespaces/2/type: unknown namespace "foo" (known: pid, network, ...)`.
 */
export function checkConfig(value: unknown): CheckedConfig {
  checkShape(value, 'config');
  const spec = value as Spec;
  const linux = spec.linux ?? {};
  checkVersion(spec.ociVersion);
  refuseUnsupported(spec);
  if (spec.root?.path === '') refuse('/root/path', 'must not be empty');
  if (spec.annotations !== undefined && '' in spec.annotations) refuse('/annotations', 'has an empty key');
  checkNamespaces(spec);
  checkNetDevices(linux);
  checkIdMappings(linux);
  checkMounts(spec);
  if (spec.process !== undefined) {
    checkProcessRules(spec.process, '/process');
    checkUser(spec.process, linux);
  }
  checkHooks(spec.hooks ?? {});
  checkDevices(linux.devices ?? []);
  checkLinuxPaths(linux);
  checkSysctl(linux, spec.domainname);
  if (linux.memoryPolicy !== undefined) checkMemoryPolicy(linux.memoryPolicy, '/linux/memoryPolicy');
  if (linux.seccomp !== undefined) checkSeccomp(linux.seccomp);
  if (linux.resources !== undefined) {
    checkResourceRules(linux.resources, '/linux/resources');
    checkSwap(linux.resources, '/linux/resources');
    checkBurst(linux.resources, '/linux/resources');
  }
  return { spec, warnings: warningsOf(spec) };
}

/**
 * Checks the process of `exec --process`: pointers count from it (`/cwd`).
 *
 * @throws TsrunError as checkConfig().
 */
export function checkProcess(value: unknown): Process {
  checkShape(value, 'process');
  const process = value as Process;
  checkProcessRules(process, '');
  return process;
}

/**
 * Checks the resources of `update`: pointers count from them (`/memory/limit`). Rules between a new value and one the
 * container already has are not for here: checkUpdated() is for the two together.
 *
 * @throws TsrunError as checkConfig().
 */
export function checkResources(value: unknown): Resources {
  checkShape(value, 'resources');
  const resources = value as Resources;
  checkResourceRules(resources, '');
  return resources;
}

/**
 * Checks what has come of a container's resources by an update: pointers count from them.
 *
 * @throws TsrunError as checkConfig().
 */
export function checkUpdatedResources(resources: Resources): void {
  checkSwap(resources, '');
  checkBurst(resources, '');
}

/** What of an update's resources is asked for and will not be done, in words. */
export function warningsOfResources(resources: Resources): readonly string[] {
  const warnings: string[] = [];
  warnAboutResources(resources, '', warnings);
  return warnings;
}

/**
 * Checks types, ranges, required properties and enumerations only.
 *
 * @throws TsrunError as checkConfig().
 */
export function checkShape(value: unknown, what: 'config' | 'process' | 'resources'): void {
  const validator: Validator = what === 'config' ? validateConfig : what === 'process' ? validateProcess : validateResources;
  if (validator(value)) return;
  const problem = validator.errors?.[0];
  if (problem === undefined) throw new Error('a validator failed without saying why');
  report(value, problem);
}

function warningsOf(spec: Spec): readonly string[] {
  const warnings: string[] = [];
  const linux = spec.linux;
  each(spec.mounts, ({ destination }, index) => {
    if (!destination.startsWith('/')) warnings.push(`/mounts/${index}/destination: is not absolute, taken as ${show(`/${destination}`)}`);
  });
  if (spec.process !== undefined) warnAboutProcess(spec.process, warnings);
  if (linux?.personality?.flags?.length) warnings.push('/linux/personality/flags: ignored, there are none yet');
  if (linux?.seccomp !== undefined) warnAboutSeccomp(linux.seccomp, warnings);
  if (linux?.resources !== undefined) warnAboutResources(linux.resources, '/linux/resources', warnings);
  return warnings;
}

function report(root: unknown, { instancePath, keyword, params }: Problem): never {
  if (params.missingProperty !== undefined) refuse(`${instancePath}/${params.missingProperty}`, 'is required');
  const actual = show(valueAt(root, instancePath));
  if (keyword === 'minItems') refuse(instancePath, 'must have at least one entry');
  if (params.type !== undefined)
    refuse(instancePath, `must be ${params.type === 'boolean' ? 'true or false' : article(params.type)}, is ${actual}`);
  if (params.what !== undefined) refuse(instancePath, `unknown ${params.what} ${actual} (known: ${params.known ?? ''})`);
  refuse(instancePath, `must ${params.must ?? 'be valid'}, is ${actual}`);
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    value = (value as Readonly<Record<string, unknown>>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value;
}
