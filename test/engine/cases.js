// Runs cases on either host; evaluates to a function of what a host has: `{ run, read, print, addon, assert, collect, turn, files }`. A file of
// cases is evaluated with the globals `test(name, body)`, `probe` (the addon), `assert`, `until(condition)` (turns and collections until it
// holds) and `turn()`. A line is printed for each, "ok NAME" or "not ok NAME: WORDS"; the promise is of how many failed.
(
  () =>
  async ({ run, read, print, addon, assert, collect, turn, files }) => {
    const tests = [];
    Object.assign(globalThis, {
      probe: addon,
      assert,
      turn,
      test: (name, body) => void tests.push([name, body]),
      until: async (condition) => {
        for (let at = 0; at < 20; at++) {
          await turn();
          collect();
          await turn();
          if (condition()) return;
        }
        throw new Error('it was never so');
      },
    });
    for (const file of files) run(`(() => {'use strict';${read(file)}\n})()`, file);
    let failures = 0;
    for (const [name, body] of tests) {
      try {
        await body();
        print(`ok ${name}`);
      } catch (error) {
        failures++;
        print(`not ok ${name}: ${error}\n${error.stack}`);
      }
    }
    return failures;
  }
)();
