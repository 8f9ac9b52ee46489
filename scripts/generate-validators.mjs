// Compiles src/spec/schema.ts to src/spec/generated/validators.ts, so that nothing is compiled and ajv is not loaded at start-up.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv, _ } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** `int: [min, max]`: exact integers only. Beyond 2^53 a number has lost digits, so there only a bigint will do. */
const int = {
  keyword: 'int',
  schemaType: 'array',
  error: { params: ({ schema }) => _`{must: ${`be an integer from ${schema[0]} to ${schema[1]}`}}` },
  code(cxt) {
    const { data, schema } = cxt;
    const [min, max] = schema.map(BigInt);
    const small = min >= -SAFE && max <= SAFE;
    const lower = min >= -SAFE ? _` && ${data} >= ${Number(min)}` : _``;
    const upper = max <= SAFE ? _` && ${data} <= ${Number(max)}` : _``;
    const exact = small ? _`Number.isInteger(${data})${lower}${upper}` : _`Number.isSafeInteger(${data})${lower}${upper}`;
    const big = _`typeof ${data} == "bigint" && ${data} >= BigInt(${schema[0]}) && ${data} <= BigInt(${schema[1]})`;
    cxt.pass(small ? exact : _`${exact} || ${big}`);
  },
};

/** `text: true`: the kernel ends a string at its first NUL byte, so a text with one would mean something else there. */
const text = {
  keyword: 'text',
  type: 'string',
  schemaType: 'boolean',
  error: { params: _`{must: "not contain a NUL byte"}` },
  code: (cxt) => cxt.fail(_`${cxt.data}.includes("\\u0000")`),
};

/** `known: {what, values}`: an enumeration. */
const known = {
  keyword: 'known',
  schemaType: 'object',
  error: { params: ({ schema }) => _`{what: ${schema.what}, known: ${schema.values.filter(Boolean).join(', ')}}` },
  code(cxt) {
    const comparisons = cxt.schema.values.map((value) => _`${cxt.data} !== ${value}`);
    cxt.fail(comparisons.reduce((all, one) => _`${all} && ${one}`));
  },
};

async function loadSchemas(file) {
  const { outputFiles } = await build({ entryPoints: [file], bundle: true, format: 'esm', write: false, logLevel: 'error' });
  return (await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)).schemas;
}

/** The generated module's text. */
export function generate(schemas) {
  const ajv = new Ajv({
    strict: true,
    messages: false,
    // One function a shared definition instead of a copy a use.
    inlineRefs: false,
    code: { source: true, esm: true, optimize: 2 },
    keywords: [int, text, known],
    schemas: Object.values(schemas),
  });
  const body = standalone.default(ajv, { validateConfig: 'config', validateProcess: 'process', validateResources: 'resources' });
  if (/\brequire\(|\bimport\b/.test(body)) throw new Error('the generated validators need a module at run time');
  // The errors carry their own words: neither the schemas that ajv puts beside the functions nor places in them are read.
  const lean = body
    .replace(/^"use strict";/, '')
    .replace(/const schema\d+ = \{[^;]*\};/g, '')
    .replace(/schemaPath:"[^"]*",/g, '');
  if (/\bschema\d+\b/.test(lean)) throw new Error('the generated validators read their schema at run time');
  return `// Made by scripts/generate-validators.mjs from ../schema.ts.\n// @ts-nocheck\n${lean}\n`;
}

async function main() {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const folder = path.join(root, 'src/spec/generated');
  const target = path.join(folder, 'validators.ts');
  const code = generate(await loadSchemas(path.join(root, 'src/spec/schema.ts')));
  if ((await readFile(target, 'utf8').catch(() => '')) === code) return;
  await mkdir(folder, { recursive: true });
  // By rename, so that a build beside this one never sees half a file.
  await writeFile(`${target}.${process.pid}`, code);
  await rename(`${target}.${process.pid}`, target);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
