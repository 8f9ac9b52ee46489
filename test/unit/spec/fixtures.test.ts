import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultSpec } from '../../../src/spec/defaults.js';
import { parseJson } from '../../../src/spec/json.js';
import type { Spec } from '../../../src/spec/types.js';
import { checkConfig, checkProcess, checkResources } from '../../../src/spec/validate.js';
import { FIXTURES, fixture } from './support.js';

const captures = readdirSync(`${FIXTURES}captures`, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'));
const named = (name: string): string[] => captures.filter((path) => path.endsWith(`/${name}.json`)).map((path) => `captures/${path}`);

describe('what engines send is valid, and no reason to warn', () => {
  test.each(named('config'))('%s', (path) => {
    expect(checkConfig(parseJson(fixture(path), path)).warnings).toEqual([]);
  });
  test.each(named('process'))('%s', (path) => {
    expect(checkProcess(parseJson(fixture(path), path)).cwd).toMatch(/^\//);
  });
  test.each(named('resources'))('%s', (path) => {
    expect(checkResources(parseJson(fixture(path), path))).toBeTypeOf('object');
  });
});

describe('what other runtimes write as an example is valid', () => {
  test.each(['runc-spec.json', 'runc-spec-rootless.json', 'crun-spec.json', 'crun-spec-rootless.json'])('%s', (path) => {
    expect(checkConfig(parseJson(fixture(path), path)).warnings).toEqual([]);
  });
});

describe('the config that `spec` writes', () => {
  test('is valid, with privileges and without', () => {
    expect(checkConfig(defaultSpec()).warnings).toEqual([]);
    expect(checkConfig(defaultSpec({ uid: 1000, gid: 1001 })).warnings).toEqual([]);
  });

  test("has the shape of runc's", () => {
    const theirs = parseJson(fixture('runc-spec.json'), 'runc-spec.json') as Spec;
    const ours = defaultSpec();
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect(Object.keys(ours.process ?? {}).sort()).toEqual(Object.keys(theirs.process ?? {}).sort());
    expect(ours.mounts).toEqual(theirs.mounts);
    expect(ours.linux?.resources).toEqual(theirs.linux?.resources);
    for (const namespace of theirs.linux?.namespaces ?? []) expect(ours.linux?.namespaces).toContainEqual(namespace);
    for (const path of theirs.linux?.maskedPaths ?? []) expect(ours.linux?.maskedPaths).toContain(path);
  });

  test('gives root in a rootless container to its owner', () => {
    const ours = defaultSpec({ uid: 1000, gid: 1001 });
    const theirs = parseJson(fixture('runc-spec-rootless.json'), 'runc-spec-rootless.json') as Spec;
    expect(ours.linux?.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }]);
    expect(ours.linux?.gidMappings).toEqual([{ containerID: 0, hostID: 1001, size: 1 }]);
    expect(ours.linux?.resources).toBeUndefined();
    expect(ours.mounts).toEqual(theirs.mounts);
  });
});
