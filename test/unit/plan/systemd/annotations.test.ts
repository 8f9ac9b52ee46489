import { describe, expect, it, test } from 'vitest';

import { annotatedProperties, subgroup } from '../../../../src/plan/systemd/annotations.js';

const P = 'org.systemd.property.';

describe('org.systemd.property', () => {
  test('values by name, others left alone', () => {
    expect(annotatedProperties({ [`${P}TimeoutStopUSec`]: 'uint64 5', 'org.other': 'x', [`${P}CollectMode`]: "'inactive'" })).toEqual([
      { name: 'TimeoutStopUSec', type: 't', value: 5n },
      { name: 'CollectMode', type: 's', value: 'inactive' },
    ]);
  });
  test.each([
    ['TimeoutStopSec', '7', 'TimeoutStopUSec', 7_000_000n],
    ['TimeoutStopSec', 'uint64 7', 'TimeoutStopUSec', 7_000_000n],
    ['RuntimeMaxSec', '1.5', 'RuntimeMaxUSec', 1_500_000n],
  ])('seconds: %s=%s is %s=%s', (name, text, unit, value) => {
    expect(annotatedProperties({ [P + name]: text })).toEqual([{ name: unit, type: 't', value }]);
  });
  test.each([
    ['ABCSec', '1'],
    ['TimeoutStopUSec', '1'],
  ])('%s is no number of seconds', (name, text) => {
    expect(annotatedProperties({ [P + name]: text })).toEqual([{ name, type: 'i', value: 1 }]);
  });
  test.each([
    ['ab', '1', 'three letters'],
    ['a.bc', '1', 'three letters'],
    ['', '1', 'three letters'],
    ['PIDs', '[uint32 1]', 'cannot be set'],
    ['TimeoutStopSec', "'x'", 'must be a number of seconds'],
    ['TimeoutStopSec', '-1', 'must be a number of seconds'],
    ['TimeoutStopSec', 'uint64 18446744073709551615', 'too large'],
    ['Description', 'text', 'value parse error'],
  ])('%s=%s is refused', (name, text, why) => {
    expect(() => annotatedProperties({ [P + name]: text })).toThrow(why);
  });
});

describe('run.oci.systemd.subgroup', () => {
  const of = (name: string) => subgroup({ 'run.oci.systemd.subgroup': name });
  test('names it, or leaves it out', () => {
    expect(subgroup({})).toBe('container');
    expect(of('mine')).toBe('mine');
    expect(of('')).toBe('');
  });
  test.each(['a/b', '..', '.', 'a\nb', 'x'.repeat(256)])('%j is refused', (name) => {
    expect(() => of(name)).toThrow('must be the name of one directory');
  });
});

describe('an annotation', () => {
  it.each([
    'ExecStart',
    'ExecStopPost',
    'Wants',
    'Requires',
    'BindsTo',
    'PartOf',
    'Upholds',
    'Conflicts',
    'OnFailure',
    'OnSuccess',
    'FailureAction',
    'SuccessAction',
    'JobTimeoutAction',
    'StartLimitAction',
    'PropagatesStopTo',
    'JoinsNamespaceOf',
    'DeviceAllow',
    'DevicePolicy',
    'BPFProgram',
    'IPIngressFilterPath',
    'Slice',
    'Delegate',
    'User',
  ])('does not set %s, which reaches beyond the unit (CVE-2024-3154)', (name) => {
    expect(() => annotatedProperties({ [P + name]: "'poweroff.target'" })).toThrow(
      `/annotations/${P}${name}: reaches beyond the container's unit`,
    );
  });

  it.each([
    'TimeoutStopUSec',
    'RuntimeMaxUSec',
    'KillSignal',
    'TasksMax',
    'MemoryMax',
    'CPUWeight',
    'After',
    'Before',
    'OOMPolicy',
    'Description',
  ])('may set %s', (name) => {
    expect(annotatedProperties({ [P + name]: 'uint64 5' })).toHaveLength(1);
  });
});
