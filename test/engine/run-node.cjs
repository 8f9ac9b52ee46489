// The same cases in Node: node --expose-gc run-node.cjs CASES ASSERT ADDON FILE...
'use strict';
const { readFileSync } = require('node:fs');
const { runInThisContext } = require('node:vm');

const [cases, assert, addon, ...files] = process.argv.slice(2);
const read = (path) => readFileSync(path, 'utf8');
const run = (text, filename) => runInThisContext(text, { filename });
run(
  read(cases),
  cases,
)({
  run,
  read,
  print: (line) => process.stdout.write(`${line}\n`),
  addon: require(addon),
  assert: run(read(assert), assert),
  collect: globalThis.gc,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  files,
}).then((failures) => {
  process.exitCode = failures > 0 ? 1 : 0;
});
