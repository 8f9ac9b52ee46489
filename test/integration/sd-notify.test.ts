// NOTIFY_SOCKET: what a container says to the service manager arrives there, by way of us, and nothing else does.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  SLEEP,
  harness,
  hosts,
  isAlive,
  shell,
  skipped,
  until,
  whyNoContainers,
  without,
  type CallOptions,
  type Change,
  type Harness,
} from './harness.js';

const h: Harness = harness('sd-notify');

interface Message {
  readonly text: string;
  readonly pid: number;
  readonly fds: number;
}

interface Manager {
  readonly path: string;
  readonly pid: number;
  readonly heard: () => Message[];
  readonly end: () => void;
}

let managers: Manager[] = [];

/** One that listens at `path`. */
async function listening(path = h.path(h.id('manager'))): Promise<Manager> {
  const child = spawn('python3', [join(import.meta.dirname, '../fixtures/manager.py'), path], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  const all = (): Message[] =>
    said
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Message);
  const made = { path, pid: child.pid ?? 0, heard: () => all().slice(1), end: () => void child.stdin.end() };
  managers.push(made);
  expect(await until(() => all().length > 0)).toBe(true);
  return made;
}

/** The processes that pass on to that socket. */
function proxies(path: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words[1] === 'notify' && words[2] === path;
      } catch {
        return false;
      }
    });
}

const texts = (manager: Manager): string[] =>
  manager
    .heard()
    .filter(({ text }) => text !== 'BARRIER=1')
    .map(({ text }) => text);

function whyNot(): string | undefined {
  const reason = whyNoContainers();
  if (reason !== undefined) return reason;
  if (existsSync(join(import.meta.dirname, '../fixtures/sd-notify'))) return undefined;
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs gcc';
  }
}

