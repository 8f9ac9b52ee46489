// Runs in the engine while the build prepares the heap (native/executable/prepare.cc), behind the scripts: what each of the recorded calls does,
// with the recorded answers in place of the addon's. `CALLS` is calls.json.
const { runProgram, overNative } = require('core');

const bytesOf = (text) => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const size = (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
  const bytes = new Uint8Array(size);
  let [value, bits, at] = [0, 0, 0];
  for (const digit of text.replaceAll('=', '')) {
    value = ((value << 6) | digits.indexOf(digit)) & 0xffff;
    bits += 6;
    if (bits >= 8) bytes[at++] = (value >> (bits -= 8)) & 255;
  }
  return bytes;
};

/** The addon of a recorded call: the answers in their order. */
function answering(words, calls) {
  let at = 0;
  const names = new Set(calls.map(([name]) => name));
  const answer = (name) => {
    const [recorded, value, thrown] = calls[at++] ?? ['the end'];
    if (recorded !== name) throw new Error(`${words.join(' ')}: call ${at} is ${name}, where ${recorded} was recorded`);
    if (thrown) throw Object.assign(new Error(thrown.message), thrown);
    return typeof value?.bytes === 'string' ? bytesOf(value.bytes) : value;
  };
  return Object.fromEntries([...names].map((name) => [name, () => answer(name)]));
}

exports.calls = CALLS.map(({ words, calls }) => async () => {
  overNative(answering(words, calls));
  const status = await runProgram(words, { program: 'tsrun', cwd: '/', variable: () => undefined });
  if (status !== 0) throw new Error(`${words.join(' ')}: status ${status}`);
});
