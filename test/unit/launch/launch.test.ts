import { describe, expect, it } from 'vitest';

import { partsOf, installation, launch, toldBy, type Executable } from '../../../src/launch.js';

function executable(changes: Partial<Executable> = {}): Executable {
  return {
    name: 'runtime',
    args: ['state', 'web'],
    cwd: '/bundle',
    inherited: () => [3, 7],
    environment: () => ({ PATH: '/bin' }),
    variable: (name) => (name === 'PATH' ? '/bin' : undefined),
    program: () => '/opt/tsrun/bin/tsrun',
    exists: () => false,
    lines: () => '',
    addon: {},
    ...changes,
  };
}

describe('the executable', () => {
  it('tells how it was called', () => {
    expect(toldBy(executable())).toMatchObject({
      name: 'runtime',
      args: ['state', 'web'],
      cwd: '/bundle',
      inherited: [3, 7],
      environment: { PATH: '/bin' },
    });
    expect(toldBy(executable()).variable('PATH')).toBe('/bin');
    expect(toldBy(executable()).variable('HOME')).toBeUndefined();
    expect(toldBy(executable({ cwd: null })).cwd).toBeNull();
  });

  it('is asked for descriptors and environment when they are needed, and once: ours come later', () => {
    const asked: string[] = [];
    const told = toldBy(
      executable({
        inherited: () => (asked.push('inherited'), [3]),
        environment: () => (asked.push('environment'), {}),
      }),
    );
    expect(asked).toEqual([]);
    expect([told.inherited, told.inherited, told.environment, told.environment]).toEqual([[3], [3], {}, {}]);
    expect(asked).toEqual(['inherited', 'environment']);
  });

  it.each([
    ['beside it', ['/opt/tsrun/bin/libexec/tsrun-init'], '/opt/tsrun/bin/libexec'],
    ['where it is installed', ['/opt/tsrun/libexec/tsrun/tsrun-init'], '/opt/tsrun/libexec/tsrun'],
    ['first beside it', ['/opt/tsrun/bin/libexec/tsrun-init', '/opt/tsrun/libexec/tsrun/tsrun-init'], '/opt/tsrun/bin/libexec'],
    ['nowhere', [], '/opt/tsrun/bin/libexec'],
  ])('finds its parts %s', (_, there, path) => {
    expect(partsOf(executable({ exists: (each) => there.includes(each) }))).toBe(path);
  });

  it('finds its parts from the root directory', () => {
    const there = '/libexec/tsrun-init';
    expect(partsOf(executable({ program: () => '/tsrun', exists: (path) => path === there }))).toBe('/libexec');
  });
});

describe('launch and installation under Node', () => {
  it('take their parts from beside the library', () => {
    expect(installation().addon).toMatch(/\/dist\/libexec\/tsrun\.node$/);
    expect(installation().init).toMatch(/\/dist\/libexec\/tsrun-init$/);
    expect(launch().name).toBe('tsrun');
    expect(launch().cwd).toBe(process.cwd());
    expect(launch().inherited).toEqual([]);
    expect(launch().environment['PATH']).toBe(process.env['PATH']);
    expect(launch().variable('PATH')).toBe(process.env['PATH']);
  });
});
