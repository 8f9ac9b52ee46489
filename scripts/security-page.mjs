// docs/security.md from the names of the tests and security-rows.mjs: `node scripts/security-page.mjs` writes it, `--check` fails when it is
// not current, when an id has no test in which its attack fails, when a row's attack is nowhere seen to succeed, or when a test names an
// id that has no row.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { weaknesses } from '../test/fixtures/weaknesses.mjs';
import { filesBelow, root } from './lib/run.mjs';
import { notes, rows } from './security-rows.mjs';

const PAGE = 'docs/security.md';

/** `CVE-2019-16884, 2019-19921, runc #5403`: an id without its `CVE-` has that of the first. */
export function idsOf(list) {
  return list.split(/,\s*/).map((id) => (/^\d{4}-\d+$/.test(id) ? `CVE-${id}` : id));
}

const indent = (line) => line.length - line.trimStart().length;

/** What the groups around a line are called, the outermost first; not those that only say under which host. */
function groupsAround(lines, at) {
  const groups = [];
  let level = indent(lines[at]);
  for (let line = at - 1; line >= 0 && level > 0; line--) {
    if (lines[line].trim() === '' || indent(lines[line]) >= level) continue;
    level = indent(lines[line]);
    const title = /\bdescribe\b.*\((['"`])((?:(?!\1).)*)\1, /.exec(lines[line])?.[2];
    if (title !== undefined && !title.includes('$name')) groups.unshift(title.replace(/ \((CVE-|runc #|kernel ).*\)$/, ''));
  }
  return groups;
}

/** Names of tests in a source, behind those of their groups, with the ids at their ends. */
export function testsIn(text) {
  const lines = text.split('\n');
  const found = [];
  for (const [at, line] of lines.entries()) {
    for (const [, , title, list] of line.matchAll(/(['"`])((?:(?!\1)[^\\]|\\.)*\(((?:CVE-|runc #|kernel )[^()]*)\))\1/g)) {
      const name = title
        .slice(0, -list.length - 2)
        .trim()
        .replace(/\\(.)/g, '$1');
      found.push({ name: [...groupsAround(lines, at), name].join(': '), ids: idsOf(list) });
    }
  }
  return found;
}

/**
 * Where a test shows the attack succeed first, a comment before that part says against what: `// succeeds (CVE-2024-21626): a plan that ...`.
 */
export function successesIn(text) {
  return [...text.matchAll(/\/\/ succeeds \(([^()]+)\): (.+)$/gm)].map(([, list, against]) => ({ against, ids: idsOf(list) }));
}

/** And a weakened build says it of all tests that must fail there. */
function successesAgainst(builds) {
  return builds.map(({ group, without, attacks }) => ({
    against: `a build without ${without}`,
    ids: attacks.flatMap((attack) => [...attack.matchAll(/\((CVE-[^()]*|runc #[^()]*)\)/g)].flatMap(([, list]) => idsOf(list))),
    file: `test/integration/weakened-${group}.test.ts`,
  }));
}

function all() {
  const files = filesBelow('test', (path) => path.endsWith('.test.ts')).sort();
  const found = (parse) => files.flatMap((file) => parse(readFileSync(join(root, file), 'utf8')).map((each) => ({ ...each, file })));
  return { tests: found(testsIn), successes: [...found(successesIn), ...successesAgainst(weaknesses)] };
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const links = (named) => named.map(({ text, file }) => `[${cell(text)}](../${file})`).join('; ');

/** The page, and what is wrong with it. */
export function page({ tests, successes }) {
  const problems = [];
  const known = new Set(rows.flatMap(({ ids }) => ids));
  for (const { file, name, against, ids } of [...tests, ...successes]) {
    for (const id of ids)
      if (!known.has(id)) problems.push(`${file}: "${name ?? against}" names ${id}, which has no row in scripts/security-rows.mjs`);
  }
  const lines = rows.map(({ ids, attack, holds }) => {
    const ofRow = (list) => list.filter((each) => each.ids.some((id) => ids.includes(id)));
    const [fails, succeeds] = [ofRow(tests), ofRow(successes)];
    for (const id of ids) {
      if (!fails.some((test) => test.ids.includes(id))) problems.push(`${id} has no test: its name must end with (${id})`);
    }
    // Its numbers are one attack.
    if (succeeds.length === 0) {
      problems.push(
        `${ids[0]} is not seen to succeed: test/fixtures/weaknesses.mjs, or a comment in the test: // succeeds (${ids[0]}): ...`,
      );
    }
    const green = links(fails.map(({ name, file }) => ({ text: name, file })));
    const red = links(succeeds.map(({ against, file }) => ({ text: against, file })));
    return `| ${ids.join(', ')} | ${cell(attack)} | ${cell(holds)} | ${green} | ${red} |`;
  });
  const head = [
    '# Published attacks, and what holds',
    '',
    '<!-- Made by scripts/security-page.mjs from the names of the tests, test/fixtures/weaknesses.mjs and scripts/security-rows.mjs: change those. -->',
    '',
    'Each test carries the attack out against whole containers, or against the part that decides, and sees it fail. The last column says against',
    'what the same attack is seen to succeed: a build or a plan without what holds, or the steps of another program. There it is not enough that the',
    'test fails: it must say that the attack has reached what it wanted. [SECURITY.md](../SECURITY.md) says who is trusted with what.',
    '',
    '| advisory | attack | what holds | fails against tsrun | succeeds against |',
    '|---|---|---|---|---|',
  ];
  return { text: [...head, ...lines, ...notes.flatMap((note) => ['', note]), ''].join('\n'), problems };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { text, problems } = page(all());
  const path = join(root, PAGE);
  if (process.argv.includes('--check')) {
    let now = '';
    try {
      now = readFileSync(path, 'utf8');
    } catch {
      // it is not there yet
    }
    if (now !== text) problems.push(`${PAGE} is not current: run node scripts/security-page.mjs`);
  } else {
    writeFileSync(path, text);
  }
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
