import { describe, expect, it } from 'vitest';

import { CAPABILITIES, planCapabilities } from '../../../src/plan/capabilities.js';
import { host } from './host.js';

const FULL = 2 ** 41 - 1;

describe('capabilities', () => {
  it('are bits in decimal, exact beyond 32', () => {
    const all = planCapabilities({ bounding: CAPABILITIES, permitted: CAPABILITIES, effective: CAPABILITIES }, host, false);
    expect(all).toMatchObject({
      bounding: String(FULL),
      permitted: String(FULL),
      effective: String(FULL),
      inheritable: '0',
      ambient: '0',
      warnings: [],
    });
    expect(planCapabilities({ bounding: ['CAP_CHECKPOINT_RESTORE', 'CAP_CHOWN', 'CAP_CHOWN'] }, host, false).bounding).toBe(
      '1099511627777',
    );
  });

  it('are none when the config has none', () => {
    expect(planCapabilities(undefined, host, false)).toMatchObject({
      bounding: '0',
      effective: '0',
      permitted: '0',
      inheritable: '0',
      ambient: '0',
    });
  });

  it('that are unknown or unavailable are left out with one warning', () => {
    const plan = planCapabilities(
      {
        bounding: ['CAP_KILL', 'CAP_MOON', 'cap_chown', 'CAP_BPF'],
        permitted: ['CAP_KILL', 'CAP_BPF'],
        effective: ['CAP_KILL', 'CAP_BPF'],
      },
      { ...host, lastCapability: 38 },
      false,
    );
    expect(plan).toMatchObject({ bounding: '32', permitted: '32', effective: '32' });
    expect(plan.warnings).toEqual(['ignoring unknown or unavailable capabilities: [CAP_BPF CAP_MOON cap_chown]']);
  });

  it('are limited by the runtime’s bounding set, except in a user namespace of their own', () => {
    const narrow = { ...host, bounding: '1' };
    const wanted = { bounding: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] };
    expect(planCapabilities(wanted, narrow, false)).toMatchObject({ bounding: '1', warnings: [expect.stringContaining('CAP_SYS_ADMIN')] });
    expect(planCapabilities(wanted, narrow, true)).toMatchObject({ bounding: String(1 + 2 ** 21), warnings: [] });
    expect(planCapabilities(wanted, { ...host, bounding: '18446744073709551615' }, false).bounding).toBe(String(1 + 2 ** 21));
  });

  it('are ambient only where the kernel can raise them, with a word of the others', () => {
    const plan = planCapabilities(
      {
        bounding: ['CAP_KILL', 'CAP_CHOWN'],
        permitted: ['CAP_KILL', 'CAP_CHOWN'],
        inheritable: ['CAP_KILL'],
        ambient: ['CAP_KILL', 'CAP_CHOWN'],
      },
      host,
      false,
    );
    expect(plan.ambient).toBe('32');
    expect(plan.warnings).toEqual([
      'ignoring ambient capabilities that are not both permitted and inheritable, as they must be: [CAP_CHOWN]',
    ]);
  });

  it('are refused where capset would refuse them', () => {
    expect(() => planCapabilities({ inheritable: ['CAP_KILL'] }, host, false)).toThrow(
      '/process/capabilities/inheritable: CAP_KILL is not in bounding',
    );
  });

  it('are effective only where they are permitted, with a word of the others', () => {
    const plan = planCapabilities({ permitted: ['CAP_CHOWN'], effective: ['CAP_KILL', 'CAP_CHOWN', 'CAP_BPF'] }, host, false);
    expect(plan).toMatchObject({ permitted: '1', effective: '1' });
    expect(plan.warnings).toEqual(['ignoring effective capabilities that are not permitted: [CAP_BPF CAP_KILL]']);
  });

  it('have CAP_SYS_ADMIN besides for the filter', () => {
    const plan = planCapabilities({ bounding: ['CAP_CHOWN'], permitted: ['CAP_CHOWN'] }, host, false);
    expect(plan).toMatchObject({ effectiveWithAdmin: String(2 ** 21), permittedWithAdmin: String(2 ** 21 + 1) });
  });
});
