import type { FileStatus, Native } from '../../../src/native.js';

/** As the addon throws it. */
export function systemError(code: string, doing: string): Error {
  return Object.assign(new Error(`${doing}: ${code}`), { code, errno: 1, doing });
}

const CORE = {
  'cgroup.subtree_control': '\n',
  'cgroup.events': 'populated 0\nfrozen 0\n',
  'cgroup.freeze': '0\n',
  'cgroup.type': 'domain\n',
  'cgroup.procs': '',
  'cgroup.kill': '',
  'cgroup.max.depth': 'max\n',
  'pids.max': 'max\n',
};

/** A cgroup file system in memory; `calls` is what was asked of it, `fail` throws before a call is carried out. */
export class FakeCgroups {
  readonly directories = new Set<string>();
  readonly files = new Map<string, string>([['/sys/kernel/cgroup/delegate', 'cgroup.procs\nmemory.reclaim\n']]);
  readonly owners = new Map<string, number>();
  readonly descriptors = new Set<number>();
  readonly calls: string[] = [];
  fail: (call: string) => string | undefined = () => undefined;

  constructor(mount: string) {
    this.add(mount);
  }

  add(path: string): void {
    this.directories.add(path);
    for (const [name, text] of Object.entries(CORE)) this.files.set(`${path}/${name}`, text);
  }

  private enter(call: string): void {
    this.calls.push(call);
    const code = this.fail(call);
    if (code !== undefined) throw systemError(code, call);
  }

  private existing(path: string, doing: string): string {
    const text = this.files.get(path);
    if (text === undefined) throw systemError('ENOENT', `${doing} ${path}`);
    return text;
  }

  readonly native = {
    sleep: () => undefined,
    mkdir: (path: string) => {
      this.enter(`mkdir ${path}`);
      if (this.directories.has(path)) throw systemError('EEXIST', `mkdir ${path}`);
      if (!this.directories.has(path.slice(0, path.lastIndexOf('/')))) throw systemError('ENOENT', `mkdir ${path}`);
      this.add(path);
    },
    rmdir: (path: string) => {
      this.enter(`rmdir ${path}`);
      if (!this.directories.has(path)) throw systemError('ENOENT', `rmdir ${path}`);
      if ([...this.directories].some((other) => other.startsWith(`${path}/`))) throw systemError('EBUSY', `rmdir ${path}`);
      this.directories.delete(path);
      for (const file of this.files.keys()) if (file.startsWith(`${path}/`)) this.files.delete(file);
    },
    readFile: (path: string) => {
      this.enter(`read ${path}`);
      return this.existing(path, 'open');
    },
    writeFile: (path: string, text: string) => {
      this.enter(`write ${path}`);
      this.existing(path, 'open');
      this.files.set(path, text);
    },
    readDirectory: (path: string) => {
      if (!this.directories.has(path)) throw systemError('ENOENT', `open ${path}`);
      const all = [...this.directories, ...this.files.keys()];
      return all
        .filter((other) => other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes('/'))
        .map((other) => other.slice(path.length + 1));
    },
    readSubdirectories: (path: string) => {
      if (!this.directories.has(path)) throw systemError('ENOENT', `open ${path}`);
      return [...this.directories]
        .filter((other) => other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes('/'))
        .map((other) => other.slice(path.length + 1));
    },
    lstat: (path: string) => this.status(path),
    stat: (path: string) => this.status(path),
    chown: (path: string, uid: number) => {
      this.enter(`chown ${path}`);
      if (!this.directories.has(path)) this.existing(path, 'chown');
      this.owners.set(path, uid);
    },
    openCgroup: (path: string) => {
      this.enter(`open ${path}`);
      this.descriptors.add(7);
      return 7;
    },
    close: (fd: number) => {
      this.descriptors.delete(fd);
    },
    attachDeviceFilter: () => {
      this.enter('attach');
    },
    waitCgroupEvent: (path: string) => {
      this.enter(`wait ${path}`);
      return true;
    },
  } satisfies Partial<Native>;

  private status(path: string): FileStatus | null {
    const kind = this.directories.has(path) ? 'directory' : this.files.has(path) ? 'file' : null;
    return kind && { kind, mode: 0, uid: 0, gid: 0, size: 0, identity: path, major: 0, minor: 0 };
  }
}
