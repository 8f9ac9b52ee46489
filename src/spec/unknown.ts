import { pointerPart } from './problem.js';
import { schemas, type Schema } from './schema.js';

/** `definitions#/$defs/texts`, `process` */
function resolve(ref: string): Schema {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  const definitions = schemas.definitions['$defs'] as Readonly<Record<string, Schema>>;
  return ref.startsWith('definitions#') ? (definitions[name] ?? {}) : schemas[name as keyof typeof schemas];
}

/**
 * The properties of a config that the schema does not name, as JSON pointers, in their order. They are ignored, as the specification
 * demands; to list them shows names that were mistyped.
 */
export function unknownKeys(value: unknown, schema: Schema = schemas.config, pointer = ''): string[] {
  const { $ref: ref, items, properties, additionalProperties } = schema;
  if (typeof ref === 'string') return unknownKeys(value, resolve(ref), pointer);
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) {
    return items === undefined ? [] : value.flatMap((item, index) => unknownKeys(item, items as Schema, `${pointer}/${index}`));
  }
  const known = properties as Readonly<Record<string, Schema>> | undefined;
  return Object.entries(value).flatMap(([key, item]) => {
    const here = `${pointer}/${pointerPart(key)}`;
    if (known !== undefined && Object.hasOwn(known, key)) return unknownKeys(item, known[key], here);
    return additionalProperties === undefined ? [here] : unknownKeys(item, additionalProperties as Schema, here);
  });
}
