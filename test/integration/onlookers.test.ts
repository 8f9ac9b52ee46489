// An onlooker in a container, while processes are executed there: by hand, and by an engine's health checks.
import { describe, expect, it } from 'vitest';

import { harness, hosts, skipped, type Change, type Config } from './harness.js';
import { filtered, Onlookers, strict, timeout, why } from './onlookers.js';

const h = harness('onlookers');
const onlookers = new Onlookers(h);

describe.skipIf(skipped('onlookers', why)).each(hosts)('under $name, an onlooker in the container', (host) => {
  const on = onlookers.calledBy(host);

  const kinds: readonly [string, readonly Change[]][] = [
    ['without a filter', []],
    ['with a filter', [filtered]],
    ['with a filter and no_new_privs', [filtered, (config: Config) => (config.process.noNewPrivileges = true)]],
    ['with a filter that allows no new process', [strict]],
  ];

  it.each(kinds)('sees nothing of the host in what exec brings in, %s (CVE-2019-5736 by exec)', { timeout }, async (kind, changes) => {
    const { id, found } = await onlookers.begin(...changes);
    const rounds = await onlookers.often(host, 1 / kinds.length, (round) => {
      if (round % 2 === 0) h.ok(['exec', id, 'true'], on);
      else onlookers.check(id, on);
    });
    const all = found();
    onlookers.report(`exec, ${kind}`, host, rounds, all);
    expect(onlookers.unexpected(all.seen)).toEqual([]);
    // It has looked into processes that were not yet the user's program.
    expect(all.caught).toBeGreaterThan(0);
  });
});
