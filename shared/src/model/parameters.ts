import { z } from 'zod';
import { strictObject } from './strict-object.ts';

const Scalar = z.union([z.string().max(10_000), z.number(), z.boolean()]);
export type Scalar = z.infer<typeof Scalar>;

/** What a pipeline may be given another value of: its usual value, and which others may be. */
export const Parameter = strictObject({
  /** Its form is that of all values: a text, a number, or true and false. */
  default: Scalar,
  description: z.string().max(1_000).optional(),
  /** The only values that may be. */
  values: z.array(Scalar).min(1).max(200).optional(),
  /** Of a number the value, of a text its length. */
  min: z.number().optional(),
  max: z.number().optional(),
  /** Of a number: no fractions. */
  whole: z.boolean().optional(),
});
export type Parameter = z.infer<typeof Parameter>;

export const ParameterName = z
  .string()
  .regex(/^[A-Za-z_][\w-]{0,63}$/, 'expected a name: letters, digits, - and _, the first a letter');

export const Parameters = z
  .record(ParameterName, Parameter)
  .refine((all) => Object.keys(all).length <= 100, { error: 'expected 100 parameters at the most' });
export type Parameters = z.infer<typeof Parameters>;

/** The value that somebody wrote, in the form of the parameter; or why it cannot be, as the end of a sentence. */
export function readValue(
  parameter: Parameter,
  written: string,
): { ok: true; value: Scalar } | { ok: false; why: string } {
  const value = inForm(parameter.default, written);
  if (value === null)
    return {
      ok: false,
      why: `expects ${typeof parameter.default === 'number' ? 'a number' : 'true or false'}`,
    };
  const why = problemWith(parameter, value);
  return why === null ? { ok: true, value } : { ok: false, why };
}

/** What was written, in the form of that value; null where it has not that form. */
export function inForm(like: Scalar, written: string): Scalar | null {
  if (typeof like === 'string') return written;
  if (typeof like === 'boolean') return written === 'true' ? true : written === 'false' ? false : null;
  const value = Number(written);
  return written.trim() === '' || !Number.isFinite(value) ? null : value;
}

/** Why a value of the right form cannot be, as the end of a sentence; null where it can. */
export function problemWith({ values, min, max, whole }: Parameter, value: Scalar): string | null {
  if (values !== undefined && !values.includes(value)) return `can be ${values.join(', ')}`;
  if (typeof value === 'boolean') return null;
  const size = typeof value === 'number' ? value : value.length;
  const what = typeof value === 'number' ? '' : ' characters';
  if (min !== undefined && size < min) return `has to be ${min}${what} at the least`;
  if (max !== undefined && size > max) return `has to be ${max}${what} at the most`;
  return whole === true && typeof value === 'number' && !Number.isInteger(value)
    ? 'has to be a whole number'
    : null;
}
