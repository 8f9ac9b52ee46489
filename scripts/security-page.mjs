// docs/security.md from the names of the tests and security-rows.mjs: `node scripts/security-page.mjs` writes it, `--check` fails when it is
// not current, when an id that is required has no test, or when a test names an id that has no row.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

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

function allTests() {
  const files = filesBelow('test', (path) => path.endsWith('.test.ts')).sort();
  return files.flatMap((file) => testsIn(readFileSync(join(root, file), 'utf8')).map((test) => ({ ...test, file })));
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** The page, and what is wrong with it. */
export function page(tests) {
  const problems = [];
  const known = new Set(rows.flatMap(({ ids }) => ids));
  for (const { file, name, ids } of tests) {
    for (const id of ids)
      if (!known.has(id)) problems.push(`${file}: "${name}" names ${id}, which has no row in scripts/security-rows.mjs`);
  }
  const lines = rows.map(({ ids, attack, holds, required }) => {
    const mine = tests.filter((test) => test.ids.some((id) => ids.includes(id)));
    for (const id of required === 'all' ? ids : required === 'none' ? [] : required) {
      if (!mine.some((test) => test.ids.includes(id))) problems.push(`${id} has no test: its name must end with (${id})`);
    }
    const named = mine.map(({ file, name }) => `[${cell(name)}](../${file})`);
    return `| ${ids.join(', ')} | ${cell(attack)} | ${named.length === 0 ? 'no test' : named.join('; ')} | ${cell(holds)} |`;
  });
  const head = [
    '# Published attacks, and what holds',
    '',
    '<!-- Made by scripts/security-page.mjs from the names of the tests and scripts/security-rows.mjs: change those. -->',
    '',
    'Each test carries the attack out against whole containers, or against the part that decides, and sees it fail. Where it can be done without',
    'another build, the same test first sees the attack succeed against a weaker plan. [SECURITY.md](../SECURITY.md) says who is trusted with what.',
    '',
    '| advisory | attack | test | what holds |',
    '|---|---|---|---|',
  ];
  return { text: [...head, ...lines, ...notes.flatMap((note) => ['', note]), ''].join('\n'), problems };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { text, problems } = page(allTests());
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
