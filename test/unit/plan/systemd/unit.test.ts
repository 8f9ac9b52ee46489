import { describe, expect, test } from 'vitest';

import { expandSlice, unitName, unitObject } from '../../../../src/plan/systemd/unit.js';

describe('the name of the unit', () => {
  test.each([
    ['', false, 'tsrun-c1.scope', 'system.slice'],
    ['', true, 'tsrun-c1.scope', 'user.slice'],
    ['system.slice:docker:1234', false, 'docker-1234.scope', 'system.slice'],
    [':libpod:1234', true, 'libpod-1234.scope', 'user.slice'],
    ['::', false, '-.scope', 'system.slice'],
    ['::n', false, '-n.scope', 'system.slice'],
    ['-:p:n', false, 'p-n.scope', '-.slice'],
    ['-.slice:p:n', false, 'p-n.scope', '-.slice'],
    ['kubepods-burstable-pod1_2.slice:cri-containerd:a.b', false, 'cri-containerd-a.b.scope', 'kubepods-burstable-pod1_2.slice'],
  ])('%j (of a user: %j) is %s in %s', (path, user, name, slice) => {
    expect(unitName(path, 'c1', user)).toEqual({ name, slice });
  });
  test('what a unit cannot be called is escaped as systemd-escape does it', () => {
    expect(unitName('', 'a+b', false).name).toBe('tsrun-a\\x2bb.scope');
    expect(unitName(':p:é/@', 'c', false).name).toBe('p-\\xc3\\xa9\\x2f\\x40.scope');
  });
  test.each(['a', '/a/b', 'a:b', 'a.slice:b:c:d'])('%s is not of the form', (path) => {
    expect(() => unitName(path, 'c1', false)).toThrow(
      `expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "${path}" instead`,
    );
  });
  test('a container is no slice', () => {
    expect(() => unitName('a.slice:p:b.slice', 'c1', false)).toThrow('b.slice is a slice');
  });
  test('names are of a bounded length', () => {
    expect(unitName(`:p:${'x'.repeat(247)}`, 'c1', false).name).toHaveLength(255);
    expect(() => unitName(`:p:${'x'.repeat(248)}`, 'c1', false)).toThrow('longer than 255');
  });
  test.each(['a', 'a/b.slice', '.slice', '-a.slice', 'a-.slice', 'a--b.slice', '..', 'a b.slice', 'a.service'])(
    '%s is no slice',
    (slice) => {
      expect(() => unitName(`${slice}:p:n`, 'c1', false)).toThrow(`/linux/cgroupsPath: invalid slice name: ${slice}`);
    },
  );
});

test.each([
  ['system.slice', '/system.slice'],
  ['a-b-c.slice', '/a.slice/a-b.slice/a-b-c.slice'],
  ['-.slice', ''],
])('the cgroup of %s is %s', (slice, path) => {
  expect(expandSlice(slice)).toBe(path);
});

test.each([
  ['docker-1.scope', 'docker_2d1_2escope'],
  ['1a_.scope', '_31a_5f_2escope'],
  ['é\\x2b.scope', '_c3_a9_5cx2b_2escope'],
])('the object of %s is %s', (name, label) => {
  expect(unitObject(name)).toBe(`/org/freedesktop/systemd1/unit/${label}`);
});
