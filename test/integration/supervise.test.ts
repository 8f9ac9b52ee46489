// Standing in for a foreground program (addon supervise), in a process of its own: signals and terminals are the process's.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { describe, expect, it } from 'vitest';

import { addonPath } from '../fixtures/addon.js';

const supervisor = join(import.meta.dirname, '../fixtures/supervise.mjs');
const terminal = join(import.meta.dirname, '../fixtures/terminal.py');

/** Supervises a shell script. */
function begin(script: string, { subreaper = false } = {}): ChildProcess & { readonly output: Promise<string> } {
  const args = [supervisor, addonPath, '-1', '-1', subreaper ? '1' : '0', 'sh', '-c', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return Object.assign(child, { output: text(child.stdout) });
}

/** Its exit status. */
async function end(child: ChildProcess): Promise<unknown> {
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return status ?? signal;
}

/** Waits until the child has written `wanted`. */
async function said(child: ChildProcess, wanted: string): Promise<void> {
  let all = '';
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => {
      reject(new Error(`ended, having said: ${all}`));
    });
    child.stdout?.on('data', (piece: Buffer) => {
      all += piece.toString();
      if (all.includes(wanted)) resolve();
    });
  });
}

interface Shown {
  readonly status: number;
  readonly shown: string;
  readonly raw: boolean;
  readonly restored: boolean;
}

type Step = { readonly after: string } & ({ readonly type: string } | { readonly resize: [number, number] } | { readonly kill: string });

/** Supervises a script on a terminal of its own, with a person at ours. */
function onTerminal(script: string, steps: readonly Step[] = []): Shown {
  const lines = steps.map((step) => JSON.stringify(step)).join('\n');
  const { stdout, stderr } = spawnSync('python3', [terminal, addonPath, lines, process.execPath, 'sh', '-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Shown;
}

describe('a foreground program', () => {
  it('gives its exit status', async () => {
    expect(await end(begin('exit 42'))).toBe(42);
  });

  it('ended by a signal gives 128 and the signal', async () => {
    expect(await end(begin('kill -KILL $$'))).toBe(137);
  });

  it.each(['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2', 'WINCH', 'TSTP', 'CONT', 'ALRM', '34', '64'])(
    'gets the signal %s',
    async (name) => {
      const child = begin(`trap 'echo got; exit 9' ${name}; echo ready; while :; do sleep 0.05; done`);
      const ended = end(child);
      await said(child, 'ready');
      spawnSync('kill', [`-${name}`, String(child.pid)]);
      expect(await ended).toBe(9);
    },
  );

  it('is stood in for until it ends, whatever signal it ignores', async () => {
    const child = begin(`trap 'echo term' TERM; echo ready; sleep 0.5 & wait; wait; exit 3`);
    const ended = end(child);
    await said(child, 'ready');
    child.kill('SIGTERM');
    expect(await ended).toBe(3);
  });

  it('leaves orphans that a subreaper reaps', async () => {
    // unreaped it would stay there as a zombie
    const child = begin(
      `(sh -c 'echo $$ >&2; exec sleep 0.1' &) 2>&1 | (read pid; while [ -e /proc/$pid ]; do sleep 0.05; done; echo gone); exit 5`,
      { subreaper: true },
    );
    const ended = end(child);
    expect(await child.output).toBe('gone\n');
    expect(await ended).toBe(5);
  });
});

describe('a terminal', () => {
  it('has the size of ours, and ours is raw meanwhile', () => {
    expect(onTerminal('stty size; sleep 1; exit 7')).toEqual({ status: 7, shown: '33 99\r\n', raw: true, restored: true });
  });

  it('gets what is typed, the interrupt key too', () => {
    const { status, shown } = onTerminal('trap "echo INT; exit 5" INT; echo go; read x; echo "<$x>"; while :; do sleep 0.05; done', [
      { after: 'go', type: 'abc\r' },
      { after: '<abc>', type: '\u0003' },
    ]);
    expect(status).toBe(5);
    expect(shown).toMatch(/<abc>\r\n\^CINT\r\n$/);
  });

  it('follows the size of ours', () => {
    const { status, shown } = onTerminal('trap "stty size; exit 6" WINCH; echo go; while :; do sleep 0.05; done', [
      { after: 'go', resize: [50, 120] },
    ]);
    expect(status).toBe(6);
    expect(shown).toBe('go\r\n50 120\r\n');
  });

  it('shows everything that was written before the end', () => {
    const { shown } = onTerminal('seq 1 100000');
    expect(shown).toHaveLength(Array.from({ length: 100000 }, (_, i) => `${i + 1}\r\n`).join('').length);
    expect(shown).toMatch(/\r\n100000\r\n$/);
  });

  it('goes on after the program closed it for a while', () => {
    const { shown, status } = onTerminal('t=$(tty); exec <&- >&- 2>&-; sleep 0.2; exec >$t; echo again; exit 4');
    expect(shown).toBe('again\r\n');
    expect(status).toBe(4);
  });

  it('is not waited for when a background process keeps it open', () => {
    expect(onTerminal('setsid sleep 5 & echo done')).toMatchObject({ status: 0, shown: 'done\r\n' });
  });

  it.each(['SIGSEGV', 'SIGABRT', 'SIGBUS'])('is left as it was when %s ends us', (name) => {
    const result = onTerminal('echo go; exec sleep 1000', [{ after: 'go', kill: name }]);
    expect(result).toMatchObject({ raw: true, restored: true });
    expect(result.status).toBeLessThan(0);
  });

  it('works with standard streams that are closed or no terminal', () => {
    const python = `
import os, pty, subprocess, sys
node, script, addon = sys.argv[1:]
inner, slave = pty.openpty()
def call(**streams):
    p = subprocess.Popen([node, script, addon, str(inner), str(slave), '0', 'sh', '-c', 'read x; echo "<$x>"; exit 8'], pass_fds=(inner, slave), stdout=subprocess.PIPE, **streams)
    out, _ = p.communicate(b'typed\\n' if streams.get('stdin') == subprocess.PIPE else None)
    print(p.returncode, out)
call(stdin=subprocess.PIPE)
p = subprocess.Popen([node, script, addon, str(inner), str(slave), '0', 'sh', '-c', 'echo out; exit 8'], pass_fds=(inner, slave), stdout=subprocess.PIPE, preexec_fn=lambda: os.close(0))
print(p.communicate()[0], p.returncode)
p = subprocess.Popen([node, script, addon, str(inner), str(slave), '0', 'sh', '-c', 'seq 1 100000; exit 8'], pass_fds=(inner, slave), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
p.stdout.close()
print(p.wait())
`;
    const { stdout, stderr } = spawnSync('python3', ['-c', python, process.execPath, supervisor, addonPath], { encoding: 'utf8' });
    expect(stderr).toBe('');
    // echoed, and then answered; line ends are left alone where no terminal needs them
    expect(stdout).toBe("8 b'typed\\n<typed>\\n'\nb'out\\n' 8\n8\n");
  });
});
