// Cgroups that were there before the container: they are somebody else's.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SLEEP, cgroupMount, harness, hosts, shell, skipped, until, whyNoContainers, type Change } from './harness.js';

const h = harness('before');
const mount = cgroupMount() ?? '';

describe.skipIf(skipped('cgroups of others', whyNoContainers() ?? (mount === '' ? 'needs cgroup v2' : undefined))).each(hosts)(
  'under $name',
  (host) => {
    /** A cgroup of the host's with another one in it, and the config that names it. */
    function found(): { readonly path: string; readonly use: Change } {
      const name = `/${h.id('cgroup')}`;
      const path = mount + name;
      mkdirSync(join(path, 'inner'), { recursive: true });
      return {
        path,
        use: ({ linux }) => {
          linux.cgroupsPath = name;
        },
      };
    }
    const cgroups = (path: string): string[] =>
      readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
    const remove = (path: string): void => {
      for (const name of cgroups(path)) rmdirSync(join(path, name));
      rmdirSync(path);
    };

    it('stay when a container is deleted; what it made in them goes', () => {
      const { path, use } = found();
      const id = h.running([use, shell(SLEEP)], { host });
      mkdirSync(join(path, 'made/below'), { recursive: true });
      h.ok(['delete', '--force', id], { host });
      expect(existsSync(path)).toBe(true);
      expect(cgroups(path)).toEqual(['inner']);
      // and can be used again
      const again = h.running([use, shell(SLEEP)], { host });
      expect(h.ok(['exec', again, 'grep', '-h', '^0::', '/proc/1/cgroup', '/proc/self/cgroup'], { host })).toBe('0::/\n0::/\n');
      expect(readFileSync(`${path}/cgroup.procs`, 'utf8').split('\n')).toContain(String(h.state(again).pid));
      h.ok(['delete', '--force', again], { host });
      expect(cgroups(path)).toEqual(['inner']);
      remove(path);
    });

    it('stay when the state is damaged, and when create fails', async () => {
      const { path, use } = found();
      const id = h.running([use, shell(SLEEP)], { host });
      const { pid } = h.state(id);
      writeFileSync(join(h.root, id, 'state.json'), '{');
      mkdirSync(join(path, 'made'));
      h.ok(['delete', '--force', id], { host });
      expect(cgroups(path)).toEqual(['inner']);
      expect(await until(() => !existsSync(`/proc/${pid}`))).toBe(true);
      const failing: Change = ({ process }) => {
        process.args = ['/no/such'];
      };
      expect(h.run([use, failing], { host }).status).not.toBe(0);
      expect(cgroups(path)).toEqual(['inner']);
      remove(path);
    });

    it('are not reached by exec --cgroup, also when their name begins like that of the container (runc #5403)', () => {
      const name = `/${h.id('cgroup')}`;
      const sibling = `${mount}${name}b`;
      const id = h.running(
        [
          ({ linux }) => {
            linux.cgroupsPath = name;
          },
          shell(SLEEP),
        ],
        { host },
      );
      mkdirSync(sibling);
      for (const path of [`../${name.slice(1)}b`, `/../${name.slice(1)}b`, 'b', `${name}b`, `a/../../${name.slice(1)}b`]) {
        const { status, stdout } = h.tsrun(['exec', '--cgroup', path, id, 'cat', '/proc/self/cgroup'], { host });
        expect({ path, status, stdout }).toEqual({ path, status: 255, stdout: '' });
      }
      h.ok(['delete', '--force', id], { host });
      expect(existsSync(sibling)).toBe(true);
      rmdirSync(sibling);
    });
  },
);
