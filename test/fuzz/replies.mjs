// What tsrun-systemd could answer, mutated: the runtime takes it as a reply, a failed connection, or malformed, and nothing else happens.
import { ConnectionError, decodeReply } from '../../dist/lib/cgroups/helper.js';
import { Malformed } from '../../dist/lib/cgroups/values.js';
import { overNative } from '../../dist/lib/native.js';

const SEEDS = [
  ['values', 's', '257.1'],
  ['values', 'v', 's', 'active'],
  ['values', ''],
  [
    'values',
    'ybnqiuxtdsogv',
    '255',
    '1',
    '-5',
    '5',
    '-7',
    '7',
    '-9',
    '18446744073709551615',
    '4609434218613702656',
    'a',
    '/',
    's',
    'u',
    '1',
  ],
  ['values', 'a{sv}aay(i(ss))', '2', 'k', 'as', '1', 'x', 'l', 'b', '0', '2', '1', '9', '0', '3', 'p', 'q'],
  ['job', 'done'],
  ['error', 'org.freedesktop.systemd1.NoSuchUnit', 'Unit x not loaded.'],
  ['failed', '111', 'connect to unix:path=/run/systemd/private'],
  ['done'],
];
const WORDS = [
  '',
  '0',
  '1',
  '-1',
  '99999999999999999999',
  'a',
  'v',
  '(',
  ')',
  'a{sv}',
  `${'a'.repeat(200)}y`,
  `${'('.repeat(200)}`,
  'values',
  'é',
];

/** Numbers that only the seed decides: a finding comes again. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function mutated(pick) {
  const fields = [...SEEDS[pick(SEEDS.length)]];
  for (let changes = pick(4); changes >= 0; changes--) {
    const at = pick(fields.length + 1);
    const word = WORDS[pick(WORDS.length)];
    if (pick(4) === 0) fields.splice(at, 1);
    else if (pick(2) === 0) fields.splice(at, 0, word);
    else if (at < fields.length) fields[at] = pick(2) === 0 ? word : fields[at] + word;
  }
  // a variant in a variant, and so on
  if (pick(50) === 0) fields.splice(1, fields.length, 'v', ...Array.from({ length: 5000 }, () => 'v'));
  const text = fields.join('\0');
  return pick(10) === 0 ? text : `${text}\0`;
}

/** Tries for so many seconds. @returns how many answers; @throws with the answer that is a finding */
export function fuzzReplies(seconds, seed) {
  overNative({ errorText: (errno) => `errno ${errno}` });
  const pick = random(seed);
  const end = Date.now() + seconds * 1000;
  let count = 0;
  for (; count % 1000 !== 0 || Date.now() < end; count++) {
    const answer = mutated(pick);
    try {
      const reply = decodeReply(answer);
      if (typeof reply.job !== 'string' || typeof reply.error !== 'string' || !Array.isArray(reply.values)) throw new Error('no reply');
    } catch (error) {
      if (error instanceof Malformed || error instanceof ConnectionError) continue;
      throw new Error(`replies, seed ${seed}: ${JSON.stringify(answer)}: ${error}`, { cause: error });
    }
  }
  return count;
}
