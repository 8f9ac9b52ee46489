import { describe, expect, it } from 'vitest';

import { decodeLaunch, installation, launch, type Host } from '../../../src/launch.js';

function host(environment: Record<string, string>, changes: Partial<Host> = {}): Host {
  return { pid: 7, compiled: true, environment, cwd: () => '/from/process', ...changes };
}

const RECORD = {
  TSRUN_LAUNCH_PID: '7',
  TSRUN_LAUNCH_NAME: 'runtime',
  TSRUN_LAUNCH_CWD: '/bundle',
  TSRUN_LAUNCH_FDS: '3,7-9,12',
  TSRUN_LAUNCH_NOFILE: '1024:524288',
  TSRUN_LAUNCH_IGNORED: '13,25',
  TSRUN_ENV_LD_LIBRARY_PATH: '/lib:',
  TSRUN_ENV_BUN_JSC_useJIT: '1',
  BUN_JSC_useJIT: '0',
  PATH: '/bin',
};

describe('decodeLaunch', () => {
  it("decodes the launcher's record and gives the caller's environment back", () => {
    expect(decodeLaunch(host(RECORD))).toMatchObject({
      name: 'runtime',
      cwd: '/bundle',
      inherited: [3, 7, 8, 9, 12],
      nofile: ['1024', '524288'],
      ignored: [13, 25],
      environment: { PATH: '/bin', LD_LIBRARY_PATH: '/lib:', BUN_JSC_useJIT: '1' },
    });
  });

  it('gives single variables as the caller had them', () => {
    const launched = decodeLaunch(host(RECORD));
    expect(launched.variable('LD_LIBRARY_PATH')).toBe('/lib:');
    expect(launched.variable('BUN_JSC_useJIT')).toBe('1');
    expect(launched.variable('PATH')).toBe('/bin');
    expect(launched.variable('HOME')).toBeUndefined();
  });

  it('has no working directory where the launcher could not name it', () => {
    const { TSRUN_LAUNCH_CWD: _, ...rest } = RECORD;
    expect(decodeLaunch(host(rest)).cwd).toBeNull();
  });

  it('reads empty lists', () => {
    const launched = decodeLaunch(host({ ...RECORD, TSRUN_LAUNCH_FDS: '', TSRUN_LAUNCH_IGNORED: '' }));
    expect(launched.inherited).toEqual([]);
    expect(launched.ignored).toEqual([]);
  });

  it.each([
    ['for another process', host({ ...RECORD, TSRUN_LAUNCH_PID: '8' })],
    ['under Node, which no launcher starts', host(RECORD, { compiled: false })],
  ])('does not believe a record %s', (_, where) => {
    expect(decodeLaunch(where)).toMatchObject({
      name: 'tsrun',
      cwd: '/from/process',
      inherited: [],
      nofile: null,
      ignored: null,
      environment: { PATH: '/bin', BUN_JSC_useJIT: '0' },
    });
  });

  it('survives a working directory that is gone', () => {
    const gone = (): string => {
      throw new Error('ENOENT');
    };
    expect(decodeLaunch(host({}, { compiled: false, cwd: gone })).cwd).toBeNull();
  });
});

describe('launch and installation under Node', () => {
  it('take their parts from beside the library', () => {
    expect(installation().addon).toMatch(/\/dist\/libexec\/tsrun\.node$/);
    expect(installation().init).toMatch(/\/dist\/libexec\/tsrun-init$/);
    expect(launch().cwd).toBe(process.cwd());
    expect(launch().environment['PATH']).toBe(process.env['PATH']);
  });
});
