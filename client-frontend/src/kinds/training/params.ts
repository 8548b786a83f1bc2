import type { Parameter } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { readRange } from '@parallel-pilot/shared/kinds/training/sweep/read-distribution.ts';
import type { Distribution } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';

/** A row of the form: a name, and one value, several with commas between them, or a range of them. */
export type ParamRow = { name: string; values: string };

/** What a script gets: a number or true and false where it reads as one, else the text; in quotes it is text in any case. */
export function parseValue(text: string): Parameter {
  const trimmed = text.trim();
  const quoted = /^(["'])(.*)\1$/s.exec(trimmed);
  if (quoted !== null) return quoted[2] ?? '';
  if (/^true$/i.test(trimmed)) return true;
  if (/^false$/i.test(trimmed)) return false;
  const number = Number(trimmed);
  return trimmed !== '' && /^[-+.\d]/.test(trimmed) && Number.isFinite(number) ? number : trimmed;
}

/** The values of a row: "0.1, 0.01" are two, and commas in quotes divide nothing. */
export function parseValues(text: string): Parameter[] {
  const parts = text.match(/(?:"[^"]*"|'[^']*'|[^,])+/g) ?? [];
  return parts.filter((part) => part.trim() !== '').map(parseValue);
}

/** What a row stands for: one value, values to try, or a sentence about what is wrong with it. */
export function readRow({
  values,
}: ParamRow): { value: Parameter } | { tried: Distribution } | { problem: string } {
  const range = readRange(values);
  if (range !== 'not-a-range') return range.ok ? { tried: range.range } : { problem: range.message };
  const list = [...new Set(parseValues(values))];
  const [only] = list;
  if (only === undefined)
    return { problem: 'A value, several with commas, or a range such as log(1e-4, 0.1).' };
  return list.length === 1 ? { value: only } : { tried: { of: 'choice', values: list } };
}

/** The parameters of each training, and those that a sweep tries; of rows of one name the last counts. */
export function readRows(rows: readonly ParamRow[]) {
  const params: Record<string, Parameter> = {};
  const tried: Record<string, Distribution> = {};
  for (const row of rows) {
    const name = row.name.trim();
    if (name === '') continue;
    const read = readRow(row);
    if ('value' in read) params[name] = read.value;
    else if ('tried' in read) tried[name] = read.tried;
  }
  return { params, tried };
}
