// Runs in the engine while the build prepares the heap (native/executable/prepare.cc), behind the scripts: what each of the recorded calls does,
// with the recorded answers in place of the addon's. `CALLS` is calls.json.
const { runProgram, overNative } = require('core');

/** The addon of a recorded call: the answers in their order. */
function answering(words, calls) {
  let at = 0;
  const names = new Set(calls.map(([name]) => name));
  const answer = (name) => {
    const [recorded, value, thrown] = calls[at++] ?? ['the end'];
    if (recorded !== name) throw new Error(`${words.join(' ')}: call ${at} is ${name}, where ${recorded} was recorded`);
    if (thrown) throw Object.assign(new Error(thrown.message), thrown);
    return value?.bytes === undefined ? value : Uint8Array.from(value.bytes);
  };
  return Object.fromEntries([...names].map((name) => [name, () => answer(name)]));
}

exports.calls = CALLS.map(({ words, calls }) => async () => {
  overNative(answering(words, calls));
  const status = await runProgram(words, { program: 'tsrun', cwd: '/', variable: () => undefined });
  if (status !== 0) throw new Error(`${words.join(' ')}: status ${status}`);
});
