import { type GridAxis, NumberRange, ParameterName } from './parameters.ts';

/** Parameters as people type them. `message` is a sentence for them. */
export type Typed<T> = { ok: true; value: T } | { ok: false; message: string };

/** "1-1000", "1-1000:10" for every tenth, or "200" for 1-200. */
export function readArray(typed: string): Typed<NumberRange> {
  const [, first, last, step] = /^\s*(-?\d{1,12})(?:-(-?\d{1,12})(?::(\d{1,12}))?)?\s*$/.exec(typed) ?? [];
  if (first === undefined)
    return refuse(
      `"${typed}": write the first and the last number, such as 1-1000, or 1-1000:10 for every tenth.`,
    );
  const range =
    last === undefined
      ? { first: 1, last: Number(first) }
      : { first: Number(first), last: Number(last), step: Number(step ?? 1) };
  return rangeOf(typed, range);
}

/** "lr=0.1,0.01", or "seed=1..20" and "seed=1..20..5" for whole numbers in steps. */
export function readAxis(typed: string): Typed<GridAxis> {
  const [, name = '', list = ''] = /^\s*([^=\s]*)\s*=(.*)$/s.exec(typed) ?? [];
  if (!ParameterName.safeParse(name).success)
    return refuse(
      `"${typed}": write name=value,value, such as lr=0.1,0.01, or name=1..20 for whole numbers.`,
    );
  const numbers = /^\s*(-?\d{1,12})\.\.(-?\d{1,12})(?:\.\.(\d{1,12}))?\s*$/.exec(list);
  if (numbers !== null) {
    const [, first, last, step] = numbers;
    const range = rangeOf(typed, { first: Number(first), last: Number(last), step: Number(step ?? 1) });
    return range.ok ? { ok: true, value: { name, values: range.value } } : range;
  }
  const values = list.split(',').map((value) => value.trim());
  if (values.some((value) => value === ''))
    return refuse(`"${typed}": write a value after = and after each comma.`);
  if (values.length > 2_000) return refuse(`"${name}" has more than 2,000 values. Put them into a table.`);
  return { ok: true, value: { name, values } };
}

function rangeOf(typed: string, range: unknown): Typed<NumberRange> {
  const parsed = NumberRange.safeParse(range);
  if (parsed.success) return { ok: true, value: parsed.data };
  return refuse(`"${typed}": ${parsed.error.issues[0]?.message ?? 'that is no range'}.`);
}

const refuse = (message: string): { ok: false; message: string } => ({ ok: false, message });
