import fc from 'fast-check';
import { z } from 'zod';

/** What a text of JSON can hold that breaks who does not expect it. */
const POISON = [
  '1e400',
  '-1e400',
  '9007199254740993',
  '-0',
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u202e\\u001b]52;c;cGF5\\u0007\\u009b2J"',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"then":1,"toJSON":1,"length":1e9}',
  '{"_placeholder":true,"num":0}',
  JSON.stringify('x'.repeat(20_000)),
  JSON.stringify(Array.from({ length: 5_000 }, (_, index) => index)),
];

/** Nested so deep that walking through it by recursion overflows the stack. */
export const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/**
 * Texts of messages as somebody may send them who knows the schema: right
 * ones, right ones with a part exchanged, doubled, left out or cut off, other
 * JSON, and no JSON at all.
 */
export function hostileTexts(schema: z.ZodType): fc.Arbitrary<string> {
  const valid = fromJsonSchema(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema);
  const poison = fc.oneof(fc.constantFrom(...POISON), fc.integer({ min: 60, max: 2_000 }).map(nested));
  return fc.oneof(
    { weight: 2, arbitrary: valid.map((value) => JSON.stringify(value)) },
    {
      weight: 5,
      arbitrary: fc
        .tuple(valid, poison, fc.nat(), fc.nat(3))
        .map(([value, text, at, how]) => mutated(JSON.stringify(value), text, at, how)),
    },
    { weight: 2, arbitrary: poison },
    { weight: 1, arbitrary: fc.json() },
  );
}

/** Exchanges a part of a text of JSON, puts another one beside it, or cuts it. */
function mutated(json: string, poison: string, at: number, how: number): string {
  if (how === 0) return json.slice(0, at % (json.length + 1));
  const parts = [...json.matchAll(/(?<=[:,[])("(?:[^"\\]|\\.)*"(?!:)|-?\d[\d.e+-]*|true|false|null)/g)];
  const part = parts[at % Math.max(1, parts.length)];
  if (part === undefined || how === 1) return json.replace('{', `{"__proto__":${poison},"extra":${poison},`);
  return `${json.slice(0, part.index)}${poison}${json.slice(part.index + part[0].length)}`;
}

type Schema = {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
};

/** Values that fit a JSON schema as Zod writes them, but for what only a refinement says. */
function fromJsonSchema(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return fc.oneof(...options.map(fromJsonSchema));
  const { minimum = 0, maximum = 1_000_000 } = schema;
  switch (schema.type) {
    case 'object':
      return objects(schema);
    case 'array':
      return fc.array(fromJsonSchema(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 4, 4),
      });
    case 'string':
      if (schema.pattern !== undefined)
        return fc.stringMatching(new RegExp(schema.pattern), { size: 'small' });
      return fc.string({ minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 40, 40) });
    case 'integer':
      return fc.integer({ min: Math.max(minimum, 1), max: Math.min(maximum, 1_000_000) });
    case 'number':
      return fc.double({ min: minimum, max: maximum, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objects({ properties, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? additionalProperties : {};
    return fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), fromJsonSchema(values), { maxKeys: 4 });
  }
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, fromJsonSchema(property)]),
  );
  return fc.record(model, { requiredKeys: required });
}
