import { z } from 'zod';
import type { Scalar } from './parameters.ts';

/** Stands in a document where the value of a parameter stands as it is, not in a text: `{"parameter": "rounds"}`. */
const Slot = z.strictObject({ parameter: z.string() });

/** In texts the same is written so. */
const IN_TEXT = /\{parameters\.([A-Za-z_][\w-]*)\}/g;
export const inText = (name: string): string => `{parameters.${name}}`;

/** A JSON document with the values of parameters in their places. A place of one that is not given stays. */
export function withParameters(document: unknown, values: ReadonlyMap<string, Scalar>): unknown {
  if (typeof document === 'string')
    return document.replace(IN_TEXT, (whole, name: string) => String(values.get(name) ?? whole));
  if (typeof document !== 'object' || document === null) return document;
  const slot = Slot.safeParse(document);
  if (slot.success && values.has(slot.data.parameter)) return values.get(slot.data.parameter);
  if (Array.isArray(document)) return document.map((one) => withParameters(one, values));
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => [key, withParameters(value, values)]),
  );
}
