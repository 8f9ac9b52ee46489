// Hooks: when and where each kind runs, what it is told, and what its failure does.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import { SLEEP, harness, hosts, isAlive, shell, skipped, until, whyNoContainers, type Change, type Harness } from './harness.js';

const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;
type Kind = (typeof kinds)[number];

const h: Harness = harness('hooks');

/** A hook that is a shell script. In the container's own namespaces, sh is the container's. */
function hook(script: string, more: { env?: string[]; timeout?: number; args?: string[] } = {}) {
  return { path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/bin:/usr/bin'], ...more };
}

function hooks(made: Partial<Record<Kind, ReturnType<typeof hook>[]>>): Change {
  return (config) => {
    config.hooks = made;
  };
}

/** The test's directory, in the container as on the host. */
const shared: Change = (config) => {
  config.mounts.push({ destination: h.path('shared'), type: 'bind', source: h.path('shared'), options: ['bind', 'rw'] });
};

describe.skipIf(skipped('hooks', whyNoContainers())).each(hosts)('under $name', (host) => {
  const on = { host };
  let out = '';
  let rootfs = '';

  const told = (name: string): string => {
    try {
      return readFileSync(join(out, name), 'utf8');
    } catch {
      return '';
    }
  };

  beforeEach(async () => {
    await h.expectNothingLeft();
    out = h.path('shared');
    rootfs = h.ownRoot();
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
  });

  const own: Change = (config) => {
    config.root.path = rootfs;
  };

  /** All kinds, each with this script, in which KIND stands for its name. */
  const each = (script: string): Change => hooks(Object.fromEntries(kinds.map((kind) => [kind, [hook(script.replaceAll('KIND', kind))]])));

  it('run in the order of the specification', async () => {
    const id = h.id();
    const call = each(`echo KIND >> ${out}/order`);
    h.ok(['create', '--bundle', h.bundle(own, shared, call, shell(`echo program >> ${out}/order; ${SLEEP}`)), id], on);
    expect(told('order').trim().split('\n')).toEqual(['prestart', 'createRuntime', 'createContainer']);
    h.ok(['start', id], on);
    expect(await until(() => told('order').includes('program'))).toBe(true);
    const started = told('order').trim().split('\n');
    expect(started.slice(0, 4)).toEqual(['prestart', 'createRuntime', 'createContainer', 'startContainer']);
    expect(started.slice(4).sort()).toEqual(['poststart', 'program']);
    h.ok(['kill', id, 'KILL'], on);
    expect(await until(() => h.state(id).status === 'stopped')).toBe(true);
    expect(told('order')).not.toContain('poststop');
    h.ok(['delete', id], on);
    expect(told('order').trim().split('\n').at(-1)).toBe('poststop');
    await h.expectNothingLeft();
  });

  it('run in run, too, each once', async () => {
    const result = h.run([own, shared, each(`echo KIND >> ${out}/order`), shell('true')], on);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(told('order').trim().split('\n')).toEqual([...kinds]);
    await h.expectNothingLeft();
  });

  it('get the state on their standard input', () => {
    const id = h.id();
    const bundle = h.bundle(own, shared, each(`cat > ${out}/KIND.json`), shell(SLEEP), (config) => {
      config.annotations = { 'org.example.key': 'value' };
    });
    h.ok(['create', '--bundle', bundle, id], on);
    const { pid } = h.state(id);
    h.ok(['start', id], on);
    h.ok(['delete', '--force', id], on);
    const status = {
      prestart: 'creating',
      createRuntime: 'creating',
      createContainer: 'creating',
      startContainer: 'created',
      poststart: 'running',
      poststop: 'stopped',
    };
    for (const kind of kinds) {
      const state = JSON.parse(told(`${kind}.json`)) as Record<string, unknown>;
      expect(state).toMatchObject({ id, status: status[kind], bundle, annotations: { 'org.example.key': 'value' } });
      expect(state['ociVersion']).toMatch(/^1\.\d+\.\d+/);
      if (kind !== 'poststop') expect({ kind, pid: state['pid'] }).toEqual({ kind, pid });
    }
  });

  it('run in the namespaces of their kind', () => {
    const id = h.id();
    h.ok(
      [
        'create',
        '--bundle',
        h.bundle(own, shared, each(`for n in mnt uts pid net; do readlink /proc/self/ns/$n; done > ${out}/KIND`), shell(SLEEP)),
        id,
      ],
      on,
    );
    const container = (names: string[]): string =>
      h.ok(['exec', id, 'sh', '-c', `for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done`], on);
    const inside = container(['mnt', 'uts', 'pid', 'net']);
    const outside = h.tsrun([], {
      host: { name: 'node', command: ['/bin/sh', '-c', 'for n in mnt uts pid net; do readlink /proc/self/ns/$n; done'] },
      root: null,
    }).stdout;
    h.ok(['start', id], on);
    h.ok(['delete', '--force', id], on);
    for (const kind of kinds) {
      const runtime = kind !== 'createContainer' && kind !== 'startContainer';
      expect({ kind, ns: told(kind) }).toEqual({ kind, ns: runtime ? outside : inside });
    }
  });

  it('see the root file system as their kind does', () => {
    writeFileSync(join(rootfs, 'etc/inside'), '');
    const id = h.id();
    h.ok(
      [
        'create',
        '--bundle',
        h.bundle(own, shared, each(`test -e /etc/inside && echo inside > ${out}/KIND || echo outside > ${out}/KIND`), shell(SLEEP)),
        id,
      ],
      on,
    );
    h.ok(['start', id], on);
    h.ok(['delete', '--force', id], on);
    for (const kind of kinds)
      expect({ kind, seen: told(kind).trim() }).toEqual({ kind, seen: kind === 'startContainer' ? 'inside' : 'outside' });
  });

  it('begin in the bundle, in the root file system that is about to be the root, or where the program does', () => {
    const id = h.id();
    const bundle = h.bundle(own, shared, each(`pwd > ${out}/KIND`), shell(SLEEP), (config) => (config.process.cwd = '/home'));
    h.ok(['create', '--bundle', bundle, id], on);
    h.ok(['start', id], on);
    h.ok(['delete', '--force', id], on);
    const runtime = { prestart: bundle, createRuntime: bundle, poststart: bundle, poststop: bundle };
    const expected: Record<Kind, string> = { ...runtime, createContainer: rootfs, startContainer: '/home' };
    for (const kind of kinds) expect({ kind, cwd: told(kind).trim() }).toEqual({ kind, cwd: expected[kind] });
  });

  // as under runc
  it('without an environment of their own get that of the runtime, or in the container’s namespaces the program’s', () => {
    const id = h.id();
    const { env: _, ...bare } = hook('');
    const made = Object.fromEntries(kinds.map((kind) => [kind, [{ ...bare, args: ['sh', '-c', `/bin/env > ${out}/${kind}`] }]]));
    const bundle = h.bundle(own, shared, hooks(made), shell(`env > ${out}/program; ${SLEEP}`), (config) => {
      config.process.env = ['PATH=/bin', 'INNER=1', 'INNER=2'];
    });
    const env = { PATH: '/usr/bin:/bin', OUTER: '1' };
    for (const call of [
      ['create', '--bundle', bundle, id],
      ['start', id],
      ['delete', '--force', id],
    ])
      h.ok(call, { ...on, env });
    const seen = (name: string): string[] =>
      told(name)
        .match(/^(PATH|INNER|OUTER|HOME)=.*/gm)
        ?.sort() ?? [];
    const inner = ['INNER=2', 'PATH=/bin'];
    const outer = ['OUTER=1', 'PATH=/usr/bin:/bin'];
    for (const kind of ['prestart', 'createRuntime', 'poststart', 'poststop'])
      expect({ kind, env: seen(kind) }).toEqual({ kind, env: outer });
    expect(seen('createContainer')).toEqual(inner);
    expect(seen('startContainer')).toEqual(['HOME=/root', ...inner]);
  });

  it('of the container without a single variable, where the config says so, have none', () => {
    const made = hook('', { env: [], args: ['sh', '-c', `/bin/env > ${out}/env`] });
    h.run([own, shared, hooks({ startContainer: [made] })], on);
    expect(told('env')).toMatch(/^PWD=/m); // the shell's own
    expect(told('env')).not.toMatch(/^(TERM|HOME)=/m);
  });

  // poll(2) counts milliseconds in 31 bits
  it.each([2_147_484, 2_147_483_647])('may take up to %d s', (timeout) => {
    const patient = { timeout };
    const made = { createRuntime: [hook(`echo 1 >> ${out}/order`, patient)], createContainer: [hook(`echo 2 >> ${out}/order`, patient)] };
    const inside = { startContainer: [hook(`echo 3 >> ${out}/order`, patient)], poststop: [hook(`echo 4 >> ${out}/order`, patient)] };
    expect(h.run([own, shared, hooks({ ...made, ...inside })], on)).toMatchObject({ status: 0, stderr: '' });
    expect(told('order')).toBe('1\n2\n3\n4\n');
  });

  it('get their own arguments and environment, and nothing else', () => {
    const made = hook('', {
      args: ['zero', '-c', `echo $0 "$@" > ${out}/args; env > ${out}/env`, 'one', 'two three'],
      env: ['PATH=/bin:/usr/bin', 'A=b'],
    });
    h.run([own, shared, hooks({ createRuntime: [made] })], on);
    expect(told('args')).toBe('one two three\n');
    expect(
      told('env')
        .trim()
        .split('\n')
        .filter((line) => !/^(PWD|SHLVL|_)=/.test(line))
        .sort(),
    ).toEqual(['A=b', 'PATH=/bin:/usr/bin']);
  });

  it('that do not read their standard input do no harm, however long it is', async () => {
    const annotations = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`org.example.${at}`, 'x'.repeat(100)]));
    const result = h.run([own, shared, each('exec <&-; exit 0'), (config) => (config.annotations = annotations)], on);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    await h.expectNothingLeft();
  });

  it('run one after the other, up to the first that fails', () => {
    const made = [hook(`echo 1 >> ${out}/order`), hook(`echo 2 >> ${out}/order; echo sorry >&2; exit 3`), hook(`echo 3 >> ${out}/order`)];
    const { status, stderr } = h.run([own, hooks({ createRuntime: made })], on);
    expect(status).toBe(1);
    expect(stderr).toMatch(/error running createRuntime hook #1: .*3.*sorry/);
    expect(told('order')).toBe('1\n2\n');
  });

  describe('that fail', () => {
    it.each(['prestart', 'createRuntime', 'createContainer'] as const)('as %s end the creation, and nothing is left', async (kind) => {
      const id = h.id();
      const { status, stderr } = h.tsrun(['create', '--bundle', h.bundle(own, hooks({ [kind]: [hook('exit 1')] })), id], on);
      expect(status).toBe(1);
      expect(stderr).toContain(`error running ${kind} hook #0: `);
      await h.expectNothingLeft();
    });

    const poststop = [hook(`cat > ${h.path('shared')}/poststop; exit 1`), hook(`echo second > ${h.path('shared')}/second`)];

    it.each(['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart'] as const)(
      'as %s have the poststop hooks run behind them, after all is gone',
      async (kind) => {
        const command = kind === 'startContainer' || kind === 'poststart' ? 'run' : 'create';
        const id = h.id();
        const { status, stderr } = h.tsrun([command, '--bundle', h.bundle(own, hooks({ [kind]: [hook('exit 1')], poststop })), id], on);
        expect(status).toBe(1);
        expect(stderr).toContain(`error running ${kind} hook #0: `);
        expect(stderr).toMatch(/level=warning msg=.*error running poststop hook #0/);
        expect(JSON.parse(told('poststop'))).toMatchObject({ id, status: 'stopped' });
        expect(told('second')).toBe('second\n');
        await h.expectNothingLeft();
      },
    );

    it('to be reached have none run', () => {
      const createRuntime = [hook(`echo begun > ${out}/begun`)];
      const mount: Change = (config) => {
        config.mounts.push({ destination: '/x', type: 'bind', source: '/no/such/source', options: ['bind'] });
      };
      expect(h.run([own, mount, hooks({ createRuntime, poststop })], on).status).toBe(1);
      expect([told('begun'), told('poststop')]).toEqual(['', '']);
    });

    it('are followed by the poststop hooks also when something else fails', async () => {
      const missing: Change = (config) => (config.process.args = ['/no/such/program']);
      const { status, stderr } = h.run([own, missing, hooks({ createRuntime: [hook('true')], poststop })], on);
      expect(status).toBe(1);
      expect(stderr).toMatch(/no such file or directory/);
      expect(told('second')).toBe('second\n');
      await h.expectNothingLeft();
    });

    it('as startContainer keep the program from running', async () => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(own, shared, hooks({ startContainer: [hook('exit 1')] }), shell(`touch ${out}/ran`)), id], on);
      const { status, stderr } = h.tsrun(['start', id], on);
      expect(status).toBe(1);
      expect(stderr).toContain('error running startContainer hook #0: ');
      expect(existsSync(join(out, 'ran'))).toBe(false);
      h.ok(['delete', '--force', id], on);
      await h.expectNothingLeft();
      expect(h.run([own, hooks({ startContainer: [hook('exit 1')] })], on)).toMatchObject({ status: 1 });
      await h.expectNothingLeft();
    });

    it('as poststart end the container', async () => {
      const id = h.id();
      const made = { poststart: [hook('exit 1')], poststop: [hook(`echo poststop > ${out}/order`)] };
      h.ok(['create', '--bundle', h.bundle(own, hooks(made), shell(SLEEP)), id], on);
      const { status, stderr } = h.tsrun(['start', id], on);
      expect(status).toBe(1);
      expect(stderr).toContain('error running poststart hook #0: ');
      expect(told('order')).toBe('poststop\n');
      await h.expectNothingLeft();
    });

    it('as poststop are warned of, and the others run', async () => {
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(own, hooks({ poststop: [hook('exit 1'), hook(`echo second > ${out}/order`)] })), id], on);
      const { status, stderr } = h.tsrun(['delete', id], on);
      expect(status).toBe(0);
      expect(stderr).toMatch(/level=warning msg=.*error running poststop hook #0/);
      expect(told('order')).toBe('second\n');
      await h.expectNothingLeft();
    });

    it.each(kinds)('as %s because they are not there say so', async (kind) => {
      const id = h.id();
      const { stderr } = h.tsrun(['run', '--bundle', h.bundle(own, hooks({ [kind]: [{ ...hook(''), path: '/no/such/hook' }] })), id], on);
      expect(stderr).toMatch(new RegExp(`error running ${kind} hook #0: .*no such file or directory`, 'i'));
      await h.expectNothingLeft();
    });

    it.each(['createRuntime', 'createContainer', 'startContainer', 'poststart'] as const)(
      'as %s because of their timeout are killed',
      async (kind) => {
        const made = hook(`echo $$ > ${out}/pid; exec sleep 1000`, { timeout: 1 });
        const { status, stderr } = h.run([own, shared, hooks({ [kind]: [made] }), shell(SLEEP)], on);
        expect(status).toBe(1);
        expect(stderr).toContain(`error running ${kind} hook #0: `);
        expect(stderr).toMatch(/did not end within 1 s|timeout|timed out/);
        // in a pid namespace of its own the number is another
        if (kind === 'createRuntime' || kind === 'poststart') expect(await until(() => !isAlive(Number(told('pid'))))).toBe(true);
        await h.expectNothingLeft();
      },
    );
  });
});
