// What is behind the program of dist/tsrun: `node scripts/lib/payload.mjs KIND DIRECTORY TARGET NAME...` writes the scripts of these names
// as native/executable/scripts.cc reads them. KIND: 1, each is read when it is needed; 2, there is one, for the build to prepare a heap.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PARTS = ['bytecode', 'debug', 'lines'];
/** Bytes of kind and count, and of a script's entry: where name and parts begin, and their sizes. */
const HEADER = 16;
const ENTRY = 8 * (PARTS.length + 1);
/** Where a part begins. */
const STEP = 16;

/** @param scripts `{name, parts: Buffer[]}` */
function payload(kind, scripts) {
  const header = Buffer.alloc(HEADER + ENTRY * scripts.length);
  header.writeBigUInt64LE(BigInt(kind), 0);
  header.writeBigUInt64LE(BigInt(scripts.length), 8);
  const all = [header];
  let end = header.length;
  scripts.forEach(({ name, parts }, at) => {
    [Buffer.from(name), ...parts].forEach((part, place) => {
      const gap = -end & (STEP - 1);
      header.writeUInt32LE(end + gap, HEADER + ENTRY * at + 8 * place);
      header.writeUInt32LE(part.length, HEADER + ENTRY * at + 8 * place + 4);
      all.push(Buffer.alloc(gap), part);
      end += gap + part.length;
    });
  });
  return Buffer.concat(all);
}

const [kind, directory, target, ...names] = process.argv.slice(2);
const scripts = names.map((name) => ({ name, parts: PARTS.map((part) => readFileSync(join(directory, `${name}.${part}`))) }));
writeFileSync(target, payload(Number(kind), scripts));
