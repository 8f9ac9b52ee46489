// What the user's program finds itself to be: ids, capabilities, limits, signals, descriptors, and what is said when it is not there.
import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { type Change, harness, hosts, shell, skipped, whyNoContainers } from './harness.js';

const h = harness('process');

/** A process part of the config with these properties. */
function process_(properties: Record<string, unknown>): Change {
  return (config) => {
    Object.assign(config.process, properties);
  };
}

/** What an error said: the text in a line of the log. */
function message(stderr: string): string {
  const quoted = / msg=("(?:[^"\\]|\\.)*")$/m.exec(stderr)?.[1];
  return quoted === undefined ? stderr.trim() : (JSON.parse(quoted) as string);
}

const STATUS = 'grep -E "^(Uid|Gid|Groups|Umask|Cap...|NoNewPrivs|SigBlk|SigIgn):" /proc/self/status | tr -s "\\t " " "';

/** Field `name` of /proc/self/status as `STATUS` prints it. */
function field(stdout: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*?) ?$`, 'm').exec(stdout)?.[1];
}

describe.skipIf(skipped('the process', whyNoContainers())).each(hosts)('the process under $name', (host) => {
  const needsExecutable =
    host.name === 'node' ? 'Node raises the limit on descriptors, and nobody knows which of them are its own' : undefined;

  const output = (...changes: Change[]): string => {
    const { status, stdout, stderr } = h.run(changes, { host });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  const refusal = (...changes: Change[]): { status: number; stderr: string } => {
    const { status, stderr } = h.run(changes, { host });
    return { status, stderr: message(stderr) };
  };

  describe('user', () => {
    it('has its ids, its groups and no others, and its umask', () => {
      const stdout = output(shell(STATUS), process_({ user: { uid: 1000, gid: 1001, additionalGids: [5, 7], umask: 0o027 } }));
      expect(field(stdout, 'Uid')).toBe('1000 1000 1000 1000');
      expect(field(stdout, 'Gid')).toBe('1001 1001 1001 1001');
      expect(field(stdout, 'Groups')).toBe('5 7');
      expect(field(stdout, 'Umask')).toBe('0027');
    });

    it('has umask 022 unless it says otherwise', () => {
      expect(field(output(shell(STATUS)), 'Umask')).toBe('0022');
      expect(field(output(shell(STATUS), process_({ user: { uid: 0, gid: 0, umask: 0 } })), 'Umask')).toBe('0000');
    });

    it('can reopen its standard streams', () => {
      expect(output(shell('echo hello > /proc/self/fd/1'), process_({ user: { uid: 1000, gid: 1000 } }))).toBe('hello\n');
    });

    it('gets HOME from the image unless the config has it', () => {
      const home = (uid: number, ...env: string[]): string =>
        output(shell('echo $HOME'), process_({ user: { uid, gid: 0 }, env: ['PATH=/bin', ...env] })).trim();
      expect(home(0)).toBe('/root');
      expect(home(1000)).toBe('/home');
      expect(home(4711)).toBe('/');
      expect(home(0, 'HOME=/x')).toBe('/x');
      expect(home(0, 'HOME=')).toBe('/root');
    });

    it.each([
      ['a FIFO', (path: string) => `mkfifo ${path}`],
      ['a symlink to a device', (path: string) => `ln -s /dev/zero ${path}`],
    ])('does without /etc/passwd that is %s', async (_, make) => {
      const root = h.ownRoot();
      const path = join(root, 'etc/passwd');
      unlinkSync(path);
      const { spawnSync } = await import('node:child_process');
      spawnSync('sh', ['-c', make(path)]);
      const stdout = output(shell('echo $HOME'), (config) => {
        config.root.path = root;
        config.process.env = ['PATH=/bin'];
      });
      expect(stdout).toBe('/\n');
    });

    it('is not misled by what an image writes into /etc/passwd', () => {
      const root = h.ownRoot();
      const path = join(root, 'etc/passwd');
      unlinkSync(path);
      const lines = [
        '',
        ':::',
        'a:x:0x0:0::/hex:',
        'b:x: 0:0::/space:',
        'c:x:4294967296:0::/wrap:',
        'd:x::0::/empty:',
        `e:x:0:0::${'/long'.repeat(2000)}:`,
      ];
      writeFileSync(path, `${lines.slice(0, 6).join('\n')}\nroot:x:0:0:root:/right`);
      const home = (): string =>
        output(shell('echo $HOME'), (config) => {
          config.root.path = root;
          config.process.env = ['PATH=/bin'];
        });
      expect(home()).toBe('/right\n');
      writeFileSync(path, lines.join('\n'));
      expect(home()).toBe('/\n');
    });
  });

  describe('capabilities', () => {
    const CHOWN = 1n << 0n;
    const KILL = 1n << 5n;
    const NET_BIND = 1n << 10n;
    const mask = (bits: bigint): string => bits.toString(16).padStart(16, '0');

    it('are what the config names, and inheritable ones none unless named', () => {
      const stdout = output(
        shell(STATUS),
        process_({
          capabilities: {
            bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'],
            effective: ['CAP_KILL'],
            permitted: ['CAP_KILL', 'CAP_CHOWN'],
          },
        }),
      );
      expect(field(stdout, 'CapBnd')).toBe(mask(CHOWN | KILL | NET_BIND));
      expect(field(stdout, 'CapInh')).toBe(mask(0n));
      expect(field(stdout, 'CapAmb')).toBe(mask(0n));
      // with no_new_privs root gains nothing by execve, and all it has is effective (man 7 capabilities)
      expect(field(stdout, 'CapPrm')).toBe(mask(CHOWN | KILL));
    });

    it('of another user than root are the ambient ones', () => {
      const set = ['CAP_NET_BIND_SERVICE'];
      const stdout = output(
        shell(STATUS),
        process_({
          user: { uid: 1000, gid: 1000 },
          capabilities: { bounding: [...set, 'CAP_KILL'], effective: set, permitted: set, inheritable: set, ambient: set },
        }),
      );
      for (const name of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) expect(field(stdout, name)).toBe(mask(NET_BIND));
      expect(field(stdout, 'CapBnd')).toBe(mask(NET_BIND | KILL));
    });

    it('are none when the config has none', () => {
      const stdout = output(shell(STATUS), (config) => {
        delete config.process.capabilities;
      });
      for (const name of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb', 'CapBnd']) expect(field(stdout, name)).toBe(mask(0n));
    });
  });

  it('has no_new_privs as the config says', () => {
    expect(field(output(shell(STATUS), process_({ noNewPrivileges: true })), 'NoNewPrivs')).toBe('1');
    expect(field(output(shell(STATUS), process_({ noNewPrivileges: false })), 'NoNewPrivs')).toBe('0');
  });

  it('has its limits', () => {
    const rlimits = [
      { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      { type: 'RLIMIT_STACK', soft: 1 << 20, hard: 8 << 20 },
    ];
    const stdout = output(shell('cat /proc/self/limits'), process_({ rlimits }));
    expect(stdout).toMatch(/^Max open files +100 +200 /m);
    expect(stdout).toMatch(/^Max core file size +0 +0 /m);
    expect(stdout).toMatch(/^Max stack size +1048576 +8388608 /m);
  });

  it.skipIf(skipped(`the limit of hooks under ${host.name}`, needsExecutable))(
    "gives hooks on the host its caller's limit on descriptors",
    () => {
      const file = h.path(h.id('limit'));
      const hook = { path: '/bin/sh', args: ['sh', '-c', `ulimit -Sn > ${file}; ulimit -Hn >> ${file}`] };
      const command = ['sh', '-c', 'ulimit -Sn 321; ulimit -Hn 654; exec "$@"', 'sh', ...host.command];
      const change: Change = (config) => {
        config.process.rlimits = [];
        config.hooks = { createRuntime: [hook] };
      };
      expect(h.run([change], { host: { name: host.name, command } })).toMatchObject({ status: 0, stderr: '' });
      expect(readFileSync(file, 'utf8')).toBe('321\n654\n');
    },
  );

  it('can live with very few descriptors', () => {
    expect(output(shell('echo hello'), process_({ rlimits: [{ type: 'RLIMIT_NOFILE', soft: 4, hard: 4 }] }))).toBe('hello\n');
  });

  it("has its caller's limit on descriptors where the config has none", () => {
    const stdout = output(shell('grep "open files" /proc/self/limits | tr -s " "'), process_({ rlimits: [] }));
    const ours = /^(Max open files.*?) *$/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]?.replace(/ +/g, ' ');
    // Node raises its own, and with it that of what it starts
    if (host.name === 'tsrun') expect(stdout.trim()).toBe(ours);
  });

  it('has default signals, none blocked', () => {
    const stdout = output(shell(STATUS));
    expect(field(stdout, 'SigBlk')).toBe('0000000000000000');
    expect(field(stdout, 'SigIgn')).toBe('0000000000000000');
  });

  it('leads a session of its own', () => {
    const [pid, session] = output(shell('cut -d" " -f1,6 /proc/1/stat')).trim().split(' ');
    expect(session).toBe(pid);
  });

  it('has a session keyring of its own', () => {
    expect(output(shell('cat /proc/keys'))).not.toMatch(/_ses\b(?!\.)/);
  });

  describe('descriptors', () => {
    const LIST = 'for f in /proc/$$/fd/*; do [ -e $f ] && echo -n "${f##*/} "; done';

    it('are the standard streams only', () => {
      const fd = openSync('/', 'r');
      try {
        const { stdout } = h.run([shell(LIST)], { host, passed: [fd, fd] });
        // the shell keeps its own copy of a descriptor at 10 and up at times
        expect(stdout.split(' ').filter((n) => n !== '' && Number(n) < 10)).toEqual(['0', '1', '2']);
      } finally {
        closeSync(fd);
      }
    });

    it.skipIf(skipped(`preserved descriptors under ${host.name}`, needsExecutable))('are also what was preserved', () => {
      const fd = openSync('/etc/hostname', 'r');
      try {
        const { stdout } = h.run([shell(LIST)], { host, passed: [fd], flags: ['--preserve-fds', '1'] });
        expect(stdout.split(' ').filter((n) => n !== '' && Number(n) < 10)).toEqual(['0', '1', '2', '3']);
      } finally {
        closeSync(fd);
      }
    });
  });

  describe('working directory', () => {
    it('is made when it is missing', () => {
      const root = { path: h.ownRoot(), readonly: false };
      expect(output(shell('pwd'), process_({ cwd: '/made/here' }), (config) => Object.assign(config, { root }))).toBe('/made/here\n');
    });

    it('is refused when it is a file', () => {
      expect(refusal(process_({ cwd: '/etc/passwd' })).stderr).toMatch(/not a directory/);
    });

    // CVE-2024-21626
    it.each([3, 4, 5, 6, 7, 8, 9, 10, 12])('cannot be a directory of the host by way of /proc/self/fd/%d', (fd) => {
      // what is open at that number is nothing, no directory, or the container's own root
      const { status, stdout } = h.run([shell('pwd; ls'), process_({ cwd: `/proc/self/fd/${fd}` })], { host });
      if (status !== 0) expect(stdout).toBe('');
      else expect(stdout).toBe(output(shell('pwd; ls')));
    });

    // Node takes the numbers for itself
    it.skipIf(skipped(`a directory passed to ${host.name}`, needsExecutable))(
      'cannot be a directory of the host by way of a descriptor that the caller passes',
      () => {
        const passed = openSync('/', 'r');
        try {
          const cwd = '/proc/self/fd/3';
          const options = { host, passed: [passed] };
          const run = h.run([shell('ls'), process_({ cwd })], { ...options, flags: ['--preserve-fds', '1'] });
          expect({ status: run.status, stdout: run.stdout }).toEqual({ status: 1, stdout: '' });
          const exec = h.tsrun(['exec', '--preserve-fds', '1', '--cwd', cwd, h.running(), 'ls'], options);
          expect({ status: exec.status, stdout: exec.stdout }).toEqual({ status: 255, stdout: '' });
          expect(message(exec.stderr)).toMatch(
            // it is not yet in the pid namespace of that procfs
            /current working directory is outside of the container's root|too many levels of symbolic links|no such file or directory/,
          );
        } finally {
          closeSync(passed);
        }
      },
    );

    it('of an exec cannot be a descriptor of ours', () => {
      const id = h.running();
      const inside = h.ok(['exec', id, 'sh', '-c', 'pwd; ls'], { host });
      for (let fd = 3; fd < 16; fd++) {
        const { status, stdout } = h.tsrun(['exec', '--cwd', `/proc/self/fd/${fd}`, id, 'sh', '-c', 'pwd; ls'], { host });
        expect([status, stdout]).toEqual(status === 0 ? [0, inside] : [255, '']);
      }
    });
  });

  describe('program', () => {
    it.each([
      ['no-such-program', 'exec: "no-such-program": executable file not found in $PATH'],
      ['/no/such/program', 'exec: "/no/such/program": no such file or directory'],
      ['/etc', 'exec: "/etc": is a directory'],
      ['/etc/passwd', 'exec: "/etc/passwd": permission denied'],
      ['/etc/passwd/x', 'exec: "/etc/passwd/x": not a directory'],
      ['/dev/null', 'exec: "/dev/null": permission denied'],
    ])('%s is refused in the words that callers know', (program, words) => {
      const { status, stderr } = refusal(process_({ args: [program] }));
      expect(status).toBe(1);
      expect(stderr).toBe(`tsrun run failed: unable to start container process: ${words}`);
    });

    it('without its interpreter says so', () => {
      const root = h.ownRoot();
      writeFileSync(join(root, 'bin/broken'), '#!/no/such/interpreter\n', { mode: 0o755 });
      const { stderr } = refusal(process_({ args: ['broken'] }), (config) => {
        config.root.path = root;
      });
      expect(stderr).toMatch(/exec \/bin\/broken: no such file or directory$/);
    });

    it('is looked up in the usual places without PATH, and as argv[0] stays what it was called', () => {
      expect(output(process_({ args: ['sh', '-c', 'echo $0'], env: [] }))).toBe('sh\n');
    });

    it('has exactly its environment and arguments', () => {
      const stdout = output(
        process_({
          args: ['sh', '-c', 'env | sort; for a; do echo "<$a>"; done', '', 'a b', '', '$x'],
          env: ['PATH=/bin', 'A=1', 'B==', 'A=2', 'HOME=/h', 'PWD=/'],
        }),
      );
      expect(stdout.replace(/^(SHLVL|PWD|OLDPWD)=.*\n/gm, '')).toBe('A=2\nB==\nHOME=/h\nPATH=/bin\n<a b>\n<>\n<$x>\n');
    });
  });

  describe('hooks in the container', () => {
    const failing = (kind: string, script: string, timeout?: number): Change => {
      return (config) => {
        config.hooks = { [kind]: [{ path: '/bin/sh', args: ['sh', '-c', script], ...(timeout === undefined ? {} : { timeout }) }] };
      };
    };

    it('that fail say what they said, and nothing stays behind', async () => {
      for (const kind of ['createContainer', 'startContainer']) {
        const { status, stderr } = refusal(failing(kind, 'echo oh no >&2; exit 3'));
        expect(status).toBe(1);
        expect(stderr).toMatch(new RegExp(`error running ${kind} hook #0: exit status 3, stderr: oh no$`));
      }
      await h.expectNothingLeft();
    });

    it('get the state on their stdin', () => {
      expect(refusal(failing('createContainer', 'grep -o \'"status": *"[a-z]*"\' >&2; exit 1')).stderr).toMatch(/"status": ?"creating"$/);
      expect(refusal(failing('startContainer', 'grep -o \'"status": *"[a-z]*"\' >&2; exit 1')).stderr).toMatch(/"status": ?"created"$/);
    });

    it('are ended when their time is up', () => {
      expect(refusal(failing('startContainer', 'sleep 30', 1)).stderr).toMatch(/startContainer hook #0: .*timeout/);
    });
  });
});