describe.skipIf(skipped('sd_notify', whyNot())).each(hosts)('under $name', (host) => {
  let rootfs = '';
  let program = '';

  beforeAll(() => {
    program = join(import.meta.dirname, '../fixtures/sd-notify');
    if (existsSync(program)) return;
    program = h.path('sd-notify');
    execFileSync('gcc', ['-O1', '-D_GNU_SOURCE', '-static', '-o', program, join(import.meta.dirname, '../fixtures/sd-notify.c')]);
  });

  beforeEach(async () => {
    await h.expectNothingLeft();
    rootfs = h.ownRoot();
    copyFileSync(program, join(rootfs, 'bin/sd-notify'));
  });

  afterEach(() => {
    for (const manager of managers) {
      process.kill(manager.pid, 'SIGCONT');
      manager.end();
    }
    managers = [];
  });

  const own: Change = (config) => {
    config.root.path = rootfs;
  };
  const by = (manager: Manager) => ({ host, env: { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET: manager.path } });

  it('run in the foreground passes everything on, as the main process that it stays', async () => {
    const manager = await listening();
    const script = shell(
      'sd-notify STATUS=one; sd-notify "READY=1\nSTATUS=two"; sd-notify RELOADING=1 READY=1 X_OWN=x; sd-notify STOPPING=1',
    );
    const call = h.spawn(['run', '--bundle', h.bundle(own, script), h.id()], by(manager));
    expect(await call.ended).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await until(() => texts(manager).length === 6)).toBe(true);
    const main = `MAINPID=${call.pid}\n`;
    const words = ['STATUS=one\n', `READY=1\nSTATUS=two\n${main}`, 'RELOADING=1\n', `READY=1\n${main}`, 'X_OWN=x\n', 'STOPPING=1\n'];
    expect(texts(manager)).toEqual(words);
    for (const { pid, fds } of manager.heard()) expect({ pid, fds }).toEqual({ pid: call.pid, fds: 0 });
    expect(proxies(manager.path)).toEqual([]);
    await h.expectNothingLeft();
  });

  it('run --detach returns when the container is ready, and leaves somebody to pass on the rest, until its end', async () => {
    const manager = await listening();
    const id = h.id();
    const go = h.path(`${id}.go`);
    const mount: Change = (config) => {
      config.mounts.push({ destination: h.scratch, type: 'bind', source: h.scratch, options: ['rbind', 'rw'] });
    };
    const script = `sd-notify STATUS=one; sd-notify READY=1; until [ -e ${go} ]; do sleep 0.02; done; sd-notify STATUS=two; ${SLEEP}`;
    const call = h.tsrun(['run', '--detach', '--bundle', h.bundle(own, mount, shell(script)), id], by(manager));
    expect(call).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const { pid } = h.state(id);
    // heard before the call returned: it has seen to that
    expect(
      texts(manager)
        .concat(await said(manager, 2))
        .slice(0, 2),
    ).toEqual(['STATUS=one\n', `READY=1\nMAINPID=${pid}\n`]);
    expect(await until(() => proxies(manager.path).length === 1)).toBe(true);
    const [proxy = 0] = proxies(manager.path);
    // it keeps nothing of ours, in particular no stream that somebody reads to its end
    expect(['0', '1', '2'].map((fd) => readlinkSync(`/proc/${proxy}/fd/${fd}`))).toEqual([
      expect.stringMatching(/^socket:/),
      'anon_inode:[pidfd]',
      '/dev/null',
    ]);
    expect(readdirSync(`/proc/${proxy}/fd`)).toHaveLength(3);
    expect(await until(() => readlinkSync(`/proc/${proxy}/cwd`) === '/')).toBe(true);
    expect(readFileSync(`/proc/${proxy}/environ`, 'utf8')).toBe('');
    execFileSync('touch', [go]);
    expect(await said(manager, 3)).toEqual(['STATUS=one\n', `READY=1\nMAINPID=${pid}\n`, 'STATUS=two\n']);
    // sent in the name of the container's process: a manager listens to no other by then
    expect(manager.heard().find(({ text }) => text === 'STATUS=two\n')?.pid).toBe(pid);
    h.ok(['delete', '--force', id]);
    expect(await until(() => !isAlive(proxy))).toBe(true);
    await h.expectNothingLeft();
  });

  async function said(manager: Manager, count: number): Promise<string[]> {
    expect(await until(() => texts(manager).length >= count)).toBe(true);
    return texts(manager);
  }

  it('create and start do the same between them, whichever of them is told of the manager', async () => {
    for (const told of ['both', 'create'] as const) {
      const manager = await listening();
      const id = h.id();
      h.ok(['create', '--bundle', h.bundle(own, shell(`sd-notify READY=1 STATUS=up; ${SLEEP}`)), id], by(manager));
      expect(proxies(manager.path)).toEqual([]);
      const start = h.tsrun(['start', id], told === 'both' ? by(manager) : { host });
      expect(start).toMatchObject({ status: 0, stdout: '', stderr: '' });
      const { pid } = h.state(id);
      expect(await said(manager, 2)).toEqual([`READY=1\nMAINPID=${pid}\n`, 'STATUS=up\n']);
      expect(await until(() => proxies(manager.path).length === 1)).toBe(true);
      h.ok(['kill', id, 'KILL']);
      expect(await until(() => proxies(manager.path).length === 0)).toBe(true);
      h.ok(['delete', '--force', id]);
    }
    await h.expectNothingLeft();
  });

  it('a container that ends without being ready keeps nobody waiting, and its last words arrive', async () => {
    const manager = await listening();
    const id = h.id();
    expect(h.tsrun(['run', '--detach', '--bundle', h.bundle(own, shell('sd-notify STATUS=sorry')), id], by(manager)).status).toBe(0);
    expect(await said(manager, 1)).toEqual(['STATUS=sorry\n']);
    const other = h.id();
    h.ok(['create', '--bundle', h.bundle(own, shell('sd-notify STATUS=again')), other], by(manager));
    expect(h.tsrun(['start', other], by(manager)).status).toBe(0);
    expect(await said(manager, 2)).toEqual(['STATUS=sorry\n', 'STATUS=again\n']);
    expect(await until(() => proxies(manager.path).length === 0)).toBe(true);
  });

  it('others may have to do with a container that start waits for', async () => {
    const manager = await listening();
    const id = h.id();
    h.ok(['create', '--bundle', h.bundle(own, shell(SLEEP)), id], by(manager));
    const start = h.spawn(['start', id], by(manager));
    expect(await until(() => h.state(id).status === 'running')).toBe(true);
    h.ok(['exec', id, 'true']);
    expect(isAlive(start.pid)).toBe(true);
    h.ok(['delete', '--force', id]);
    expect((await start.ended).status).toBe(0);
  });

  it('what is not the container’s to say is left out: pids, descriptors, who may say more', async () => {
    const manager = await listening();
    // the manager ends lines at \r too, and takes backslashes out
    const twofold = ['"STATUS=x\rMAINPID=7\rNOTIFYACCESS=all"', "'MAIN\\PID=7'", "'STATUS=a\\'"];
    const plain = ['MAINPID=1', 'NOTIFYACCESS=all', '"-FDSTORE=1\nFDNAME=x\nSTATUS=kept"', '-BARRIER=1', 'nonsense', '=x', 'SOMETHING=1'];
    const sent = [...plain, ...twofold, 'ERRNO=2'];
    const call = h.spawn(['run', '--bundle', h.bundle(own, shell(`sd-notify ${sent.join(' ')}`)), h.id()], by(manager));
    expect(await call.ended).toMatchObject({ status: 0 });
    expect(await said(manager, 3)).toEqual([`MAINPID=${call.pid}\n`, 'STATUS=kept\n', 'ERRNO=2\n']);
    expect(manager.heard().every(({ fds }) => fds === 0)).toBe(true);
  });

  it('the container sees a directory with a socket of ours, to which any user may send, and not the manager’s', async () => {
    const manager = await listening();
    const look = shell('echo $NOTIFY_SOCKET; ls /run/notify; touch /run/notify/x 2>/dev/null && echo writable; sd-notify STATUS=user');
    const user: Change = (config) => {
      config.process.user = { uid: 1234, gid: 1234 };
    };
    const { status, stdout } = h.tsrun(['run', '--bundle', h.bundle(own, user, look), h.id()], by(manager));
    expect({ status, stdout }).toEqual({ status: 0, stdout: '/run/notify/notify.sock\nnotify.sock\n' });
    expect(await said(manager, 1)).toEqual(['STATUS=user\n']);
  });

  it('works in a user namespace, whose root may not enter the state directory', async () => {
    const manager = await listening();
    rootfs = h.ownRoot({ uid: 100_000, gid: 100_000 });
    copyFileSync(program, join(rootfs, 'bin/sd-notify'));
    const mapped: Change = (config) => {
      config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
      config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65536 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65536 }];
    };
    const id = h.id();
    const call = h.tsrun(['run', '--detach', '--bundle', h.bundle(own, mapped, shell(`sd-notify READY=1; ${SLEEP}`)), id], by(manager));
    expect(call).toMatchObject({ status: 0, stderr: '' });
    expect(await said(manager, 1)).toEqual([`READY=1\nMAINPID=${h.state(id).pid}\n`]);
  });

  describe('a manager that does not read', () => {
    /** It is stopped, and its queue is full. */
    async function deaf(): Promise<Manager & { readonly hear: () => void }> {
      const manager = await listening();
      process.kill(manager.pid, 'SIGSTOP');
      // it would go on reading for a moment
      expect(await until(() => readFileSync(`/proc/${manager.pid}/stat`, 'utf8').includes(') T '))).toBe(true);
      execFileSync(program, ['*X_FILL=1'], { env: { NOTIFY_SOCKET: manager.path } });
      return { ...manager, hear: () => process.kill(manager.pid, 'SIGCONT') };
    }
    const kept = (manager: Manager): string[] => texts(manager).filter((text) => text !== 'X_FILL=1');
    /** How much longer it may take than where nobody is told: far below what waiting for the manager once takes, 5 s. */
    const PATIENCE = 4_000;
    /** Milliseconds from `begin` to the end of a container with this script, which must have status 3. */
    const taken = async (script: string, options: CallOptions, begin?: (call: ReturnType<Harness['spawn']>) => Promise<void>) => {
      let begun = Date.now();
      const call = h.spawn(['run', '--bundle', h.bundle(own, shell(script)), h.id()], options);
      if (begin !== undefined) {
        await begin(call);
        begun = Date.now();
        call.kill('SIGTERM');
      }
      expect(await call.ended).toMatchObject({ status: 3, stderr: '' });
      return Date.now() - begun;
    };

    it('does not delay the end of run', async () => {
      const manager = await deaf();
      const script = '[ -z "$NOTIFY_SOCKET" ] || sd-notify A=1 STATUS=1 STATUS=2 STATUS=3; exit 3';
      const alone = await taken(script, { host });
      expect((await taken(script, by(manager))) - alone).toBeLessThan(PATIENCE);
      manager.hear();
    });

    it('does not keep signals from a container that does not stop talking', async () => {
      const manager = await deaf();
      const script =
        'trap "exit 3" TERM; [ -z "$NOTIFY_SOCKET" ] || sd-notify "*STATUS=1"; echo full; while :; do sd-notify "*STATUS=2"; done';
      const full = async (call: ReturnType<Harness['spawn']>): Promise<void> => {
        expect(await until(() => call.out().includes('full'))).toBe(true);
      };
      const alone = await taken(script, { host }, full);
      expect((await taken(script, by(manager), full)) - alone).toBeLessThan(PATIENCE);
      manager.hear();
    });

    it('gets everything once it does, in order', async () => {
      const manager = await deaf();
      const words = Array.from({ length: 30 }, (_, at) => `STATUS=${at}`);
      const id = h.id();
      const call = h.spawn(
        ['run', '--detach', '--bundle', h.bundle(own, shell(`sd-notify ${words.join(' ')} READY=1 STATUS=last; ${SLEEP}`)), id],
        by(manager),
      );
      expect(await until(() => h.status(id) === 'running')).toBe(true);
      manager.hear();
      expect(await call.ended).toMatchObject({ status: 0, stderr: '' });
      const all = [...words.map((word) => `${word}\n`), `READY=1\nMAINPID=${h.state(id).pid}\n`, 'STATUS=last\n'];
      expect(await until(() => kept(manager).length === all.length)).toBe(true);
      expect(kept(manager)).toEqual(all);
    });
  });

  it('an abstract socket will do, and one that nobody listens at does no harm', async () => {
    const manager = await listening(`@${h.tag}-${host.name}`);
    expect(h.tsrun(['run', '--bundle', h.bundle(own, shell('sd-notify STATUS=x')), h.id()], by(manager)).status).toBe(0);
    expect(await said(manager, 1)).toEqual(['STATUS=x\n']);
    const nobody = { host, env: { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET: h.path('nobody') } };
    const result = h.tsrun(['run', '--detach', '--bundle', h.bundle(own, shell('sd-notify READY=1')), h.id()], nobody);
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });

  it.each(['relative/path', 'vsock:2:1234', '@', `/${'x'.repeat(108)}`])('NOTIFY_SOCKET=%s is ignored with a warning', (value) => {
    const env = { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET: value };
    const { status, stdout, stderr } = h.run([shell('echo "<$NOTIFY_SOCKET>"')], { host, env });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '<>\n' });
    expect(stderr).toMatch(/level=warning msg="ignoring NOTIFY_SOCKET: /);
  });

  it('without a mount namespace there is no place for it, which is said', async () => {
    const manager = await listening();
    const bare: Change = (config) => {
      without('mount')(config);
      config.mounts = [];
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
      config.root.readonly = false;
    };
    const { stderr } = h.run([own, bare, shell('true')], by(manager));
    expect(stderr).toContain('ignoring NOTIFY_SOCKET: without a mount namespace');
  });
});
