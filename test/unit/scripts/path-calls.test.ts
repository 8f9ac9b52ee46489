import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { checkPathCalls, pathCalls } from '../../../scripts/lib/path-calls.mjs';

describe('the check for system calls by path', () => {
  it.each([
    ['const Fd a(open(path, O_RDONLY));', ['open']],
    ['  return ::mkdir(path, 0755);', ['mkdir']],
    ['if (sys::openat2(root, name, 0, 0, 0) < 0) return;', ['openat2']],
    ['else chmod(path, 0);', ['chmod']],
    ['syscall(SYS_openat2, root, path, &how, sizeof how);', ['SYS_openat2']],
    ['mount(a,\n  b, nullptr, 0, nullptr);\nunlinkat(fd, name, 0);', ['mount', 'unlinkat']],
  ])('finds %j', (source, calls) => {
    expect(pathCalls(source).map(({ call }) => call)).toEqual(calls);
  });

  it.each([
    'fchownat(fd, "", uid, gid, AT_EMPTY_PATH);',
    'sys::open_tree(fd.get(), "", flags);',
    'chdir("/");',
    'sys::pivot_root(".", ".");',
    '// open(path) is for the host',
    'Status mount(Context& context, Arguments arguments) {',
    '  Fd mount(sys::fsmount(fs, 0, 0));',
    'PlanReader::open(data, size);',
    'reader.open(data); reader->stat(x);',
    'reopen(context, fd, flags);',
  ])('says nothing of %j', (source) => {
    expect(pathCalls(source)).toEqual([]);
  });

  it('names the line, and refuses a call where there was none before', () => {
    const files = ['native/rootfs/mask.cc', 'native/rootfs/symlink.cc'];
    const read = (file: string): string => {
      const text = readFileSync(file, 'utf8');
      return file.endsWith('mask.cc') ? `${text}int f(const char* p) {\n  return open(p, 0);\n}\n` : text;
    };
    const [problem, ...more] = checkPathCalls(read, files);
    expect(more).toEqual([]);
    expect(problem).toMatch(/^native\/rootfs\/mask\.cc:\d+: open by path/);
  });

  it('finds nothing in the sources', () => {
    expect(checkPathCalls()).toEqual([]);
  });
});
