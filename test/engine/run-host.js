// Cases in test/engine/host.cc: HOST run-host.js CASES ASSERT ADDON FILE...
(() => {
  'use strict';
  const [cases, assert, addon, ...files] = host.words;
  const load = (path) => host.run(host.read(path), path);
  const waiting = [];
  host.turn = () => {
    const now = waiting.splice(0);
    for (const resolve of now) resolve();
    return now.length > 0;
  };
  load(cases)({
    run: host.run,
    read: host.read,
    print: host.print,
    addon: host.load(addon),
    assert: load(assert),
    collect: host.collect,
    turn: () => new Promise((resolve) => waiting.push(resolve)),
    files,
  }).then((failures) => {
    if (failures > 0) throw new Error(`${failures} failed`);
  });
})();
